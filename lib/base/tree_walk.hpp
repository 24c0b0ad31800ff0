// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <sys/stat.h>
#include <utility>
#include <vector>

#include "lib/base/fd.hpp"

namespace osb {

/// One entry met on a walk. Valid only during the call it is handed to.
struct TreeEntry {
    const std::string &path;    ///< below the root, without a leading slash; "" for the root itself
    const std::string &name;    ///< the last component; "" for the root
    const Fd &parent;           ///< the directory that holds it (for the root: the root)
    const struct stat &status;  ///< of the entry itself, links not followed

    bool is_root() const noexcept { return path.empty(); }
    bool is_directory() const noexcept { return S_ISDIR(status.st_mode); }
    bool is_regular() const noexcept { return S_ISREG(status.st_mode); }
    bool is_symlink() const noexcept { return S_ISLNK(status.st_mode); }
    bool is_device() const noexcept { return S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode); }

    /// Opens a regular file or directory for reading, links refused, without touching its access time where that is
    /// allowed.
    Fd open() const;
    std::string link_target() const;
};

/// An extended attribute: full name ("user.x", "security.capability") and raw value.
using Xattr = std::pair<std::string, std::string>;
/// All extended attributes of the entry itself, sorted by name; empty where the file system has none. The same on all
/// file systems: the second form in which xfs lists ACLs is left out.
std::vector<Xattr> read_xattrs(const TreeEntry &entry);

/// Calls `visit` for the root and everything below it: a directory before its content, siblings by the bytes of their
/// names, where a directory's name counts with a slash at its end. That is exactly the order in which the names of tar
/// entries sort. Stays on whatever is mounted; does not follow links.
void walk_tree(const Fd &root, const std::function<void(const TreeEntry &)> &visit);

}  // namespace osb
