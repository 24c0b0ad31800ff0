// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "lib/base/json.hpp"
#include "lib/resolve/description.hpp"

namespace osb::resolve {

struct Options {
    std::filesystem::path directory = ".";  ///< what the description's relative paths are relative to
    std::filesystem::path scratch = std::filesystem::temp_directory_path();  ///< room for apt's lists, about 100 MB
};

/// The complete manifest (version 2) of what is described: every package with version, address and SHA-256. Same
/// description and same archive, same manifest. With a base, that manifest is taken over and its pipeline goes on, so
/// that everything up to there has the same ids. Touches nothing outside `scratch`. Packages that do not exist, all of
/// them, are one Error.
Json resolve(const Description &description, const Options &options = {});

/// Reads, parses and resolves a description. Problems in it are one Error (Blame::usage) with a line for each.
Json resolve_file(const std::filesystem::path &file);

}  // namespace osb::resolve
