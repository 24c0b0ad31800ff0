// SPDX-License-Identifier: Apache-2.0
#include "lib/store/clone.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/tree_walk.hpp"
#include "lib/store/copy_file.hpp"
#include "lib/store/deep_path.hpp"

namespace osb::store {
namespace {

/// Flags a program in the tree can notice. They are given last: the first two forbid nearly everything else.
constexpr int kept_flags = FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_SYNC_FL | FS_DIRSYNC_FL;

struct CloseDir {
    void operator()(DIR *dir) const { ::closedir(dir); }
};

struct Child {
    ino_t inode;
    std::string name;
};

/// In the order of inodes, in which disks read faster than in the order of the directory's hashes.
std::vector<Child> children_of(const Fd &directory) {
    const std::unique_ptr<DIR, CloseDir> list(::fdopendir(directory.duplicate().release()));
    if (!list) check(-1, "list it");
    ::rewinddir(list.get());
    std::vector<Child> children;
    errno = 0;
    while (const dirent *entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") children.push_back({entry->d_ino, std::string(name)});
        errno = 0;
    }
    if (errno != 0) check(-1, "list it");
    std::ranges::sort(children, {}, &Child::inode);
    return children;
}

std::array<timespec, 2> times_of(const struct stat &status) {
    return {status.st_atim, status.st_mtim};
}

/// The order matters: a new owner takes set-id bits and capabilities away, a mode changes an ACL.
void set_owner_and_mode(const Fd &to, const struct stat &status) {
    check(::fchown(to.get(), status.st_uid, status.st_gid), "set its owner");
    check(::fchmod(to.get(), status.st_mode & 07777), "set its mode");
}

void copy_xattrs(const TreeEntry &from, const Fd &to_directory) {
    const auto attributes = read_xattrs(from);
    if (attributes.empty()) return;
    // The l… calls take no directory descriptor; /proc/self/fd/N/NAME does the same.
    const std::string place = to_directory.proc_path() + (from.is_root() ? "" : "/" + from.name);
    const auto set = from.is_root() ? ::setxattr : ::lsetxattr;
    for (const auto &[name, value] : attributes)
        check(set(place.c_str(), name.c_str(), value.data(), value.size(), 0), "set its extended attribute {}", name);
}

class Cloner {
public:
    Cloner(const Fd &from, const Fd &to, CloneBy by) : from_(from), to_(to), copier_(by) {}

    void run() {
        struct stat status {};
        check(::fstat(from_.get(), &status), "stat the tree");
        const std::string no_name;
        const TreeEntry root{.path = path_, .name = no_name, .parent = from_, .status = status};
        clone_content(from_, to_);
        finish_directory(root, from_, to_, to_);
        give_flags();
    }

private:
    void clone_content(const Fd &from, const Fd &to) {
        for (const Child &child : children_of(from)) {
            const size_t length = path_.size();
            if (!path_.empty()) path_ += '/';
            path_ += child.name;
            in_context([&] { clone_child(from, to, child.name); }, "{}", child.name);
            path_.resize(length);
        }
    }

    void clone_child(const Fd &from, const Fd &to, const std::string &name) {
        struct stat status {};
        check(::fstatat(from.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "stat it");
        const TreeEntry entry{.path = path_, .name = name, .parent = from, .status = status};
        if (entry.is_directory()) {
            clone_directory(entry, to);
            return;
        }
        if (status.st_nlink > 1) {
            const auto [known, is_first] = first_names_.try_emplace({status.st_dev, status.st_ino}, path_);
            if (!is_first) {
                const auto place = detail::place_of(to_, known->second);
                check(::linkat(place.directory().get(), place.rest.c_str(), to.get(), name.c_str(), 0),
                      "link it to /{}", known->second);
                return;
            }
        }
        if (entry.is_regular())
            clone_regular(entry, to);
        else
            clone_special(entry, to);
    }

    void clone_directory(const TreeEntry &entry, const Fd &to) {
        const char *name = entry.name.c_str();
        const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
        check(::mkdirat(to.get(), name, 0700), "make it");
        const Fd below = detail::open_deep(entry.parent, entry.name, flags | O_NOATIME);
        const Fd to_below = detail::open_deep(to, entry.name, flags);
        clone_content(below, to_below);
        finish_directory(entry, below, to, to_below);
    }

    /// Last, because files made in a directory inherit from its ACL and change its times.
    void finish_directory(const TreeEntry &entry, const Fd &from, const Fd &to_parent, const Fd &to) {
        set_owner_and_mode(to, entry.status);
        copy_xattrs(entry, to_parent);
        note_flags(from);
        check(::futimens(to.get(), times_of(entry.status).data()), "set its times");
    }

    void clone_regular(const TreeEntry &entry, const Fd &to) {
        const Fd from = detail::open_deep(entry.parent, entry.name, O_RDONLY | O_NOATIME);
        const Fd copy(
            check(::openat(to.get(), entry.name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
                  "create it"));
        copier_.copy(from, copy, entry.status);
        set_owner_and_mode(copy, entry.status);
        if (::flistxattr(from.get(), nullptr, 0) != 0) copy_xattrs(entry, to);
        note_flags(from);
        check(::futimens(copy.get(), times_of(entry.status).data()), "set its times");
    }

    void clone_special(const TreeEntry &entry, const Fd &to) {
        const struct stat &status = entry.status;
        const char *name = entry.name.c_str();
        if (entry.is_symlink())
            check(::symlinkat(entry.link_target().c_str(), to.get(), name), "make the symlink");
        else
            check(::mknodat(to.get(), name, status.st_mode & (S_IFMT | 0600), status.st_rdev), "make the node");
        check(::fchownat(to.get(), name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW), "set its owner");
        if (!entry.is_symlink()) check(::fchmodat(to.get(), name, status.st_mode & 07777, 0), "set its mode");
        copy_xattrs(entry, to);
        check(::utimensat(to.get(), name, times_of(status).data(), AT_SYMLINK_NOFOLLOW), "set its times");
    }

    void note_flags(const Fd &from) {
        int flags = 0;
        if (::ioctl(from.get(), FS_IOC_GETFLAGS, &flags) == 0 && (flags & kept_flags) != 0)
            flags_.emplace_back(path_, flags & kept_flags);
    }

    void give_flags() const {
        // Content before its directories: it was noted in that order.
        for (const auto &[path, flags] : flags_) {
            const Fd fd = detail::open_deep(to_, path, O_RDONLY);
            int all = 0;
            check(::ioctl(fd.get(), FS_IOC_GETFLAGS, &all), "read the flags of /{}", path);
            all |= flags;
            check(::ioctl(fd.get(), FS_IOC_SETFLAGS, &all), "set the flags of /{}", path);
        }
    }

    const Fd &from_;
    const Fd &to_;
    detail::FileCopier copier_;
    std::string path_;
    std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
    std::vector<std::pair<std::string, int>> flags_;
};

}  // namespace

void clone_tree(const Fd &from, const Fd &to, CloneBy by) {
    Cloner(from, to, by).run();
}

TreeSize size_of_tree(const Fd &root) {
    TreeSize size;
    std::set<std::pair<dev_t, ino_t>> seen;
    walk_tree(root, [&](const TreeEntry &entry) {
        const struct stat &status = entry.status;
        if (!entry.is_directory() && status.st_nlink > 1 && !seen.emplace(status.st_dev, status.st_ino).second) return;
        size.bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
        size.files++;
    });
    return size;
}

}  // namespace osb::store
