// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "lib/base/fd.hpp"

namespace osb::store {

/// Whether files share their blocks after cloning.
enum class CloneBy { reflink, copy };

/// Makes the empty directory `to` a true copy of the directory `from`, on the same file system: owners, modes with
/// set-id bits, access and modification times in nanoseconds, all extended attributes (ACLs, file capabilities,
/// labels), hard links, holes, symlinks, devices, fifos, sockets and the flags of chattr(1) that can be seen. Does not
/// follow links, does not touch `from`. A file that cannot be reflinked is copied. When it throws, `to` is incomplete.
void clone_tree(const Fd &from, const Fd &to, CloneBy by);

/// Whether the file system that holds `directory` shares blocks between files (FICLONE). Tries it, without leaving
/// anything.
bool can_reflink(const Fd &directory);

/// What a copy of a tree takes up: blocks in bytes, and inodes.
struct TreeSize {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
};
TreeSize size_of_tree(const Fd &root);

}  // namespace osb::store
