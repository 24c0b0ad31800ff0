// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/sandbox/runtime.hpp"

namespace osb::sandbox {

/// A Sandbox's state directory, and what reap() must know of the process that made it:
///
///     sandbox.json   the runtime, the prefix of container names, where their cgroups are
///     containers/    the runtime's own state
///     skeletons/     roots' mount points
///     PREFIX-N/      one bundle for each container that runs
struct State {
    std::filesystem::path path;
    Runtime runtime;
    std::string prefix;  ///< "osb-" and a random number: no two Sandboxes' containers or cgroups have the same name
    std::vector<std::filesystem::path> cgroups;  ///< their parents; a runtime told to go without uses them where it can

    std::filesystem::path skeletons() const { return path / "skeletons"; }

    /// Makes the directories and writes sandbox.json. `runtime` gets its root.
    static State make(std::filesystem::path path, Runtime runtime, std::vector<std::filesystem::path> cgroups);
    /// nullopt: no Sandbox got as far as starting anything here. Throws where sandbox.json makes no sense.
    static std::optional<State> read(std::filesystem::path path);
};

}  // namespace osb::sandbox
