// SPDX-License-Identifier: Apache-2.0
#include "lib/base/tree_walk.hpp"

#include <algorithm>
#include <array>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb {
namespace {

struct CloseDir {
    void operator()(DIR *dir) const { ::closedir(dir); }
};

struct Child {
    std::string name;
    struct stat status;
};

bool before(const Child &a, const Child &b) {
    const auto shared = std::min(a.name.size(), b.name.size());
    if (const int order = a.name.compare(0, shared, b.name, 0, shared); order != 0) return order < 0;
    if (a.name.size() == b.name.size()) return false;
    // One name is the beginning of the other: the shorter one goes on with '/' when it is a directory, else it ends.
    const bool a_shorter = a.name.size() < b.name.size();
    const Child &shorter = a_shorter ? a : b;
    const Child &longer = a_shorter ? b : a;
    const bool shorter_first = !S_ISDIR(shorter.status.st_mode) ||
                               static_cast<unsigned char>(longer.name[shared]) >= static_cast<unsigned char>('/');
    return shorter_first == a_shorter;
}

std::vector<Child> children_of(const Fd &dir, const std::string &path) {
    const std::unique_ptr<DIR, CloseDir> list(::fdopendir(dir.duplicate().release()));
    if (!list) check(-1, "list /{}", path);
    ::rewinddir(list.get());
    std::vector<Child> children;
    errno = 0;
    while (const dirent *entry = ::readdir(list.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") {
            Child &child = children.emplace_back();
            child.name = name;
            check(::fstatat(dir.get(), entry->d_name, &child.status, AT_SYMLINK_NOFOLLOW), "stat /{}/{}", path, name);
        }
        errno = 0;
    }
    if (errno != 0) check(-1, "list /{}", path);
    std::ranges::sort(children, before);
    return children;
}

void walk_below(const Fd &dir, std::string &path, const std::function<void(const TreeEntry &)> &visit) {
    for (const Child &child : children_of(dir, path)) {
        const size_t length = path.size();
        if (!path.empty()) path += '/';
        path += child.name;
        visit(TreeEntry{.path = path, .name = child.name, .parent = dir, .status = child.status});
        if (S_ISDIR(child.status.st_mode)) {
            const Fd below(
                check(::openat(dir.get(), child.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                      "open /{}", path));
            walk_below(below, path, visit);
        }
        path.resize(length);
    }
}

}  // namespace

Fd TreeEntry::open() const {
    if (is_root()) return parent.duplicate();
    const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC;
    int fd = ::openat(parent.get(), name.c_str(), flags | O_NOATIME);
    if (fd == -1 && errno == EPERM) fd = ::openat(parent.get(), name.c_str(), flags);
    return Fd(check(fd, "open /{}", path));
}

std::string TreeEntry::link_target() const {
    std::array<char, 4097> room{};
    const ssize_t count =
        check(::readlinkat(parent.get(), name.c_str(), room.data(), room.size()), "read link /{}", path);
    return {room.data(), static_cast<size_t>(count)};
}

std::vector<Xattr> read_xattrs(const TreeEntry &entry) {
    // The l… calls take no directory descriptor; /proc/self/fd/N/NAME does the same without following the last
    // component.
    const std::string where = entry.is_root() ? entry.parent.proc_path() : entry.parent.proc_path() + "/" + entry.name;
    const auto list = entry.is_root() ? ::listxattr : ::llistxattr;
    const auto get = entry.is_root() ? ::getxattr : ::lgetxattr;
    std::array<char, 4096> small{};
    std::string large;
    ssize_t size = list(where.c_str(), small.data(), small.size());
    std::string_view names(small.data(), size > 0 ? static_cast<size_t>(size) : 0);
    if (size == -1 && errno == ERANGE) {
        large.resize(65536);
        size = list(where.c_str(), large.data(), large.size());
        names = std::string_view(large.data(), size > 0 ? static_cast<size_t>(size) : 0);
    }
    if (size == -1 && (errno == ENOTSUP || errno == EPERM)) return {};
    check(size, "list extended attributes of /{}", entry.path);
    std::vector<Xattr> attributes;
    while (!names.empty()) {
        const std::string name(names.substr(0, names.find('\0')));
        names.remove_prefix(std::min(names.size(), name.size() + 1));
        // xfs shows root its own form of an ACL beside the one of acl(5).
        if (name == "trusted.SGI_ACL_FILE" || name == "trusted.SGI_ACL_DEFAULT") continue;
        std::string value(65536, '\0');
        const ssize_t length = get(where.c_str(), name.c_str(), value.data(), value.size());
        if (length == -1 && errno == ENODATA) continue;  // some file systems list what they then do not give
        check(length, "read extended attribute {} of /{}", name, entry.path);
        value.resize(static_cast<size_t>(length));
        attributes.emplace_back(name, std::move(value));
    }
    std::ranges::sort(attributes);
    return attributes;
}

void walk_tree(const Fd &root, const std::function<void(const TreeEntry &)> &visit) {
    struct stat status {};
    check(::fstat(root.get(), &status), "stat the tree");
    std::string path;
    const std::string no_name;
    visit(TreeEntry{.path = path, .name = no_name, .parent = root, .status = status});
    if (!S_ISDIR(status.st_mode)) return;
    const Fd dir(check(::openat(root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open the tree"));
    walk_below(dir, path, visit);
}

}  // namespace osb
