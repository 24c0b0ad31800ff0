// SPDX-License-Identifier: Apache-2.0
#include "tests/oci/tree_maker.hpp"

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <map>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/sha256.hpp"
#include "lib/base/tree_walk.hpp"

namespace osb::oci::test {
namespace {

namespace fs = std::filesystem;

void set_xattr(const fs::path &path, const char *name, std::string_view value) {
    check(::lsetxattr(path.c_str(), name, value.data(), value.size(), 0), "set {} of {}", name, path.native());
}

void set_time(const fs::path &path, time_t seconds, long nanoseconds) {
    const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = nanoseconds},
                               {.tv_sec = seconds, .tv_nsec = nanoseconds}};
    check(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), "set time of {}", path.native());
}

void make_node(const fs::path &path, mode_t mode, dev_t device) {
    check(::mknod(path.c_str(), mode, device), "make {}", path.native());
    check(::chmod(path.c_str(), mode & 07777), "chmod {}", path.native());
}

/// cap_net_raw=ep (linux/capability.h, struct vfs_cap_data, revision 2).
std::string file_capability() {
    return {"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20};
}

/// user::rw-, user:123456:r--, group::r--, mask::r--, other::---
std::string access_acl() {
    return {
        "\x02\x00\x00\x00"
        "\x01\x00\x06\x00\xff\xff\xff\xff"
        "\x02\x00\x04\x00\x40\xe2\x01\x00"
        "\x04\x00\x04\x00\xff\xff\xff\xff"
        "\x10\x00\x04\x00\xff\xff\xff\xff"
        "\x20\x00\x00\x00\xff\xff\xff\xff",
        44};
}

using Step = std::function<void(const fs::path &)>;

const std::vector<Step> &steps() {
    static const std::vector<Step> list{
        [](const fs::path &root) { fs::create_directory(root / "empty"); },
        [](const fs::path &root) {
            write_file(root / "su", "#!", 0755);
            check(::chmod((root / "su").c_str(), 04755), "chmod su");
        },
        [](const fs::path &root) {
            write_file(root / "owned", "x", 0640);
            check(::chown((root / "owned").c_str(), 1234, 3'000'000), "chown owned");
        },
        [](const fs::path &root) {
            fs::create_directory(root / "sticky");
            check(::chmod((root / "sticky").c_str(), 01777), "chmod sticky");
        },
        [](const fs::path &root) {
            write_file(root / "a.first", std::string(3'000'000, 'f'));
            fs::create_hard_link(root / "a.first", root / "second");
            fs::create_directory(root / "a");
            fs::create_hard_link(root / "a.first", root / "a/third");
        },
        [](const fs::path &root) {
            fs::create_symlink("../outside/nowhere", root / "dangling");
            check(::lchown((root / "dangling").c_str(), 7, 8), "chown dangling");
        },
        [](const fs::path &root) { fs::create_symlink(std::string(300, 't'), root / "long-link"); },
        [](const fs::path &root) {
            fs::create_symlink("target", root / "linked-link");
            check(::link((root / "linked-link").c_str(), (root / "linked-link-2").c_str()), "link a symlink");
        },
        [](const fs::path &root) { make_node(root / "null", S_IFCHR | 0666, makedev(1, 3)); },
        [](const fs::path &root) { make_node(root / "disk", S_IFBLK | 0660, makedev(259, 70'000)); },
        [](const fs::path &root) { make_node(root / "fifo", S_IFIFO | 0600, 0); },
        [](const fs::path &root) {
            write_file(root / "xattr", "x");
            set_xattr(root / "xattr", "user.binary", std::string_view("\0=\n\xff", 4));
            set_xattr(root / "xattr", "user.empty", "");
            set_xattr(root / "xattr", "user.a=b%", "odd key");
            set_xattr(root / "xattr", "trusted.osb", "t");
        },
        [](const fs::path &root) {
            write_file(root / "ping", "x", 0755);
            set_xattr(root / "ping", "security.capability", file_capability());
        },
        [](const fs::path &root) {
            write_file(root / "acl", "x", 0640);
            set_xattr(root / "acl", "system.posix_acl_access", access_acl());
            fs::create_directory(root / "acl.d");
            set_xattr(root / "acl.d", "system.posix_acl_default", access_acl());
        },
        [](const fs::path &root) { write_file(root / "latin-\xe4", "latin 1"); },
        [](const fs::path &root) { write_file(root / "utf-8-ä€😀", "utf-8"); },
        [](const fs::path &root) { write_file(root / std::string(255, 'n'), "longest name"); },
        [](const fs::path &root) {
            fs::path deep = root / "deep";
            for (int i = 0; i < 6; i++) deep /= std::string(60, 'd');
            fs::create_directories(deep);
            write_file(deep / "file", "deep");
            fs::create_hard_link(deep / "file", deep / "z-link");
            fs::create_symlink("latin-\xe4", root / "latin-link");
        },
        [](const fs::path &root) {
            const Fd fd = open_file(root / "sparse", O_WRONLY | O_CREAT, 0644);
            check(::pwrite(fd.get(), "middle", 6, 5'000'000), "write sparse");
            check(::ftruncate(fd.get(), 9'000'001), "truncate sparse");
        },
        [](const fs::path &root) {
            write_file(root / "old", "x");
            set_time(root / "old", -6, 500'000'000);
            write_file(root / "older", "x");
            set_time(root / "older", -86'400, 0);
            write_file(root / "future", "x");
            set_time(root / "future", 9'000'000'000, 0);
        },
        [](const fs::path &root) { write_file(root / "-rf", std::string(512, 'r')); },
    };
    return list;
}

char type_letter(mode_t mode) {
    if (S_ISDIR(mode)) return 'd';
    if (S_ISLNK(mode)) return 'l';
    if (S_ISCHR(mode)) return 'c';
    if (S_ISBLK(mode)) return 'b';
    if (S_ISFIFO(mode)) return 'p';
    return S_ISSOCK(mode) ? 's' : '-';
}

}  // namespace

void make_rich_tree(const fs::path &root, Order order) {
    std::vector<Step> list = steps();
    if (order == Order::backwards) std::ranges::reverse(list);
    for (const Step &step : list) step(root);
    // What the test has not set is the same in every tree, but not a round number.
    const Fd fd = open_root(root);
    std::vector<std::string> paths;
    walk_tree(fd, [&](const TreeEntry &entry) {
        if (entry.status.st_mtim.tv_sec > 0 && entry.status.st_mtim.tv_sec < 8'000'000'000) paths.push_back(entry.path);
    });
    for (const std::string &path : paths) set_time(root / path, 1'700'000'000, 123'456'789);
}

std::string describe(const fs::path &root, Times times) {
    std::string text;
    std::map<ino_t, std::string> first_names;
    const Fd fd = open_root(root);
    walk_tree(fd, [&](const TreeEntry &entry) {
        const struct stat &status = entry.status;
        text += format("{} {} {:o} {}:{}", entry.path, type_letter(status.st_mode), status.st_mode & 07777,
                       status.st_uid, status.st_gid);
        if (times != Times::ignored) text += format(" @{}", status.st_mtim.tv_sec);
        if (times == Times::exact) text += format(".{:09}", status.st_mtim.tv_nsec);
        if (entry.is_regular())
            text += format(" {} {}", status.st_size, Sha256::of(read_all(entry.open(), entry.path)).hex());
        if (entry.is_symlink()) text += " -> " + entry.link_target();
        if (entry.is_device()) text += format(" {}:{}", major(status.st_rdev), minor(status.st_rdev));
        if (!entry.is_directory() && status.st_nlink > 1)
            text += " = " + first_names.try_emplace(status.st_ino, entry.path).first->second;
        for (const auto &[name, value] : read_xattrs(entry))
            text += format(" {}={}", name, to_hex(std::as_bytes(std::span(value))));
        text += '\n';
    });
    return text;
}

Fd open_root(const fs::path &root) {
    return open_file(root, O_RDONLY | O_DIRECTORY);
}

}  // namespace osb::oci::test
