// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/base/json.hpp"

namespace osb::stages {

/// org.osb.deb: installs the .deb files of the input `packages` into the tree, all at once and completely, or throws.
/// The set must have everything it needs that the tree does not have yet; a tree without dpkg is bootstrapped. Takes
/// the stage's arguments (contract, 7.4). Same packages, same tree, same epoch: same result.
void install_packages(const Json &arguments);

}  // namespace osb::stages
