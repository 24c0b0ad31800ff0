// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/fd.hpp"
#include "lib/base/sha256.hpp"

namespace osb {

/// Somewhere bytes flow to. Used by one thread at a time. What can fail at the end has a verb of its own in the
/// subclass.
class Sink {
public:
    Sink() = default;
    Sink(const Sink &) = delete;
    Sink &operator=(const Sink &) = delete;
    virtual ~Sink() = default;
    virtual void write(std::span<const std::byte> data) = 0;
    void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
};

/// Into an open file. Does not own it.
class FdSink final : public Sink {
public:
    using Sink::write;
    FdSink(const Fd &fd, std::string what) : fd_(fd), what_(std::move(what)) {}
    void write(std::span<const std::byte> data) override { write_all(fd_, data, what_); }

private:
    const Fd &fd_;
    std::string what_;
};

/// Into memory.
class StringSink final : public Sink {
public:
    using Sink::write;
    void write(std::span<const std::byte> data) override {
        text.append(reinterpret_cast<const char *>(data.data()), data.size());
    }
    std::string text;
};

/// Counts and hashes what passes on its way to `next` (or to nowhere).
class HashSink final : public Sink {
public:
    using Sink::write;
    explicit HashSink(Sink *next = nullptr) : next_(next) {}
    void write(std::span<const std::byte> data) override {
        hash_.update(data);
        size_ += data.size();
        if (next_ != nullptr) next_->write(data);
    }
    std::uint64_t size() const noexcept { return size_; }
    Sha256Digest finish() { return hash_.finish(); }

private:
    Sink *next_;
    Sha256 hash_;
    std::uint64_t size_ = 0;
};

/// Hands every piece to a function.
class FunctionSink final : public Sink {
public:
    using Sink::write;
    explicit FunctionSink(std::function<void(std::span<const std::byte>)> take) : take_(std::move(take)) {}
    void write(std::span<const std::byte> data) override { take_(data); }

private:
    std::function<void(std::span<const std::byte>)> take_;
};

}  // namespace osb
