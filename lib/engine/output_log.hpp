// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "lib/base/sink.hpp"

namespace osb::engine {

/// Takes what a stage prints, whatever bytes they are: all of it into a file, the end of it in memory, each piece to
/// whoever listens. Memory stays bounded however much is printed.
class OutputLog final : public Sink {
public:
    using Sink::write;
    using Listener = std::function<void(std::string_view)>;
    /// The most that text() returns, in bytes.
    static constexpr size_t kept_bytes = size_t{256} << 10;

    OutputLog(Fd file, std::string file_name, Listener listener);
    void write(std::span<const std::byte> data) override;

    /// The end of the output; "[...N bytes hidden...]\n" in front where it was longer.
    std::string text() const;
    /// The last `count` lines, without a final line end.
    std::string last_lines(size_t count) const;
    std::uint64_t size() const noexcept { return size_; }

private:
    Fd file_;
    std::string file_name_;
    Listener listener_;
    std::string tail_;
    std::uint64_t size_ = 0;
};

}  // namespace osb::engine
