// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/capabilities.hpp"

#include <array>

namespace osb::sandbox {
namespace {

// In the order of linux/capability.h: the place is the number.
constexpr std::array<std::string_view, 41> names_by_number = {"CAP_CHOWN",
                                                              "CAP_DAC_OVERRIDE",
                                                              "CAP_DAC_READ_SEARCH",
                                                              "CAP_FOWNER",
                                                              "CAP_FSETID",
                                                              "CAP_KILL",
                                                              "CAP_SETGID",
                                                              "CAP_SETUID",
                                                              "CAP_SETPCAP",
                                                              "CAP_LINUX_IMMUTABLE",
                                                              "CAP_NET_BIND_SERVICE",
                                                              "CAP_NET_BROADCAST",
                                                              "CAP_NET_ADMIN",
                                                              "CAP_NET_RAW",
                                                              "CAP_IPC_LOCK",
                                                              "CAP_IPC_OWNER",
                                                              "CAP_SYS_MODULE",
                                                              "CAP_SYS_RAWIO",
                                                              "CAP_SYS_CHROOT",
                                                              "CAP_SYS_PTRACE",
                                                              "CAP_SYS_PACCT",
                                                              "CAP_SYS_ADMIN",
                                                              "CAP_SYS_BOOT",
                                                              "CAP_SYS_NICE",
                                                              "CAP_SYS_RESOURCE",
                                                              "CAP_SYS_TIME",
                                                              "CAP_SYS_TTY_CONFIG",
                                                              "CAP_MKNOD",
                                                              "CAP_LEASE",
                                                              "CAP_AUDIT_WRITE",
                                                              "CAP_AUDIT_CONTROL",
                                                              "CAP_SETFCAP",
                                                              "CAP_MAC_OVERRIDE",
                                                              "CAP_MAC_ADMIN",
                                                              "CAP_SYSLOG",
                                                              "CAP_WAKE_ALARM",
                                                              "CAP_BLOCK_SUSPEND",
                                                              "CAP_AUDIT_READ",
                                                              "CAP_PERFMON",
                                                              "CAP_BPF",
                                                              "CAP_CHECKPOINT_RESTORE"};

bool holds(CapabilitySet held, std::string_view name) {
    const auto number = capability_number(name);
    return number && ((held >> *number) & 1) != 0;
}

}  // namespace

std::optional<unsigned> capability_number(std::string_view name) {
    for (unsigned number = 0; number < names_by_number.size(); number++)
        if (names_by_number[number] == name) return number;
    return std::nullopt;
}

CapabilitySet capability_set(const std::vector<std::string> &names) {
    CapabilitySet set = 0;
    for (const std::string &name : names)
        if (const auto number = capability_number(name)) set |= CapabilitySet{1} << *number;
    return set;
}

std::vector<std::string> held_capabilities(const std::vector<std::string> &names, CapabilitySet held) {
    const CapabilitySet both = capability_set(names) & held;
    std::vector<std::string> list;
    for (unsigned number = 0; number < names_by_number.size(); number++)
        if (((both >> number) & 1) != 0) list.emplace_back(names_by_number[number]);
    return list;
}

std::vector<std::string> missing_capabilities(const std::vector<std::string> &names, CapabilitySet held) {
    std::vector<std::string> list;
    for (const std::string &name : names)
        if (!holds(held, name)) list.push_back(name);
    return list;
}

}  // namespace osb::sandbox
