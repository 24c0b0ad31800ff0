// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace osb::sandbox {

/// What this machine gives, as far as the runtime configuration depends on it; a value, so that configurations can be
/// tested for machines we do not have.
struct Host {
    std::string architecture = "x86_64";  ///< as uname -m says
    std::uint64_t capabilities = 0;       ///< bit N: osb may pass on capability N (permitted and in the bounding set)
    bool cgroups = false;  ///< runc can make cgroups; false: it runs with --rootless=true, without device rules
    bool fuse = false;     ///< /dev/fuse is there
    bool selinux = false;  ///< /sys/fs/selinux is mounted

    /// Looks at the machine; `cgroups` is left false (it is the Sandbox that finds out).
    static Host probe();
};

}  // namespace osb::sandbox
