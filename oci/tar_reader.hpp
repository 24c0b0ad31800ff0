// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/fd.hpp"
#include "oci/tar_header.hpp"

namespace osb::oci {

/// The entries of a tar one after the other; compression and tar dialects are seen to. Names come out as they are in
/// the archive: nothing is checked, nothing trusted.
class TarReader {
public:
    /// `archive` and `progress` must outlive the reader. `progress` may be empty.
    TarReader(const Fd &archive, const std::function<void(std::uint64_t)> &progress);
    ~TarReader();

    /// nullopt at the end. Throws (Blame::build) for what is no tar, is damaged, or ends too soon.
    std::optional<TarEntry> next();
    /// Hands the content of the entry that next() returned to `take`, without its holes.
    void read_content(const std::function<void(std::uint64_t offset, std::span<const std::byte>)> &take);

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace osb::oci
