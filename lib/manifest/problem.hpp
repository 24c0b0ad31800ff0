// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace osb::manifest {

/// The place of a value in a JSON document: member names and, from 0, array positions.
using JsonPath = std::vector<std::variant<std::string, std::size_t>>;

/// ".pipelines[0].stages[1]"; "." for the document; a name with a blank is quoted: ".sources.'my source'".
std::string path_id(const JsonPath &path);

/// Something wrong with a manifest, and where. The message begins with the value or the name in question.
struct Problem {
    std::string message;
    JsonPath path;
    bool operator==(const Problem &) const = default;
};

}  // namespace osb::manifest
