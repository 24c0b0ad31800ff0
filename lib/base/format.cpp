// SPDX-License-Identifier: Apache-2.0
#define FMT_HEADER_ONLY 1  // this file carries fmt for the static programs; distributions ship no static libfmt
#include "lib/base/format.hpp"

#include <array>

#include <fmt/format.h>

namespace osb {

std::string format_message(fmt::string_view text, fmt::format_args args) {
    return fmt::vformat(text, args);
}

std::string human_size(unsigned long long bytes) {
    static constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB"};
    auto size = static_cast<double>(bytes);
    size_t unit = 0;
    while (size >= 999.95 && unit + 1 < units.size()) {
        size /= 1000;
        unit++;
    }
    return unit == 0 ? format("{} B", bytes) : format("{:.1f} {}", size, units[unit]);
}

}  // namespace osb
