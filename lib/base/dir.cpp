// SPDX-License-Identifier: Apache-2.0
#include "lib/base/dir.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb {
namespace {

struct CloseDir {
    void operator()(DIR *dir) const { ::closedir(dir); }
};

int open_in_root(const Fd &root, const char *path, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<__u64>(flags | O_CLOEXEC);
    if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    long number = -1;
    // EAGAIN: the kernel could not rule out a concurrent rename of a parent (openat2(2)); trying again is the
    // documented answer.
    for (int tries = 0; tries < 64; tries++) {
        number = ::syscall(SYS_openat2, root.get(), path, &how, sizeof how);
        if (number != -1 || (errno != EAGAIN && errno != EINTR)) break;
    }
    return static_cast<int>(number);
}

/// Clears the inode flags that forbid unlinking, on the directory itself or on an entry in it. Best effort.
void allow_removal(int fd) {
    int flags = 0;
    if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
}

void allow_removal_of_entry(const Fd &dir, const char *name) {
    allow_removal(dir.get());
    const Fd entry(::openat(dir.get(), name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
    if (entry) allow_removal(entry.get());
}

void remove_entry(const Fd &dir, const char *name, int flags) {
    if (::unlinkat(dir.get(), name, flags) == 0 || errno == ENOENT) return;
    if (errno == EPERM || errno == EACCES) {
        allow_removal_of_entry(dir, name);
        ::fchmod(dir.get(), 0700);
        if (::unlinkat(dir.get(), name, flags) == 0 || errno == ENOENT) return;
    }
    check(-1, "remove {}", name);
}

void empty_directory(const Fd &dir, dev_t device);

void remove_below(const Fd &parent, const char *name, dev_t device) {
    Fd fd(::openat(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == EACCES) {
        ::fchmodat(parent.get(), name, 0700, 0);
        fd = Fd(::openat(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    if (!fd && errno == ENOENT) return;
    check(fd.get(), "open {}", name);
    in_context([&] { empty_directory(fd, device); }, "{}", name);
    remove_entry(parent, name, AT_REMOVEDIR);
}

void empty_directory(const Fd &dir, dev_t device) {
    struct stat status {};
    check(::fstat(dir.get(), &status), "stat a directory to remove");
    if (status.st_dev != device) throw_errno(EXDEV, "remove a directory on which another file system is mounted");
    std::unique_ptr<DIR, CloseDir> list(::fdopendir(dir.duplicate().release()));
    if (!list) check(-1, "list a directory to remove");
    ::rewinddir(list.get());
    while (const dirent *entry = ::readdir(list.get())) {
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (entry->d_type == DT_DIR) {
            remove_below(dir, name.c_str(), device);
        } else if (entry->d_type == DT_UNKNOWN) {
            struct stat what {};
            if (::fstatat(dir.get(), name.c_str(), &what, AT_SYMLINK_NOFOLLOW) == -1) continue;
            if (S_ISDIR(what.st_mode))
                remove_below(dir, name.c_str(), device);
            else
                remove_entry(dir, name.c_str(), 0);
        } else {
            remove_entry(dir, name.c_str(), 0);
        }
    }
}

}  // namespace

Dir Dir::open(const std::filesystem::path &path) {
    return Dir(osb::open_file(path, O_RDONLY | O_DIRECTORY));
}

Fd Dir::open_file(const TreePath &path, int flags, mode_t mode, Symlinks symlinks) const {
    if (symlinks == Symlinks::refuse) flags |= O_NOFOLLOW;
    return Fd(check(open_in_root(fd_, path.c_str(), flags, mode), "open {} in the tree", path.absolute()));
}

Dir Dir::open_dir(const TreePath &path, Symlinks symlinks) const {
    return Dir(open_file(path, O_RDONLY | O_DIRECTORY, 0, symlinks));
}

std::optional<struct stat> Dir::status(const TreePath &path, Symlinks symlinks) const {
    const int flags = O_PATH | (symlinks == Symlinks::refuse ? O_NOFOLLOW : 0);
    const Fd fd(open_in_root(fd_, path.c_str(), flags, 0));
    if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    check(fd.get(), "look up {} in the tree", path.absolute());
    struct stat status {};
    check(::fstat(fd.get(), &status), "stat {} in the tree", path.absolute());
    return status;
}

Dir Dir::make_dirs(const TreePath &path, mode_t mode) const {
    if (path.is_root()) return Dir(fd_.duplicate());
    const Fd there(open_in_root(fd_, path.c_str(), O_RDONLY | O_DIRECTORY, 0));
    if (there) return Dir(there.duplicate());
    if (errno != ENOENT) check(-1, "open {} in the tree", path.absolute());
    const Dir parent = make_dirs(path.parent(), mode);
    if (::mkdirat(parent.fd().get(), path.name().c_str(), mode) == -1 && errno != EEXIST)
        check(-1, "make directory {} in the tree", path.absolute());
    return open_dir(path);
}

void Dir::write_file(const TreePath &path, std::string_view text, mode_t mode) const {
    const Dir parent = open_parent(path);
    const std::string name = path.name();
    struct stat status {};
    if (::fstatat(parent.fd().get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
        check(::unlinkat(parent.fd().get(), name.c_str(), 0), "replace {} in the tree", path.absolute());
    const Fd fd(
        check(::openat(parent.fd().get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode),
              "create {} in the tree", path.absolute()));
    write_all(fd, text, path.absolute());
}

std::string Dir::read_file(const TreePath &path, size_t limit) const {
    return read_all(open_file(path, O_RDONLY), path.absolute(), limit);
}

std::optional<std::string> Dir::read_file_if_exists(const TreePath &path, size_t limit) const {
    try {
        return read_file(path, limit);
    } catch (const Error &error) {
        if (error.is(std::errc::no_such_file_or_directory) || error.is(std::errc::not_a_directory)) return std::nullopt;
        throw;
    }
}

std::string Dir::read_link(const TreePath &path) const {
    std::array<char, 4097> room{};
    const Dir parent = open_parent(path);
    const ssize_t count = check(::readlinkat(parent.fd().get(), path.name().c_str(), room.data(), room.size()),
                                "read link {} in the tree", path.absolute());
    return {room.data(), static_cast<size_t>(count)};
}

std::vector<std::string> Dir::names() const {
    Fd again(check(::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "list a directory"));
    const std::unique_ptr<DIR, CloseDir> list(::fdopendir(again.get()));
    if (!list) check(-1, "list a directory");
    (void)again.release();
    std::vector<std::string> names;
    errno = 0;
    while (const dirent *entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        errno = 0;
    }
    if (errno != 0) check(-1, "list a directory");
    std::ranges::sort(names);
    return names;
}

void remove_tree(const Fd &parent, const std::string &name) {
    struct stat status {};
    if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == -1) {
        if (errno == ENOENT) return;
        check(-1, "remove {}", name);
    }
    in_context(
        [&] {
            if (S_ISDIR(status.st_mode))
                remove_below(parent, name.c_str(), status.st_dev);
            else
                remove_entry(parent, name.c_str(), 0);
        },
        "remove tree");
}

void remove_tree(const std::filesystem::path &path) {
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Fd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return;
    check(fd.get(), "remove {}: open its directory", path.native());
    remove_tree(fd, path.filename().native());
}

}  // namespace osb
