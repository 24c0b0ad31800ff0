// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace osb::sandbox {

/// A Sandbox's state directory, and what reap() must know of the process that made it:
///
///     sandbox.json   the runtime, the prefix of container names, where their cgroups are
///     containers/    the runtime's own state
///     skeletons/     roots' mount points
///     PREFIX-N/      one bundle for each container that runs
struct State {
    std::filesystem::path path;
    std::string runtime;
    std::string prefix;  ///< "osb-" and a random number: no two Sandboxes' containers or cgroups have the same name
    std::vector<std::filesystem::path> cgroups;

    std::filesystem::path containers() const { return path / "containers"; }
    std::filesystem::path skeletons() const { return path / "skeletons"; }

    /// Writes sandbox.json and makes the directories.
    static State make(std::filesystem::path path, std::string runtime, std::vector<std::filesystem::path> cgroups);
    /// nullopt: no Sandbox got as far as starting anything here. Throws where sandbox.json makes no sense.
    static std::optional<State> read(std::filesystem::path path);
};

}  // namespace osb::sandbox
