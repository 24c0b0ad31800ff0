// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lib/base/json.hpp"

namespace osb::manifest {

/// Appends a member whose name the object does not have yet; operator[] would look through all members first.
void append_member(Json &object, std::string name, Json value);

/// Whether Python takes the value for true: osbuild ignores what is null, false, 0 or empty.
bool is_truthy(const Json &value);

/// Equal as JSON Schema's enum and uniqueItems mean it: 1 and 1.0 are equal, 1 and true are not, members have no order.
bool is_equal(const Json &a, const Json &b);

/// Equal values (is_equal) have equal hashes.
size_t hash_of(const Json &value);

/// A number of any size; number_of is as near to it as a double can be.
bool is_number(const Json &value);
double number_of(const Json &value);

size_t characters_in(const std::string &text);

/// The value for a sentence, in single quotes if it is a string: 'x', 5, ['a', 1], {'b': None}. What is long is cut.
std::string to_words(const Json &value);
/// A string for a sentence: 'x'.
std::string in_quotes(std::string_view text);

}  // namespace osb::manifest
