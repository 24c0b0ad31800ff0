// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "lib/base/dir.hpp"
#include "stages/deb_archive.hpp"

namespace osb::stages {

/// Does by itself what `dpkg --unpack` does, for the packages a tree needs before a dpkg can run in it: their files,
/// the info directory, the triggers they are interested in, the status "install ok unpacked". Only their preinst
/// scripts are not run. /bin, /sbin and /lib* become links into /usr. The tree must not hold a dpkg database; two
/// packages with the same file are an Error. What the tree held before stays where it is a directory, a link of the
/// same target or a configuration file, and is replaced otherwise.
void bootstrap(const Dir &tree, const std::vector<const Package *> &packages);

}  // namespace osb::stages
