// SPDX-License-Identifier: Apache-2.0
#include "stages/tree_copy.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <linux/fs.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/tree_walk.hpp"

namespace osb::stages {

struct TreeCopier::Place {
    const Fd &directory;
    std::string name;
    TreePath path;

    const char *c_name() const { return name.c_str(); }
    std::string text() const { return path.absolute(); }
};

namespace {

constexpr size_t block = size_t{1} << 20;

Fd open_at(const Fd &directory, const char *name, int flags, const std::string &what, mode_t mode = 0) {
    return Fd(check(::openat(directory.get(), name, flags | O_NOFOLLOW | O_CLOEXEC, mode), "open {}", what));
}

/// Copies the bytes between two offsets; by descriptor where the kernel can.
void copy_range(const Fd &from, const Fd &to, off_t begin, off_t end, const std::string &what) {
    std::vector<char> room;
    while (begin < end) {
        if (room.empty()) {
            off_t in = begin;
            off_t out = begin;
            const ssize_t count =
                ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<size_t>(end - begin), 0);
            if (count > 0) {
                begin += count;
                continue;
            }
            if (count == 0) return;  // the file got shorter
            room.resize(block);      // another file system, or none that can
        }
        const ssize_t count =
            ::pread(from.get(), room.data(), std::min<size_t>(room.size(), static_cast<size_t>(end - begin)), begin);
        if (check(count, "read {}", what) == 0) return;
        for (ssize_t done = 0; done < count;)
            done += check(::pwrite(to.get(), room.data() + done, static_cast<size_t>(count - done), begin + done),
                          "write {}", what);
        begin += count;
    }
}

/// All the data, holes left as holes.
void copy_data(const Fd &from, const Fd &to, off_t size, const std::string &what) {
    if (size == 0 || ::ioctl(to.get(), FICLONE, from.get()) == 0) return;
    for (off_t at = 0; at < size;) {
        const off_t data = ::lseek(from.get(), at, SEEK_DATA);
        if (data == -1 && errno == ENXIO) break;  // only a hole is left
        const off_t begin = data == -1 ? at : data;
        const off_t hole = data == -1 ? -1 : ::lseek(from.get(), begin, SEEK_HOLE);
        const off_t end = hole == -1 ? size : std::min(hole, size);
        copy_range(from, to, begin, end, what);
        at = end;
    }
    check(::ftruncate(to.get(), size), "write {}", what);
}

bool tolerated(int number) {
    return number == ENOTSUP || number == EPERM || number == ENODATA || number == EINVAL;
}

/// An access list that only the destination has goes away; other attributes of its own stay, as with cp.
void drop_access_list(const std::string &path, const char *name, const std::vector<Xattr> &kept) {
    if (std::ranges::find(kept, name, &Xattr::first) == kept.end()) ::lremovexattr(path.c_str(), name);
}

std::vector<Xattr> xattrs_of(const Fd &directory, const std::string &name, const struct stat &status) {
    return read_xattrs(TreeEntry{.path = name, .name = name, .parent = directory, .status = status});
}

}  // namespace

namespace {

/// Owner, attributes, mode and times of an entry that exists. `what` is for errors.
void copy_metadata(const Fd &from, const std::string &from_name, const struct stat &status, const Fd &to,
                   const char *to_name, const std::string &what) {
    check(::fchownat(to.get(), to_name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW), "change the owner of {}",
          what);
    const std::string path = to.proc_path() + "/" + to_name;  // the last component is not followed by the l…xattr calls
    const std::vector<Xattr> xattrs = xattrs_of(from, from_name, status);
    for (const auto &[name, value] : xattrs) {
        if (::lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0) == -1 && !tolerated(errno))
            check(-1, "set the attribute {} of {}", name, what);
    }
    if (!S_ISLNK(status.st_mode)) {
        drop_access_list(path, "system.posix_acl_access", xattrs);
        if (S_ISDIR(status.st_mode)) drop_access_list(path, "system.posix_acl_default", xattrs);
        const Fd entry = open_at(to, to_name, O_PATH, what);
        check(::chmod(entry.proc_path().c_str(), status.st_mode & 07777), "change the mode of {}", what);
    }
    const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
    check(::utimensat(to.get(), to_name, times.data(), AT_SYMLINK_NOFOLLOW), "set the times of {}", what);
}

std::string link_target(const Fd &directory, const std::string &name, const std::string &what) {
    std::array<char, 4097> room{};
    const ssize_t count =
        check(::readlinkat(directory.get(), name.c_str(), room.data(), room.size()), "read link {}", what);
    return {room.data(), static_cast<size_t>(count)};
}

}  // namespace

void TreeCopier::copy(const TreePath &from, const TreePath &to) {
    // The root has no name in a parent; "." stands for it, in itself.
    const Dir from_parent = from_.open_dir(from.is_root() ? from : from.parent());
    const Dir to_parent = to_.open_dir(to.is_root() ? to : to.parent());
    copy_entry({from_parent.fd(), from.is_root() ? "." : from.name(), from},
               {to_parent.fd(), to.is_root() ? "." : to.name(), to});
}

