// SPDX-License-Identifier: Apache-2.0
#include "lib/base/dir.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
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

}  // namespace

Dir Dir::open(const std::filesystem::path &path) {
    return Dir(osb::open_file(path, O_RDONLY | O_DIRECTORY));
}

Dir Dir::open_parent(const TreePath &path) const {
    if (path.is_root()) fail(Blame::usage, "the root of the tree is in no directory");
    return open_dir(path.parent());
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
    // Nor is a FIFO waited for, nor a device written to.
    if (::fstatat(parent.fd().get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(status.st_mode) &&
        !S_ISDIR(status.st_mode))
        check(::unlinkat(parent.fd().get(), name.c_str(), 0), "replace {} in the tree", path.absolute());
    const Fd fd(
        check(::openat(parent.fd().get(), name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode),
              "create {} in the tree", path.absolute()));
    write_all(fd, text, path.absolute());
}

std::string Dir::read_file(const TreePath &path, size_t limit) const {
    // In somebody's tree a FIFO may stand where a file is expected: it must not hold us up.
    const Fd fd = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status {};
    check(::fstat(fd.get(), &status), "stat {} in the tree", path.absolute());
    if (S_ISDIR(status.st_mode)) throw_errno(EISDIR, "read {} in the tree", path.absolute());
    if (!S_ISREG(status.st_mode)) fail(Blame::build, "read {} in the tree: it is not a regular file", path.absolute());
    return read_all(fd, path.absolute(), limit);
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

}  // namespace osb
