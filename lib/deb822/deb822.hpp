// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osb {

/// One paragraph of "Name: value" lines (deb822(5), RFC 822 in spirit). Fields keep their order; names are compared
/// without regard to case. A value holds its continuation lines as they stand: "first\n second\n third".
class Paragraph {
public:
    /// nullptr when there is no such field.
    const std::string *find(std::string_view name) const;
    /// The value; "" when there is no such field.
    const std::string &get(std::string_view name) const;
    /// Replaces the field in its place, or appends it.
    void set(std::string_view name, std::string value);
    bool empty() const noexcept { return fields_.empty(); }
    /// Every line ended, no empty line at the end.
    std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// The paragraphs of a text, which empty lines part; lines that begin with '#' are comments. Throws (Blame::build),
/// with the line's number, for a line that is neither a field nor the continuation of one.
std::vector<Paragraph> parse_deb822(std::string_view text);

}  // namespace osb
