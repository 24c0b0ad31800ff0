// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/seccomp.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include <seccomp.h>

namespace osb::sandbox {
namespace {

struct Architecture {
    std::uint32_t token;
    const char *name;  ///< in the runtime specification
};

/// A machine's own architecture first, then those whose programs its kernel can run as well.
std::vector<Architecture> family(std::string_view machine) {
    if (machine == "x86_64")
        return {
            {SCMP_ARCH_X86_64, "SCMP_ARCH_X86_64"}, {SCMP_ARCH_X86, "SCMP_ARCH_X86"}, {SCMP_ARCH_X32, "SCMP_ARCH_X32"}};
    if (machine == "aarch64") return {{SCMP_ARCH_AARCH64, "SCMP_ARCH_AARCH64"}, {SCMP_ARCH_ARM, "SCMP_ARCH_ARM"}};
    if (machine == "s390x") return {{SCMP_ARCH_S390X, "SCMP_ARCH_S390X"}, {SCMP_ARCH_S390, "SCMP_ARCH_S390"}};
    if (machine == "ppc64le") return {{SCMP_ARCH_PPC64LE, "SCMP_ARCH_PPC64LE"}};
    if (machine == "riscv64") return {{SCMP_ARCH_RISCV64, "SCMP_ARCH_RISCV64"}};
    if (machine.starts_with("armv")) return {{SCMP_ARCH_ARM, "SCMP_ARCH_ARM"}};
    if (machine == "i686" || machine == "i586") return {{SCMP_ARCH_X86, "SCMP_ARCH_X86"}};
    fail(Blame::environment, "no seccomp profile is known for machine {}", machine);
}

// No build needs these. Most would also be stopped by a missing capability; the filter is the second wall, and the only
// one for what the kernel grants to everybody (keyrings, io_uring, user-space page faults).
constexpr auto denied = std::to_array<const char *>({
    "kexec_load",
    "kexec_file_load",
    "init_module",
    "finit_module",
    "delete_module",
    "create_module",
    "query_module",
    "get_kernel_syms",
    "bpf",
    "perf_event_open",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    // the clock of the host
    "clock_settime",
    "clock_settime64",
    "clock_adjtime",
    "clock_adjtime64",
    "settimeofday",
    "stime",
    "adjtimex",
    // keyrings are not namespaced
    "add_key",
    "request_key",
    "keyctl",
    "quotactl",
    "quotactl_fd",
    "lookup_dcookie",
    "syslog",
    "open_by_handle_at",  // leads out of any mount
    "userfaultfd",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fanotify_init",
    "iopl",
    "ioperm",
    "vm86",
    "vm86old",
    "modify_ldt",
    "vhangup",
    "nfsservctl",
    "uselib",
    "ustat",
    "sysfs",
    "_sysctl",
    "move_pages",
    "migrate_pages",
    "mbind",
    "set_mempolicy",
    "get_mempolicy",
});

// What lets one process reach into another.
constexpr auto tracing_calls = std::to_array<const char *>(
    {"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd"});

// The Object is thrown away on a crash and synced once at commit: waiting for the disk in a stage halves its speed for
// nothing.
constexpr auto answered_with_success = std::to_array<const char *>(
    {"fsync", "fdatasync", "sync", "syncfs", "msync", "sync_file_range", "sync_file_range2"});

class Known {
public:
    explicit Known(const std::vector<Architecture> &architectures) : architectures_(architectures) {}

    /// Adds the names that at least one architecture has; libseccomp gives negative numbers to what others have.
    template <typename Names>
    void append(std::vector<std::string> &list, const Names &names) const {
        for (const char *name : names) {
            const bool known =
                std::any_of(architectures_.begin(), architectures_.end(), [&](const Architecture &architecture) {
                    return seccomp_syscall_resolve_name_arch(architecture.token, name) >= 0;
                });
            if (known) list.emplace_back(name);
        }
    }

private:
    const std::vector<Architecture> &architectures_;
};

}  // namespace

Json seccomp_profile(std::string_view machine, Tracing tracing) {
    const std::vector<Architecture> architectures = family(machine);
    const Known known(architectures);

    std::vector<std::string> refused;
    known.append(refused, denied);
    if (tracing == Tracing::denied) known.append(refused, tracing_calls);
    std::vector<std::string> faked;
    known.append(faked, answered_with_success);

    Json names = Json::array();
    for (const Architecture &architecture : architectures) names.push_back(architecture.name);
    Json profile;
    profile["defaultAction"] = "SCMP_ACT_ALLOW";
    profile["architectures"] = std::move(names);
    profile["syscalls"] = Json::array({
        Json{{"names", std::move(refused)}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", EPERM}},
        Json{{"names", std::move(faked)}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 0}},
    });
    return profile;
}

}  // namespace osb::sandbox
