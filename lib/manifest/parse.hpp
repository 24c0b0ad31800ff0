// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/manifest/manifest.hpp"
#include "lib/manifest/problem.hpp"

namespace osb::manifest {

/// What parse() asks about the world. An empty function: that question is not asked, and what it would check is not
/// checked.
struct Lookups {
    /// What is known of a module; none: there is no such module. Asked once for each module a manifest names.
    std::function<std::optional<ModuleInfo>(ModuleClass, const std::string &name)> module;
    /// The program of a runner named in a manifest; none: no runner fits.
    std::function<std::optional<std::string>(const std::string &name)> runner;
    /// The program of the host's runner.
    std::function<std::string()> host_runner;
};

/// Reads a manifest of version 1 or 2 and checks all of it: the document's shape, the options of every module against
/// the module's schema, every reference. The answer is the Manifest, or all problems (at least one) sorted by path id.
/// Throws JsonError for text that is not JSON, and Error "Unsupported manifest format" for JSON that is no manifest of
/// version 1 or 2. Reads no files.
std::variant<Manifest, std::vector<Problem>> parse(std::string_view text, const Lookups &lookups);

/// The same for a document parsed already; move it in, large parts of it become parts of the Manifest.
std::variant<Manifest, std::vector<Problem>> parse_document(Json document, const Lookups &lookups);

}  // namespace osb::manifest
