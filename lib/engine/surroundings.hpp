// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/engine/module_library.hpp"
#include "lib/manifest/manifest.hpp"

namespace osb::engine {

/// What a stage's tree depends on beyond its id: the module's code, the runner's, and, where the stage runs programs of
/// the host's /usr, what state of the host that is. Two texts are equal only if two runs could not differ.
std::string surroundings_of(const manifest::Pipeline &pipeline, const manifest::Stage &stage,
                            const ModuleLibrary &modules);

}  // namespace osb::engine
