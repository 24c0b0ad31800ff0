// SPDX-License-Identifier: Apache-2.0
#include "stages/etc_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"

namespace osb::stages {
namespace {

constexpr size_t config_limit = size_t{64} << 20;

void require_regular(const Fd &fd, const TreePath &path) {
    struct stat status {};
    check(::fstat(fd.get(), &status), "stat {} in the tree", path.absolute());
    if (!S_ISREG(status.st_mode)) fail(Blame::build, "{} in the tree is no regular file", path.absolute());
}

}  // namespace

std::optional<std::string> read_config(const Dir &tree, const TreePath &path) {
    if (!tree.status(path, Symlinks::follow)) return std::nullopt;
    const Fd fd = tree.open_file(path, O_RDONLY | O_NONBLOCK);
    require_regular(fd, path);
    return read_all(fd, path.absolute(), config_limit);
}

void overwrite_config(const Dir &tree, const TreePath &path, std::string_view text) {
    // Not O_TRUNC at once: what is not a regular file stays untouched.
    const Fd fd = tree.open_file(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0666);
    require_regular(fd, path);
    check(::ftruncate(fd.get(), 0), "empty {} in the tree", path.absolute());
    write_all(fd, text, path.absolute());
}

void create_config(const Dir &tree, const TreePath &path, std::string_view text, mode_t mode) {
    const Dir parent = make_config_dirs(tree, path.parent());
    const Fd fd(check(
        ::openat(parent.fd().get(), path.name().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode),
        "create {} in the tree", path.absolute()));
    check(::fchmod(fd.get(), mode), "set the mode of {}", path.absolute());
    write_all(fd, text, path.absolute());
}

void remove_config(const Dir &tree, const TreePath &path) {
    if (!tree.status(path)) return;
    const Dir parent = tree.open_parent(path);
    check(::unlinkat(parent.fd().get(), path.name().c_str(), 0), "remove {} in the tree", path.absolute());
    say(path.absolute() + " was there; it is replaced");
}

Dir make_config_dirs(const Dir &tree, const TreePath &path) {
    if (path.is_root() || tree.status(path, Symlinks::follow)) return tree.open_dir(path);
    const Dir parent = make_config_dirs(tree, path.parent());
    check(::mkdirat(parent.fd().get(), path.name().c_str(), 0755), "make directory {} in the tree", path.absolute());
    Dir made(Fd(check(::openat(parent.fd().get(), path.name().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                      "open {} in the tree", path.absolute())));
    check(::fchmod(made.fd().get(), 0755), "set the mode of {}", path.absolute());
    return made;
}

}  // namespace osb::stages
