// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/checksum.hpp"

#include <algorithm>
#include <array>

namespace osb::engine {

std::optional<Checksum> Checksum::parse(std::string_view text) {
    struct Algorithm {
        std::string_view name;
        size_t digits;
    };
    static constexpr std::array<Algorithm, 5> known{
        {{"md5", 32}, {"sha1", 40}, {"sha256", 64}, {"sha384", 96}, {"sha512", 128}}};
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(0, colon);
    const std::string_view hex = text.substr(colon + 1);
    const bool right_digits =
        std::ranges::all_of(hex, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    for (const Algorithm &algorithm : known)
        if (name == algorithm.name && hex.size() == algorithm.digits && right_digits)
            return Checksum{.algorithm = std::string(name), .hex = std::string(hex)};
    return std::nullopt;
}

}  // namespace osb::engine
