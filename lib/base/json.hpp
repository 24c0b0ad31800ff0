// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"

namespace osb {

/// A JSON value whose objects keep the order of their members.
///
/// It holds all that Python's json module reads: integers too large for 64 bits are `binary` values with subtype
/// `big_integer` that carry the decimal digits; NaN and infinities are floats; a lone surrogate stays in its string as
/// the three bytes its code point has in generalised UTF-8.
using Json = nlohmann::ordered_json;

inline constexpr std::uint64_t big_integer_subtype = 1;
bool is_big_integer(const Json &value);
/// The digits of a big integer, with its sign.
std::string big_integer_digits(const Json &value);

/// Text that is not JSON; the sentence has line and column (both from 1, the column in bytes).
class JsonError : public Error {
public:
    JsonError(std::string_view why, size_t line, size_t column)
        : Error(format("line {}, column {}: {}", line, column, why), Blame::usage) {}
};

/// The deepest nesting parse_json accepts.
inline constexpr int max_json_depth = 500;

/// Parses one JSON text as Python's json.loads does: the last of duplicate keys wins in the place of the first; NaN,
/// Infinity and -Infinity are accepted; the text must be UTF-8 without a byte order mark. Throws JsonError.
Json parse_json(std::string_view text);

/// How to_text writes.
struct JsonStyle {
    enum class Keys { as_they_are, sorted } keys = Keys::as_they_are;
    enum class Spaces { none, python } spaces = Spaces::none;    ///< python: ", " and ": "
    enum class Charset { utf8, ascii } charset = Charset::utf8;  ///< ascii: everything else is escaped
    int indent = 0;                                              ///< > 0: one member a line, that many blanks a level
};

/// What ids are made of: Python's json.dumps(value, sort_keys=True).
inline constexpr JsonStyle canonical_style{JsonStyle::Keys::sorted, JsonStyle::Spaces::python,
                                           JsonStyle::Charset::ascii};
/// Python's json.dumps(value): what --inspect prints.
inline constexpr JsonStyle python_style{JsonStyle::Keys::as_they_are, JsonStyle::Spaces::python,
                                        JsonStyle::Charset::ascii};
/// Sorted keys, no spaces: the documents osb puts into images, so that equal content has equal digests.
inline constexpr JsonStyle compact_style{JsonStyle::Keys::sorted, JsonStyle::Spaces::none, JsonStyle::Charset::utf8};

/// Bytes in strings that are not UTF-8 are written as U+FFFD (lone surrogates as escapes).
std::string to_text(const Json &value, JsonStyle style);
inline std::string to_canonical(const Json &value) {
    return to_text(value, canonical_style);
}

/// The member, or nullptr when `object` has none of that name (or is no object).
const Json *find_member(const Json &object, std::string_view name);

}  // namespace osb
