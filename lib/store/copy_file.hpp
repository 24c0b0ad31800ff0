// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <sys/stat.h>
#include <vector>

#include "lib/base/fd.hpp"
#include "lib/store/clone.hpp"

namespace osb::store::detail {

/// Copies the content of regular files, one after the other.
class FileCopier {
public:
    explicit FileCopier(CloneBy by) : by_(by) {}

    /// Gives the new, empty file `to` the content and size of `from`. Holes stay holes.
    void copy(const Fd &from, const Fd &to, const struct stat &status);

private:
    void copy_range(const Fd &from, const Fd &to, off_t begin, off_t end);
    void copy_range_by_hand(const Fd &from, const Fd &to, off_t begin, off_t end);

    CloneBy by_;
    bool kernel_copies_ = true;
    std::vector<std::byte> room_;
};

}  // namespace osb::store::detail
