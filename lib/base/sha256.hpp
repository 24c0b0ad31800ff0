// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace osb {

/// The 32 bytes of a SHA-256 (FIPS 180-4).
struct Sha256Digest {
    std::array<std::byte, 32> bytes{};
    /// 64 lower-case hexadecimal digits.
    std::string hex() const;
    auto operator<=>(const Sha256Digest &) const = default;
};

/// An incremental digest of any algorithm libcrypto has by name ("sha256", "md5", "sha512" …).
class Hasher {
public:
    explicit Hasher(const char *algorithm);
    Hasher(Hasher &&) noexcept = default;
    Hasher &operator=(Hasher &&) noexcept = default;

    Hasher &update(std::span<const std::byte> data);
    Hasher &update(std::string_view text) { return update(std::as_bytes(std::span(text))); }
    /// Lower-case hexadecimal; the Hasher starts again from nothing.
    std::string finish_hex();

protected:
    size_t finish(std::span<std::byte> room);

private:
    struct Free {
        void operator()(void *context) const;
    };
    std::unique_ptr<void, Free> context_;
    const void *method_;
};

/// SHA-256 on libcrypto, which uses the CPU's instructions.
class Sha256 : public Hasher {
public:
    Sha256() : Hasher("sha256") {}
    /// The digest so far; the Sha256 starts again from nothing.
    Sha256Digest finish();
    static Sha256Digest of(std::span<const std::byte> data);
    static Sha256Digest of(std::string_view text);
};

/// Lower-case hexadecimal of any bytes.
std::string to_hex(std::span<const std::byte> bytes);

}  // namespace osb
