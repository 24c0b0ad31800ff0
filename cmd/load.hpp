// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cmd/commands.hpp"
#include "lib/engine/module_library.hpp"
#include "lib/manifest/manifest.hpp"

namespace osb::cmd {

/// Reads and checks the manifest. nullopt when it is wrong: all problems have been told then, on stderr or as a record.
std::optional<manifest::Manifest> load_manifest(const ManifestOptions &options, const engine::ModuleLibrary &modules);

/// osb's native modules first, then the directories of the options.
engine::ModuleLibrary open_modules(const ManifestOptions &options);

/// A whole file, or standard input for "-"; an Error (Blame::usage) for more than 64 MiB.
std::string read_text(const std::string &path);

}  // namespace osb::cmd
