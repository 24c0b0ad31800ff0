// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// The tree's /etc/login.defs (login.defs(5)); empty where there is none.
class LoginDefs {
public:
    static LoginDefs read(const Dir &tree);

    std::optional<std::string> text(const std::string &name) const;
    /// Decimal, octal with a leading 0, hexadecimal with 0x. Throws when the value is no number.
    long number(const std::string &name, long fallback) const;
    /// True only for "yes", in any case.
    bool flag(const std::string &name) const;

private:
    std::map<std::string, std::string> values_;
};

/// The tree's /etc/default/useradd (useradd(8), "CHANGING THE DEFAULT VALUES") over the program's own defaults.
struct UseraddDefaults {
    std::string group = "";  ///< name or number; empty: useradd's own
    std::string home = "/home";
    std::string shell = "/bin/bash";
    std::string skeleton = "/etc/skel";
    std::string expire = "";
    long inactive = -1;
    bool mail_spool = false;
    bool log_init = true;
    static UseraddDefaults read(const Dir &tree);
};

}  // namespace osb::stages
