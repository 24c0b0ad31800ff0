// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// What the tree's os-release(5) says it is.
struct OsRelease {
    std::string id;      ///< "debian", "fedora"; empty: unknown
    double version = 0;  ///< VERSION_ID up to its second dot; 0: none
    static OsRelease read(const Dir &tree);

    /// Debian up to 12 and Ubuntu up to 23.10 build systemd with units in /lib; all others with units in /usr/lib.
    bool has_units_in_lib() const {
        return (id == "debian" && version != 0 && version < 13) || (id == "ubuntu" && version != 0 && version < 24);
    }
    /// Debian up to 12 and Ubuntu up to 24.10 keep the locale in /etc/default/locale, and so does their
    /// systemd-firstboot.
    bool has_default_locale() const {
        return (id == "debian" && version != 0 && version < 13) || (id == "ubuntu" && version != 0 && version < 25);
    }
};

}  // namespace osb::stages
