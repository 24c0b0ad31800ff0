// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lib/base/fd.hpp"

namespace osb::store::detail {

/// openat(2) for a path below `root` that may be longer than the kernel takes at once (PATH_MAX, 4096). No component
/// may be a symlink. O_CLOEXEC is added.
Fd open_deep(const Fd &root, std::string_view path, int flags);

/// Where an *at() call finds `path`: a directory and what is left of the path, short enough for the kernel.
struct Place {
    const Fd &directory() const { return opened ? opened : root; }
    const Fd &root;
    Fd opened;
    std::string rest;
};
Place place_of(const Fd &root, std::string_view path);

}  // namespace osb::store::detail
