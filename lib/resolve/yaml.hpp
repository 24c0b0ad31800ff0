// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lib/base/json.hpp"

namespace osb::resolve {

/// The one document of a YAML text as JSON: plain scalars become null, booleans, integers and floats where YAML 1.2's
/// core schema reads them so, everything else strings. JSON is YAML, so a JSON text will do too. Throws (Blame::usage)
/// with line and column for what is not YAML, keys that are not scalars or come twice, and documents blown up by
/// aliases.
Json parse_yaml(std::string_view text);

}  // namespace osb::resolve
