// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "stages/account_files.hpp"

namespace osb::stages {

/// What is said about one user; absent members are left to the defaults, or as they are.
struct UserChange {
    std::string name;
    std::optional<std::uint32_t> uid = std::nullopt;
    std::optional<std::uint32_t> gid = std::nullopt;  ///< of a group that exists
    std::vector<std::string> groups = {};             ///< names or numbers; empty: nothing is said
    std::optional<std::string> comment = std::nullopt;
    std::optional<std::string> home = std::nullopt;      ///< for a new user, "" means: no directory
    std::optional<std::string> shell = std::nullopt;     ///< not empty
    std::optional<std::string> password = std::nullopt;  ///< as crypt(3) returns it
    std::optional<long long> expire = std::nullopt;      ///< days since 1970; -1: never
};

/// What useradd(8) does, with --create-home when a home is named. `now` stamps the password.
void add_user(Accounts &accounts, const UserChange &change, EpochSeconds now);

/// What usermod(8) does with the same options; groups replace the user's old ones. Nothing is written for no change.
void modify_user(Accounts &accounts, const UserChange &change, EpochSeconds now);

/// What `passwd --expire` does: the next login asks for a new password.
void expire_password(Accounts &accounts, const std::string &name);

}  // namespace osb::stages
