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
    /// A directory of the build tree, beside the tree: what no module may touch. Seen from the tree's root it is at
    /// "../../../outside", seen from the stage at "/outside".
    std::filesystem::path outside() const { return root_ / "outside"; }
    /// The whole build tree, without the tree and without what the engine mounts.
    std::filesystem::path build_tree() const { return root_; }
    /// A directory the stage sees as input NAME.
    std::filesystem::path add_input(const std::string &name, Json data = nullptr);
    /// A directory the stage sees as mount NAME.
    std::filesystem::path add_mount(const std::string &name);
    /// Puts a program of this machine, with the libraries it needs, under the same path into a tree.
    void install_program(const std::string &program, const std::filesystem::path &into) const;
    /// Sets user.note, and a file capability, on a file.
    static void add_xattrs(const std::filesystem::path &file);
    /// Runs a shell script in the tree to prepare it.
    void prepare(const std::string &script) const;

    /// Runs the native module; `options` is JSON.
    Captured native(const std::string &module, std::string_view options);
    /// Runs osbuild's stage of that name out of OSB_OSBUILD_LIBDIR, with the host as its build tree.
    Captured osbuilds(const std::string &module, std::string_view options);

    /// The tree as text: a line an entry with mode, owner, name, target or content, attributes.
    enum class Times { left_out, shown };  ///< shown: modification times, except today's
    std::string listing(Times times = Times::left_out) const { return list(tree(), times); }
    static std::string list(const std::filesystem::path &top, Times times = Times::left_out);

private:
    void write_arguments(std::string_view options) const;

    Scratch scratch_;
    std::filesystem::path root_;
    std::filesystem::path run_;
    Json inputs_ = Json::object();
    Json mounts_ = Json::object();
    std::optional<AttachedMount> root_mount_;  // a root is a mount, or nothing in it can be made private
    std::optional<AttachedMount> proc_;
    std::optional<AttachedMount> null_;
};

/// Where osbuild's modules are, when the person running the tests says so.
std::optional<std::filesystem::path> osbuild_libdir();

}  // namespace osb::test
