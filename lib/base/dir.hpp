// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "lib/base/fd.hpp"
#include "lib/base/tree_path.hpp"

namespace osb {

/// What happens when the last component of a path is a symlink.
enum class Symlinks { follow, refuse };

/// A directory one cannot climb out of: every path given to it is a TreePath, and symlinks met on the way (also
/// absolute ones, also `..` in their targets) are resolved as if this directory were `/`. Uses
/// openat2(RESOLVE_IN_ROOT), Linux 5.6.
class Dir {
public:
    /// Opens a directory of the host.
    static Dir open(const std::filesystem::path &path);
    explicit Dir(Fd fd) : fd_(std::move(fd)) {}

    const Fd &fd() const noexcept { return fd_; }

    /// Opens below this directory; O_CLOEXEC is added. Throws with errno; ELOOP when a final symlink is refused.
    Fd open_file(const TreePath &path, int flags, mode_t mode = 0, Symlinks symlinks = Symlinks::follow) const;
    Dir open_dir(const TreePath &path, Symlinks symlinks = Symlinks::follow) const;
    /// The directory that holds `path`'s last component, for *at() calls with path.name(). The root has no parent:
    /// throws.
    Dir open_parent(const TreePath &path) const;

    /// The entry itself (symlinks refused) or what it leads to; nullopt when there is none. Other failures throw.
    std::optional<struct stat> status(const TreePath &path, Symlinks symlinks = Symlinks::refuse) const;
    bool exists(const TreePath &path) const { return status(path, Symlinks::refuse).has_value(); }

    /// Makes the directory and its missing parents with `mode`; an existing directory is fine.
    Dir make_dirs(const TreePath &path, mode_t mode = 0755) const;
    /// Writes a regular file anew; a symlink, FIFO or device in its place is replaced, not followed or written to.
    void write_file(const TreePath &path, std::string_view text, mode_t mode = 0644) const;
    /// Throws (Blame::build) for what is not a regular file.
    std::string read_file(const TreePath &path, size_t limit = size_t{1} << 30) const;
    std::optional<std::string> read_file_if_exists(const TreePath &path, size_t limit = size_t{1} << 30) const;
    std::string read_link(const TreePath &path) const;
    /// Names of the entries without `.` and `..`, sorted by bytes.
    std::vector<std::string> names() const;

private:
    Fd fd_;
};

/// Removes `name` in `parent` and all below it, however deep and whatever modes it has; what is not there is not an
/// error. Immutable and append-only flags are cleared when in the way, but `parent` stays as it is. A mount point in
/// it, or it being one, is an Error (EBUSY), so that nothing outside is ever removed.
void remove_tree(const Fd &parent, const std::string &name);
void remove_tree(const std::filesystem::path &path);

}  // namespace osb
