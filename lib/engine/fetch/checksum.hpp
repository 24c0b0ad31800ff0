// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace osb::engine {

/// The name of some bytes: "ALGORITHM:HEX" with md5, sha1, sha256, sha384 or sha512 and lower-case digits.
struct Checksum {
    std::string algorithm;
    std::string hex;

    /// nullopt for anything else, also for a wrong number of digits.
    static std::optional<Checksum> parse(std::string_view text);
    std::string text() const { return algorithm + ":" + hex; }
};

}  // namespace osb::engine
