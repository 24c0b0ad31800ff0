// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/dir.hpp"

namespace osb::stages {

/// What to install where; a value.
struct Installation {
    std::vector<std::filesystem::path> archives;
    std::set<std::filesystem::path> automatic = {};    ///< of these, the ones nobody asked for by name (apt-mark(8))
    std::optional<EpochSeconds> epoch = std::nullopt;  ///< the date scripts see; default: the packages' newest
    std::vector<std::string> answers = {};             ///< for debconf-set-selections(1)
};

/// The work of org.osb.deb without its arguments' form.
void install(const Dir &tree, const Installation &what);

}  // namespace osb::stages
