// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// What becomes of a file that is where a copy goes.
enum class Existing {
    written_through,  ///< a file keeps its inode, a link to a file is followed inside the destination
    removed_first,    ///< whatever it is, unless it is a directory
};

/// Copies files and directories as `cp -a` of GNU coreutils does: modes, owners, times, extended attributes and hard
/// links, by reflink where the file system can, holes kept. Links are copied, not followed. Directories are merged into
/// existing ones, which take over the metadata of those copied.
class TreeCopier {
public:
    TreeCopier(const Dir &from, const Dir &to, Existing existing) : from_(from), to_(to), existing_(existing) {}

    /// Copies the entry `from` to be the entry `to`, whose parent must exist.
    void copy(const TreePath &from, const TreePath &to);

private:
    using Inode = std::pair<dev_t, ino_t>;
    struct Place;  // an entry: its directory and name
    void copy_entry(const Place &from, const Place &to);
    void copy_directory(const Place &from, const Place &to, const struct stat &status, bool exists);
    void copy_regular(const Place &from, const Place &to, const struct stat &status, bool exists);

    const Dir &from_;
    const Dir &to_;
    Existing existing_;
    std::map<Inode, TreePath> linked_;  // sources with several names → their first copy
    std::set<Inode> made_;              // directories this copy made: never to be copied into themselves
};

}  // namespace osb::stages
