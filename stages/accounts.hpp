// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// The number a user or group of the tree has: by name in its /etc/passwd or /etc/group (and /usr/lib's where its
/// nsswitch.conf says "altfiles"), else the text itself when it is a number. nullopt when it is neither.
std::optional<uid_t> find_user_id(const Dir &tree, std::string_view user);
std::optional<gid_t> find_group_id(const Dir &tree, std::string_view group);

}  // namespace osb::stages
