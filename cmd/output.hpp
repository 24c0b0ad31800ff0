// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lib/base/json.hpp"

namespace osb::cmd {

/// Writes a result to standard output, all of it or an Error.
void print(std::string_view text);
inline void print_line(std::string_view text) {
    print(std::string(text) + "\n");
}

/// The record that `--json` prints when a command ends in an Error: {"type": "error", "success": false, "error":
/// {"class", "message"}}.
Json error_record(const Error &error);

/// Text of unknown origin made fit for a terminal: control characters but line ends and tabs become "?".
std::string printable(std::string_view text);

}  // namespace osb::cmd
