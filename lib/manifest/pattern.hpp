// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace osb::manifest {

/// A compiled regular expression as the schemas of osbuild's modules have them: in Python's flavour (look-ahead, \w for
/// any letter), for which PCRE2 is close enough; std::regex is neither that nor quick, and a long text makes it
/// overflow the stack.
class Pattern {
public:
    /// Throws Error (usage) for what is not a regular expression.
    explicit Pattern(const std::string &text);
    const std::string &text() const { return text_; }
    /// Whether the pattern is found anywhere in `subject`. A search that takes too long counts as not found.
    bool is_in(std::string_view subject) const;

private:
    struct Free {
        void operator()(void *code) const;
    };
    std::string text_;
    std::unique_ptr<void, Free> code_;
};

}  // namespace osb::manifest
