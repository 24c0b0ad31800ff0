// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <sys/types.h>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// Whose ways a new home directory is made in.
enum class HomeMaker {
    useradd,           ///< files keep mode and times, links into the skeleton lead into the home
    mkhomedir_helper,  ///< of Linux-PAM: files get (mode | 0222) & ~022, directories 0755
};

struct HomeDirectory {
    std::string path;
    uid_t uid;
    gid_t gid;
    mode_t mode;  ///< of the directory itself
};

/// Makes the directory, its missing parents (0755, root's) and, from `skeleton`, its content, all of it the user's.
/// False, and nothing done, when something is there already. A skeleton that is not there leaves the home empty.
bool make_home(const Dir &tree, const HomeDirectory &home, const std::string &skeleton, HomeMaker maker);

}  // namespace osb::stages
