// SPDX-License-Identifier: Apache-2.0
#include "stages/home_directory.hpp"

#include <array>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "stages/etc_file.hpp"

namespace osb::stages {
namespace {

constexpr mode_t helper_umask = 022;

/// Fills one home directory.
class Skeleton {
public:
    Skeleton(const Dir &tree, const HomeDirectory &home, std::string source, HomeMaker maker)
        : tree_(tree), home_(home), source_(std::move(source)), maker_(maker) {}

    void copy_into(const Dir &from, const Dir &to, const TreePath &to_path) {
        for (const std::string &name : from.names())
            in_context([&] { copy(from, to, name, to_path / name); }, "{}", name);
    }

private:
    void copy(const Dir &from, const Dir &to, const std::string &name, const TreePath &to_path) {
        struct stat status {};
        check(::fstatat(from.fd().get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "stat it in the skeleton");
        if (S_ISDIR(status.st_mode)) {
            copy_directory(from, to, name, to_path, status);
        } else if (S_ISLNK(status.st_mode)) {
            const std::string target = link_target(from, name, status);
            check(::symlinkat(target.c_str(), to.fd().get(), name.c_str()), "make the link");
            own(to, name);
            keep_times(to, name, status);
        } else if (S_ISREG(status.st_mode)) {
            copy_file(from, to, name, to_path, status);
        } else if (maker_ == HomeMaker::useradd) {
            check(::mknodat(to.fd().get(), name.c_str(), status.st_mode & (S_IFMT | 07777), status.st_rdev), "make it");
            own(to, name);
            check(::fchmodat(to.fd().get(), name.c_str(), status.st_mode & 07777, 0), "change its mode");
            keep_times(to, name, status);
        }
    }

    void copy_directory(const Dir &from, const Dir &to, const std::string &name, const TreePath &to_path,
                        const struct stat &status) {
        check(::mkdirat(to.fd().get(), name.c_str(), 0700), "make the directory");
        const Dir made(open(to, name, O_RDONLY | O_DIRECTORY));
        copy_into(Dir(open(from, name, O_RDONLY | O_DIRECTORY)), made, to_path);
        check(::fchown(made.fd().get(), home_.uid, home_.gid), "change its owner");
        check(::fchmod(made.fd().get(), maker_ == HomeMaker::useradd ? status.st_mode & 07777 : 0777 & ~helper_umask),
              "change its mode");
        keep_times(to, name, status);
    }

    void copy_file(const Dir &from, const Dir &to, const std::string &name, const TreePath &to_path,
                   const struct stat &status) {
        if (maker_ == HomeMaker::useradd && status.st_nlink > 1) {
            const auto [known, first] = linked_.try_emplace(status.st_ino, to_path);
            if (!first) {
                const Dir parent = tree_.open_parent(known->second);
                check(::linkat(parent.fd().get(), known->second.name().c_str(), to.fd().get(), name.c_str(), 0),
                      "make the hard link");
                return;
            }
        }
        const std::string text = read_all(open(from, name, O_RDONLY | O_NONBLOCK), name);
        const Fd fd(
            check(::openat(to.fd().get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
                  "create it"));
        write_all(fd, text, name);
        check(::fchown(fd.get(), home_.uid, home_.gid), "change its owner");
        const mode_t mode = maker_ == HomeMaker::useradd ? status.st_mode : (status.st_mode | 0222) & ~helper_umask;
        check(::fchmod(fd.get(), mode & 07777), "change its mode");
        keep_times(to, name, status);
    }

    std::string link_target(const Dir &from, const std::string &name, const struct stat &) const {
        std::array<char, 4097> room{};
        const ssize_t count =
            check(::readlinkat(from.fd().get(), name.c_str(), room.data(), room.size()), "read the link");
        std::string target(room.data(), static_cast<size_t>(count));
        if (maker_ == HomeMaker::useradd && target.starts_with(source_)) target.replace(0, source_.size(), home_.path);
        return target;
    }

    static Fd open(const Dir &directory, const std::string &name, int flags) {
        return Fd(check(::openat(directory.fd().get(), name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC), "open it"));
    }

    void own(const Dir &to, const std::string &name) const {
        check(::fchownat(to.fd().get(), name.c_str(), home_.uid, home_.gid, AT_SYMLINK_NOFOLLOW), "change its owner");
    }

    void keep_times(const Dir &to, const std::string &name, const struct stat &status) const {
        if (maker_ != HomeMaker::useradd) return;
        const std::array<timespec, 2> times = {status.st_atim, status.st_mtim};
        check(::utimensat(to.fd().get(), name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW), "set its times");
    }

    const Dir &tree_;
    const HomeDirectory &home_;
    std::string source_;
    HomeMaker maker_;
    std::map<ino_t, TreePath> linked_;
};

}  // namespace

bool make_home(const Dir &tree, const HomeDirectory &home, const std::string &skeleton, HomeMaker maker) {
    const TreePath path(home.path);
    if (path.is_root() || tree.status(path, Symlinks::follow)) return false;
    const Dir made = make_config_dirs(tree, path);
    const TreePath source(skeleton);
    if (const auto status = tree.status(source, Symlinks::follow); status && S_ISDIR(status->st_mode))
        in_context([&] { Skeleton(tree, home, skeleton, maker).copy_into(tree.open_dir(source), made, path); },
                   "make the home {}", path.absolute());
    check(::fchown(made.fd().get(), home.uid, home.gid), "change the owner of {}", path.absolute());
    check(::fchmod(made.fd().get(), home.mode), "change the mode of {}", path.absolute());
    return true;
}

}  // namespace osb::stages
