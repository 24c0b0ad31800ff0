// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

namespace osb {

/// fmt's formatting, compiled once (format.cpp) so that headers stay cheap and the static programs need no libfmt.
std::string format_message(fmt::string_view text, fmt::format_args args);

/// `format("open {}", name)`: the text with its arguments put in.
template <typename... Args>
std::string format(fmt::format_string<Args...> text, Args &&...args) {
    return format_message(text, fmt::make_format_args(args...));
}

/// A count of bytes for people: "999 B", "1.5 kB", "2.3 GB" (powers of 1000).
std::string human_size(unsigned long long bytes);

}  // namespace osb
