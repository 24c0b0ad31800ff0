// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/process.hpp"

namespace osb::sandbox {

/// runc, or a program with its command line: how it is called, and what it said.
struct Runtime {
    std::string program;
    std::filesystem::path root;  ///< where it keeps the state of containers
    bool cgroups = true;         ///< false: it is told that it cannot have any (--rootless=true)

    /// `run` of the bundle; its own messages go to the bundle's runtime.log and runtime.err.
    Command run(std::string_view id, const std::filesystem::path &bundle, std::vector<PassedFd> fds) const;
    /// Ends the container, if it is there, and removes its state and cgroups. Nothing there is fine.
    void remove(std::string_view id) const;
    /// The containers it has state of.
    std::vector<std::string> containers() const;
};

/// Why the runtime gave up, from what it wrote in the bundle: its last error, else the end of its stderr, else "".
std::string runtime_words(const std::filesystem::path &bundle);
/// The last message of level error in a log of JSON lines; "" when there is none.
std::string last_error(std::string_view log);

}  // namespace osb::sandbox
