// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/base/dir.hpp"

namespace osb::stages {

// What systemctl does to the links in /etc/systemd/system of a tree (`--root`), of version 252. Names are those of
// units.

/// Links for WantedBy=, RequiredBy=, UpheldBy= and Alias=, of the unit and of all that its Also= names. Throws
/// (Blame::build) for a unit that is not there, is masked, or was enabled under this alias.
void enable_unit(const Dir &tree, const std::string &name);

/// Removes all links to the unit, to its instances, and to all that its Also= names. A unit that is not there has none.
void disable_unit(const Dir &tree, const std::string &name);

/// A link to /dev/null under the unit's name.
void mask_unit(const Dir &tree, const std::string &name);

/// Makes the target (".target" may be left out) the one to boot into.
void set_default_target(const Dir &tree, const std::string &name);

}  // namespace osb::stages
