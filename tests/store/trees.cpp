// SPDX-License-Identifier: Apache-2.0
#include "tests/store/trees.hpp"

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/sha256.hpp"
#include "lib/base/tree_walk.hpp"
#include "lib/store/treesum.hpp"

namespace osb::test {
namespace {

using Path = std::filesystem::path;

std::string le(std::initializer_list<std::pair<std::uint32_t, int>> fields) {
    std::string out;
    for (auto [value, size] : fields)
        for (int i = 0; i < size; i++, value >>= 8) out += static_cast<char>(value & 0xff);
    return out;
}

// acl(5) as the kernel keeps it (linux/posix_acl_xattr.h): version 2, then tag, permissions, id.
std::string acl() {
    return le({{2, 4},
               {0x01, 2},
               {6, 2},
               {~0U, 4},
               {0x02, 2},
               {4, 2},
               {1000, 4},
               {0x04, 2},
               {4, 2},
               {~0U, 4},
               {0x10, 2},
               {4, 2},
               {~0U, 4},
               {0x20, 2},
               {4, 2},
               {~0U, 4}});
}
// capabilities(7): version 2, effective; cap_net_bind_service.
std::string capability() {
    return le({{0x02000001, 4}, {1U << 10, 4}, {0, 4}, {0, 4}, {0, 4}});
}

void set_xattr(const Path &path, const char *name, std::string_view value) {
    check(::lsetxattr(path.c_str(), name, value.data(), value.size(), 0), "set {} of {}", name, path.native());
}

void set_times(const Path &path, timespec access, timespec modified) {
    const std::array<timespec, 2> times{access, modified};
    check(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW), "set the times of {}", path.native());
}

void own(const Path &path, uid_t uid, gid_t gid) {
    check(::lchown(path.c_str(), uid, gid), "chown {}", path.native());
}

void set_flags(const Path &path, int flags) {
    const Fd fd = open_file(path, O_RDONLY);
    int all = 0;
    if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &all) == -1) return;
    all |= flags;
    ::ioctl(fd.get(), FS_IOC_SETFLAGS, &all);
}

void make_sparse(const Path &path) {
    const Fd fd = open_file(path, O_RDWR | O_CREAT, 0640);
    const std::string text(70000, 'x');
    check(::pwrite(fd.get(), text.data(), text.size(), 3 << 20), "write");
    check(::pwrite(fd.get(), text.data(), 1, 9 << 20), "write");
    check(::ftruncate(fd.get(), 20 << 20), "truncate");
}

void make_socket(const Path &path) {
    const Fd fd(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The path is too long for an address where the temporary directory is deep: bind it under another name for its
    // directory.
    const Fd directory = open_file(path.parent_path(), O_RDONLY | O_DIRECTORY);
    const std::string name = directory.proc_path() + "/" + path.filename().native();
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    check(::bind(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address), "bind {}", name);
}

int flags_of(const TreeEntry &entry) {
    if (!entry.is_directory() && !entry.is_regular()) return 0;
    const Fd fd = entry.open();
    int flags = 0;
    if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) == -1) return 0;
    return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL);
}

}  // namespace

std::vector<std::string> names_in(const Path &directory) {
    return Dir::open(directory).names();
}

ino_t inode_of(const Path &path) {
    struct stat status {};
    check(::lstat(path.c_str(), &status), "stat {}", path.native());
    return status.st_ino;
}

