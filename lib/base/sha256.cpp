// SPDX-License-Identifier: Apache-2.0
#include "lib/base/sha256.hpp"

#include <openssl/evp.h>

#include "lib/base/error.hpp"

namespace osb {
namespace {
EVP_MD_CTX *context_of(void *context) {
    return static_cast<EVP_MD_CTX *>(context);
}
}  // namespace

std::string to_hex(std::span<const std::byte> bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += digits[std::to_integer<size_t>(byte >> 4)];
        text += digits[std::to_integer<size_t>(byte & std::byte{15})];
    }
    return text;
}

std::string Sha256Digest::hex() const {
    return to_hex(bytes);
}

void Hasher::Free::operator()(void *context) const {
    EVP_MD_CTX_free(context_of(context));
}

Hasher::Hasher(const char *algorithm) : context_(EVP_MD_CTX_new()), method_(EVP_get_digestbyname(algorithm)) {
    if (!context_ || method_ == nullptr ||
        EVP_DigestInit_ex(context_of(context_.get()), static_cast<const EVP_MD *>(method_), nullptr) != 1)
        fail(Blame::environment, "start a digest: libcrypto has no {}", algorithm);
}

Hasher &Hasher::update(std::span<const std::byte> data) {
    OSB_ASSERT(EVP_DigestUpdate(context_of(context_.get()), data.data(), data.size()) == 1);
    return *this;
}

size_t Hasher::finish(std::span<std::byte> room) {
    unsigned int size = 0;
    OSB_ASSERT(room.size() >= static_cast<size_t>(EVP_MD_get_size(static_cast<const EVP_MD *>(method_))));
    OSB_ASSERT(EVP_DigestFinal_ex(context_of(context_.get()), reinterpret_cast<unsigned char *>(room.data()), &size) ==
               1);
    OSB_ASSERT(EVP_DigestInit_ex(context_of(context_.get()), static_cast<const EVP_MD *>(method_), nullptr) == 1);
    return size;
}

std::string Hasher::finish_hex() {
    std::array<std::byte, EVP_MAX_MD_SIZE> room{};
    const size_t size = finish(room);
    return to_hex(std::span(room).first(size));
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest;
    Hasher::finish(digest.bytes);
    return digest;
}

Sha256Digest Sha256::of(std::span<const std::byte> data) {
    Sha256 hash;
    hash.update(data);
    return hash.finish();
}

Sha256Digest Sha256::of(std::string_view text) {
    return of(std::as_bytes(std::span(text)));
}

}  // namespace osb
