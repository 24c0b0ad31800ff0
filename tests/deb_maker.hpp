// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "lib/base/process.hpp"

namespace osb::test {

/// A package to be made with the real dpkg-deb.
struct DebSpec {
    std::string name;
    std::string version = "1.0";
    std::string architecture = "all";
    std::string fields = {};                          ///< further control fields, each line ended
    std::map<std::string, std::string> files = {};    ///< path → content; "PATH ->" and "PATH ==" name links to it
    std::map<std::string, std::string> control = {};  ///< further control files; scripts get #!/bin/sh and set -e
};

/// Writes DIRECTORY/NAME_VERSION_ARCH.deb and returns its path.
std::filesystem::path make_deb(const std::filesystem::path &directory, const DebSpec &spec);

inline bool has_dpkg() {
    return find_program("dpkg-deb").has_value() && find_program("dpkg").has_value();
}

}  // namespace osb::test
