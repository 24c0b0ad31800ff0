// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/dir.hpp"

namespace osb::stages {

/// Where the files handed to in_tree() lie while it lasts.
inline constexpr const char *chroot_archives = "/tmp/osb-deb/archives";

/// Runs `work` in a child process whose root is the tree, in namespaces of its own in which the tree has a /proc, a
/// small /dev, an empty /tmp and in chroot_archives the files, under the names they are given here, and the host is
/// called localhost. When it returns, all of that is gone. An Error of `work` is thrown again here. Processes that
/// `work` leaves behind are not looked after: the sandbox around it ends them.
void in_tree(const Dir &tree, const std::map<std::string, std::filesystem::path> &archives,
             const std::function<void()> &work);

/// Runs programs of the tree, from within in_tree(), in an environment fit for maintainer scripts: no questions, no
/// services started, one language, one date, hashes without salt.
class TreePrograms {
public:
    explicit TreePrograms(EpochSeconds epoch);

    struct Result {
        bool success = false;
        std::string how;                 ///< "exit code 1"
        std::vector<std::string> lines;  ///< the last of its output
    };
    /// What it says goes to this process's standard output as it comes.
    Result run(const std::vector<std::string> &argv, const std::map<std::string, std::string> &more = {}) const;

private:
    std::map<std::string, std::string> environment_;
};

}  // namespace osb::stages
