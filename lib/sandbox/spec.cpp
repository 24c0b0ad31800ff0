// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/spec.hpp"

#include "lib/base/error.hpp"

namespace osb::sandbox {

TreePath target_of(const Bind &bind) {
    return in_context(
        [&] {
            if (!bind.target.starts_with('/')) fail(Blame::usage, "the target is not absolute");
            TreePath path(bind.target);
            const std::string top = path.text().substr(0, path.text().find('/'));
            if (path.is_root() || top == "proc" || top == "sys" || path.text() == "dev" || path.text() == "run" ||
                path.absolute() == init_target)
                fail(Blame::usage, "the sandbox itself needs this place");
            return path;
        },
        "bind {} on {}", bind.source.native(), bind.target);
}

const std::vector<std::string> &default_capabilities() {
    static const std::vector<std::string> names = {
        "CAP_AUDIT_WRITE",      "CAP_CHOWN",      "CAP_DAC_OVERRIDE",    "CAP_DAC_READ_SEARCH", "CAP_FOWNER",
        "CAP_FSETID",           "CAP_IPC_LOCK",   "CAP_LINUX_IMMUTABLE", "CAP_MAC_OVERRIDE",    "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",    "CAP_SETGID",          "CAP_SETPCAP",         "CAP_SETUID",
        "CAP_SYS_ADMIN",        "CAP_SYS_CHROOT", "CAP_SYS_NICE",        "CAP_SYS_RESOURCE"};
    return names;
}

std::vector<std::string> stage_environment(std::string_view term, std::optional<std::int64_t> source_epoch) {
    std::vector<std::string> env = {
        "container=bwrap-osbuild",  // osbuild's modules look for this name
        "LC_CTYPE=C.UTF-8",
        "PATH=/usr/sbin:/usr/bin",
        "PWD=/",
        "PYTHONPATH=/run/osbuild/lib",
        "PYTHONUNBUFFERED=1",
        format("TERM={}", term.empty() ? "dumb" : term),
    };
    if (source_epoch) env.push_back(format("SOURCE_DATE_EPOCH={}", *source_epoch));
    return env;
}

}  // namespace osb::sandbox
