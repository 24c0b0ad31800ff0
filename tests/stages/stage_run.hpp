// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/base/mount.hpp"
#include "lib/base/process.hpp"
#include "tests/support.hpp"

namespace osb::test {

/// One stage's surroundings as the engine makes them: an empty build tree with /proc and /run/osbuild, into which
/// modules are put by name and run with it as their root.
class StageRun {
public:
    /// Every run has the source epoch 1 600 000 000, 2020-09-13.
    StageRun();

    /// The tree being built; what is beside it must not change.
    std::filesystem::path tree() const { return run_ / "tree"; }
    /// A directory the stage sees as input NAME.
    std::filesystem::path add_input(const std::string &name, Json data = nullptr);
    /// A directory the stage sees as mount NAME.
    std::filesystem::path add_mount(const std::string &name);
    /// Runs a shell script in the tree to prepare it.
    void prepare(const std::string &script) const;

    /// Runs the native module; `options` is JSON.
    Captured native(const std::string &module, std::string_view options);
    /// Runs osbuild's stage of that name out of OSB_OSBUILD_LIBDIR, with the host as its build tree.
    Captured osbuilds(const std::string &module, std::string_view options);

    /// The tree as text: a line an entry with mode, owner, name, target or content, attributes.
    std::string listing() const { return list(tree()); }
    static std::string list(const std::filesystem::path &top);

private:
    void write_arguments(std::string_view options) const;

    Scratch scratch_;
    std::filesystem::path root_;
    std::filesystem::path run_;
    Json inputs_ = Json::object();
    Json mounts_ = Json::object();
    std::optional<AttachedMount> proc_;
};

/// Where osbuild's modules are, when the person running the tests says so.
std::optional<std::filesystem::path> osbuild_libdir();

}  // namespace osb::test