void TreeCopier::copy_entry(const Place &from, const Place &to) {
    struct stat status {};
    check(::fstatat(from.directory.get(), from.c_name(), &status, AT_SYMLINK_NOFOLLOW), "stat {}", from.text());
    const bool regular = S_ISREG(status.st_mode);
    const bool directory = S_ISDIR(status.st_mode);
    const bool through = regular && existing_ == Existing::written_through;
    struct stat there {};
    bool exists = ::fstatat(to.directory.get(), to.c_name(), &there, AT_SYMLINK_NOFOLLOW) == 0;
    if (exists && through && S_ISLNK(there.st_mode)) {
        const auto behind = to_.status(to.path, Symlinks::follow);
        if (!behind)
            fail(Blame::build, "copy {}: {} is a link to nowhere; it is not written through", from.text(), to.text());
        there = *behind;
    }
    if (exists && !directory && there.st_dev == status.st_dev && there.st_ino == status.st_ino)
        fail(Blame::build, "{} and {} are the same file", from.text(), to.text());
    if (exists && directory && !S_ISDIR(there.st_mode))
        fail(Blame::build, "the directory {} cannot replace {}, which is none", from.text(), to.text());
    if (exists && !directory && S_ISDIR(there.st_mode))
        fail(Blame::build, "{} cannot replace the directory {}", from.text(), to.text());
    // cp breaks the hard links of what it writes to when it preserves links itself.
    if (exists && !directory && (!through || there.st_nlink > 1)) {
        check(::unlinkat(to.directory.get(), to.c_name(), 0), "remove {}", to.text());
        exists = false;
    }
    if (directory) return copy_directory(from, to, status, exists);
    if (status.st_nlink > 1) {
        const auto [known, first] = linked_.try_emplace({status.st_dev, status.st_ino}, to.path);
        if (!first) {
            if (exists) check(::unlinkat(to.directory.get(), to.c_name(), 0), "remove {}", to.text());
            const Dir parent = to_.open_parent(known->second);
            check(::linkat(parent.fd().get(), known->second.name().c_str(), to.directory.get(), to.c_name(), 0),
                  "link {} to {}", to.text(), known->second.absolute());
            return;
        }
    }
    if (regular) return copy_regular(from, to, status, exists);
    if (S_ISLNK(status.st_mode)) {
        const std::string target = link_target(from.directory, from.name, from.text());
        check(::symlinkat(target.c_str(), to.directory.get(), to.c_name()), "make link {}", to.text());
    } else {
        check(::mknodat(to.directory.get(), to.c_name(), status.st_mode & (S_IFMT | 0600), status.st_rdev), "make {}",
              to.text());
    }
    copy_metadata(from.directory, from.name, status, to.directory, to.c_name(), to.text());
}

void TreeCopier::copy_directory(const Place &from, const Place &to, const struct stat &status, bool exists) {
    if (made_.contains({status.st_dev, status.st_ino}))
        fail(Blame::build, "the directory {} cannot be copied into itself", from.text());
    if (!exists) check(::mkdirat(to.directory.get(), to.c_name(), 0700), "make directory {}", to.text());
    const Dir to_dir(open_at(to.directory, to.c_name(), O_RDONLY | O_DIRECTORY, to.text()));
    if (!exists) {
        struct stat made {};
        check(::fstat(to_dir.fd().get(), &made), "stat {}", to.text());
        made_.insert({made.st_dev, made.st_ino});
    }
    const Dir from_dir(open_at(from.directory, from.c_name(), O_RDONLY | O_DIRECTORY, from.text()));
    for (const std::string &name : from_dir.names())
        copy_entry({from_dir.fd(), name, from.path / name}, {to_dir.fd(), name, to.path / name});
    copy_metadata(from.directory, from.name, status, to.directory, to.c_name(), to.text());
}

void TreeCopier::copy_regular(const Place &from, const Place &to, const struct stat &status, bool exists) {
    const Fd in = open_at(from.directory, from.c_name(), O_RDONLY, from.text());
    if (!exists) {
        const Fd out = open_at(to.directory, to.c_name(), O_WRONLY | O_CREAT | O_EXCL, to.text(), 0600);
        copy_data(in, out, status.st_size, to.text());
        return copy_metadata(from.directory, from.name, status, to.directory, to.c_name(), to.text());
    }
    // Links in the destination are resolved in its root, so the file is looked up by its whole path.
    const Fd out = to_.open_file(to.path, O_WRONLY | O_NONBLOCK);
    struct stat there {};
    check(::fstat(out.get(), &there), "stat {}", to.text());
    if (!S_ISREG(there.st_mode)) fail(Blame::build, "{} is no regular file; it is not written to", to.text());
    check(::ftruncate(out.get(), 0), "empty {}", to.text());
    copy_data(in, out, status.st_size, to.text());
    // The metadata go to the file behind the link.
    check(::fchown(out.get(), status.st_uid, status.st_gid), "change the owner of {}", to.text());
    const std::vector<Xattr> xattrs = xattrs_of(from.directory, from.name, status);
    for (const auto &[name, value] : xattrs)
        if (::fsetxattr(out.get(), name.c_str(), value.data(), value.size(), 0) == -1 && !tolerated(errno))
            check(-1, "set the attribute {} of {}", name, to.text());
    if (std::ranges::find(xattrs, "system.posix_acl_access", &Xattr::first) == xattrs.end())
        ::fremovexattr(out.get(), "system.posix_acl_access");
    check(::fchmod(out.get(), status.st_mode & 07777), "change the mode of {}", to.text());
    const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
    check(::futimens(out.get(), times.data()), "set the times of {}", to.text());
}

}  // namespace osb::stages
