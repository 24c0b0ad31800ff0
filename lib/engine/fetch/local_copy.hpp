// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "lib/base/fd.hpp"
#include "lib/engine/fetch/landing.hpp"

namespace osb::engine {

/// A file of this host on its way into the store, a piece at a time, so that it goes on next to transfers from
/// elsewhere.
class LocalCopy {
public:
    /// Throws (Blame::build) when it is not a readable regular file.
    explicit LocalCopy(std::filesystem::path path);

    std::uint64_t size() const noexcept { return size_; }
    /// Copies some megabytes; false at the end.
    bool advance(Landing &landing);

private:
    std::filesystem::path path_;
    Fd fd_;
    std::uint64_t size_ = 0;
};

}  // namespace osb::engine
