// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"

namespace osb::resolve {

/// Where packages come from: one entry of apt's sources (sources.list(5)).
struct Archive {
    std::string url;
    std::vector<std::string> suites;  ///< names, or paths that end in '/' and then go without components
    std::vector<std::string> components;
    std::optional<std::filesystem::path> signed_by = std::nullopt;  ///< keyring; default: the keys this host trusts
    bool trusted = false;                                           ///< take it unsigned
    /// Lines in apt's own form, instead of all of the above.
    std::string lines = {};
};

/// What somebody wants installed; a value. Nothing in it has been compared with any archive.
struct Description {
    std::optional<std::string> name;            ///< of the pipeline; default "os", or what the base calls it
    std::optional<std::string> architecture;    ///< as Debian names it; default: this host's, or the base's
    std::optional<std::string> variant;         ///< see variants(); default "minbase", or nothing on top of a base
    std::vector<std::string> packages;          ///< NAME, NAME=VERSION or NAME/SUITE, as apt-get install takes them
    bool recommends = false;                    ///< also what packages recommend
    std::vector<Archive> archives;              ///< none: what this host is configured for
    std::optional<EpochSeconds> source_epoch;   ///< default: the archive's newest date, or the base's
    std::optional<std::filesystem::path> base;  ///< a resolved manifest to build on; relative to the description
    std::vector<std::string> debconf;           ///< answers to the packages' questions
    std::vector<Json> stages;                   ///< further stages, taken over as they are
};

/// The words for a base set: what it asks apt for. nullptr for an unknown word.
const std::vector<std::string> *find_variant(std::string_view word);
/// All of these words, for messages.
std::string variant_words();

struct ParsedDescription {
    Description description;
    /// Everything that is wrong, each with its place ("packages[2]: …"); when there is any, the description is of no
    /// use.
    std::vector<std::string> problems;
};

/// Reads YAML or JSON. Never throws for what the text says.
ParsedDescription parse_description(std::string_view text);

}  // namespace osb::resolve
