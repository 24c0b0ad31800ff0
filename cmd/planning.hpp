// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cmd/commands.hpp"
#include "lib/engine/module_library.hpp"
#include "lib/engine/plan.hpp"
#include "lib/store/object_store.hpp"

namespace osb::cmd {

/// One `--export`: what, and where to; the target is empty for a bare pipeline name.
struct ExportOption {
    std::string pipeline;
    std::string target;
};
ExportOption split_export(const std::string &text);

/// What would run, given what the store holds.
engine::Plan plan_with_store(const manifest::Manifest &manifest, const ManifestOptions &options,
                             const engine::ModuleLibrary &modules, const store::ObjectStore &store);

/// The same for looking only: a store that is not there is an empty one and is not made.
engine::Plan plan_without_store(const manifest::Manifest &manifest, const ManifestOptions &options,
                                const engine::ModuleLibrary &modules);

}  // namespace osb::cmd