void make_rich_tree(const Path &directory) {
    const auto at = [&](std::string_view name) { return directory / name; };
    for (const char *name : {"usr", "usr/bin", "etc", "empty", "dev", "odd", "shared"})
        std::filesystem::create_directory(at(name));
    write_file(at("usr/bin/tool"), "#!/bin/sh\n", 0755);
    own(at("usr/bin/tool"), 1000, 2000);
    check(::chmod(at("usr/bin/tool").c_str(), 06755), "chmod");
    write_file(at("usr/bin/ping"), "ping", 0755);
    set_xattr(at("usr/bin/ping"), "security.capability", capability());
    write_file(at("usr/large"), std::string(700001, 'l'), 0600);
    write_file(at("usr/nothing"), "");
    make_sparse(at("usr/sparse"));
    std::filesystem::create_hard_link(at("usr/large"), at("etc/same"));
    std::filesystem::create_hard_link(at("usr/large"), at("usr/bin/same"));
    std::filesystem::create_symlink("../usr/large", at("etc/link"));
    std::filesystem::create_symlink("/not/there", at("etc/dangling"));
    std::filesystem::create_hard_link(at("etc/dangling"), at("etc/dangling-too"));
    own(at("etc/link"), 12, 34);
    set_times(at("etc/link"), {1000, 1}, {1500000000, 987654321});
    check(::mknod(at("dev/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), "mknod");
    check(::mknod(at("dev/whiteout").c_str(), S_IFCHR | 0600, makedev(0, 0)), "mknod");
    check(::mknod(at("dev/sda").c_str(), S_IFBLK | 0660, makedev(259, 70000)), "mknod");
    check(::mkfifo(at("dev/fifo").c_str(), 0620), "mkfifo");
    make_socket(at("dev/socket"));
    own(at("dev/sda"), 0, 6);
    set_xattr(at("dev/fifo"), "trusted.kind", "pipe");
    for (const char *name : {"a b\tc\nd", "\xff\xfe", "\xc3\xa4", ".wh.file", "-rf", "1:2", "\\x41"})
        write_file(at("odd") / name, name, 0444);
    write_file(at("odd") / std::string(255, 'n'), "n");
    write_file(at("odd/attributes"), "a");
    set_xattr(at("odd/attributes"), "trusted.empty", "");
    set_xattr(at("odd/attributes"), "security.selinux", std::string_view("system_u:object_r:etc_t:s0", 27));
    set_xattr(at("odd/attributes"), "trusted.binary", std::string_view("\0\n\xff", 3));
    set_xattr(at("odd/attributes"), "system.posix_acl_access", acl());
    set_xattr(at("shared"), "system.posix_acl_default", acl());
    set_xattr(at("shared"), "trusted.dir", "yes");
    write_file(at("shared/inherits"), "i");
    check(::removexattr(at("shared/inherits").c_str(), "system.posix_acl_access"), "remove the ACL");
    own(at("shared"), 5, 6);
    check(::chmod(at("shared").c_str(), 03770), "chmod");
    set_times(at("usr/bin/tool"), {1600000000, 5}, {1, 999999999});
    set_times(at("usr/large"), {-1000, 7}, {-5000, 250000000});
    set_times(at("empty"), {1400000000, 1}, {1400000001, 2});
    check(::chmod(at("empty").c_str(), 0), "chmod");
    write_file(at("etc/immutable"), "i");
    std::filesystem::create_hard_link(at("etc/immutable"), at("etc/immutable-too"));
    std::filesystem::create_directory(at("etc/fixed"));
    write_file(at("etc/fixed/log"), "l");
    set_flags(at("etc/fixed/log"), FS_APPEND_FL | FS_NODUMP_FL);
    set_flags(at("etc/immutable"), FS_IMMUTABLE_FL);
    set_flags(at("etc/fixed"), FS_IMMUTABLE_FL);
    set_xattr(directory, "trusted.root", "r");
    own(directory, 3, 4);
    check(::chmod(directory.c_str(), 01751), "chmod");
    set_times(directory, {1300000000, 3}, {1300000001, 4});
}

std::string describe(const Path &directory, Detail detail) {
    std::string out;
    const Fd root = open_file(directory, O_RDONLY | O_DIRECTORY);
    walk_tree(root, [&](const TreeEntry &entry) {
        const struct stat &status = entry.status;
        out += format("/{} {:o} {}:{} n{} m{}.{:09}", entry.path, status.st_mode, status.st_uid, status.st_gid,
                      entry.is_directory() ? 0 : status.st_nlink, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
        // Looking at a directory or a link may set its access time.
        if (entry.is_regular()) out += format(" a{}.{:09}", status.st_atim.tv_sec, status.st_atim.tv_nsec);
        if (entry.is_device()) out += format(" dev {}", status.st_rdev);
        if (entry.is_symlink()) out += " -> " + entry.link_target();
        if (entry.is_regular()) {
            out += format(" {} {}", status.st_size, Sha256::of(read_all(entry.open(), entry.path)).hex());
            if (status.st_blocks * 512 < status.st_size / 2) out += " sparse";
        }
        if (const int flags = flags_of(entry); flags != 0) out += format(" flags {:x}", flags);
        for (const auto &[name, value] : read_xattrs(entry))
            out += format(" {}={}", name, to_hex(std::as_bytes(std::span(value))));
        if (detail == Detail::identity)
            out += format(" i{} c{}.{:09}", status.st_ino, status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
        out += '\n';
    });
    return out;
}

void write_into(store::Object &object, std::string_view path, std::string_view text) {
    const store::Writer writer = object.write();
    writer.dir().write_file(TreePath(path), text);
}

std::string read_from(const store::Object &object, std::string_view path) {
    const store::Reader reader = object.read();
    return reader.dir().read_file(TreePath(path));
}

std::unique_ptr<FileSystem> FileSystem::make(const std::string &type, std::string_view size) {
    std::unique_ptr<FileSystem> system(new FileSystem);
    const Path image = system->scratch_ / "image";
    const Path target = system->scratch_ / "mounted";
    std::filesystem::create_directory(target);
    std::vector<std::string> mount{"mount", "-t", type};
    if (type == "tmpfs") {
        mount.insert(mount.end(), {"-o", format("size={}", size), "tmpfs"});
    } else {
        if (!find_program("mkfs." + type)) return nullptr;
        run({"truncate", "-s", std::string(size), image});
        run({"mkfs." + type, "-q", image});
        mount.insert(mount.end(), {"-o", "loop", image});
    }
    mount.push_back(target);
    if (!run_captured({.argv = mount}).status.success()) return nullptr;
    system->mounted_ = target;
    return system;
}

FileSystem::~FileSystem() {
    if (!mounted_.empty()) ::umount2(mounted_.c_str(), MNT_DETACH);
}

pid_t in_child(const std::function<void()> &action) {
    const pid_t child = check(::fork(), "fork");
    if (child != 0) return child;
    int status = 0;
    try {
        enter_private_mount_namespace();
        action();
        if (::testing::Test::HasFailure()) status = 2;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "child: %s\n", error.what());
        status = 1;
    }
    ::_exit(status);
}

int wait_for(pid_t child) {
    int status = 0;
    check(::waitpid(child, &status, 0), "wait");
    return status;
}

bool ended_well(int status) {
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

size_t expect_valid(const Path &root) {
    for (const std::string &id : names_in(root / "refs")) {
        const Path target = std::filesystem::read_symlink(root / "refs" / id);
        EXPECT_EQ(target.parent_path(), "../objects");
        EXPECT_TRUE(std::filesystem::is_directory(root / "objects" / target.filename())) << id << " leads nowhere";
    }
    const auto objects = names_in(root / "objects");
    for (const std::string &treesum : objects)
        EXPECT_EQ(store::treesum_of_tree(open_file(root / "objects" / treesum / "tree", O_RDONLY | O_DIRECTORY)),
                  treesum);
    return objects.size();
}

}  // namespace osb::test
