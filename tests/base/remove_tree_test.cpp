// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/mount.hpp"
#include "lib/base/temp_dir.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

namespace fs = std::filesystem;

bool set_flags(const fs::path &path, int flags) {
    const Fd fd = open_file(path, O_RDONLY);
    return ::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) == 0;
}

mode_t mode_of(const fs::path &path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 07777U;
}

TEST(RemoveTree, RemovesEveryKindOfEntryAndNothingTheyLeadTo) {
    test::Scratch scratch;
    fs::create_directories(scratch / "tree/a/b");
    fs::create_directory(scratch / "outside");
    write_file(scratch / "outside/kept", "kept");
    fs::create_directory_symlink(scratch / "outside", scratch / "tree/a/link");
    fs::create_hard_link(scratch / "outside/kept", scratch / "tree/a/hard");
    fs::create_symlink("nowhere", scratch / "tree/dangling");
    ASSERT_EQ(::mkfifo((scratch / "tree/fifo").c_str(), 0), 0);
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string place = scratch / "tree/socket";
    place.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), 0);
    if (test::is_privileged()) ::mknod((scratch / "tree/null").c_str(), S_IFCHR | 0666, 0x103);
    for (int i = 0; i < 3000; i++) write_file(scratch / "tree/a/b" / format("file{}", i), "");
    remove_tree(scratch / "tree");
    EXPECT_FALSE(fs::exists(scratch / "tree"));
    EXPECT_EQ(read_file(scratch / "outside/kept"), "kept");
}

TEST(RemoveTree, WhatIsNotThereIsNoError) {
    test::Scratch scratch;
    remove_tree(scratch / "none");
    remove_tree(scratch / "none/below");
    write_file(scratch / "file", "");
    remove_tree(scratch / "file");
    fs::create_symlink("/", scratch / "link");
    remove_tree(scratch / "link");
    EXPECT_TRUE(Dir::open(scratch.path()).names().empty());
}

TEST(RemoveTree, IsNotStoppedByDepth) {
    test::Scratch scratch;
    constexpr int depth = 3000;  // deeper than a path can be long
    fs::create_directory(scratch / "tree");
    Fd here = open_file(scratch / "tree", O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < depth; i++) {
        ASSERT_EQ(::mkdirat(here.get(), "deeper", 0755), 0);
        if (i % 500 == 0) Dir(here.duplicate()).write_file(TreePath(".moved-1"), "a name remove_tree might think of");
        here = Fd(::openat(here.get(), "deeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        ASSERT_TRUE(here);
    }
    here.reset();
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit few = before;
    few.rlim_cur = 200;
    ::setrlimit(RLIMIT_NOFILE, &few);
    EXPECT_NO_THROW(remove_tree(scratch / "tree"));
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_FALSE(fs::exists(scratch / "tree"));
}

TEST(RemoveTree, IsNotStoppedByFlags) {
    test::Scratch scratch;
    fs::create_directories(scratch / "tree/dir/sub");
    write_file(scratch / "tree/dir/immutable", "");
    write_file(scratch / "tree/dir/append", "");
    OSB_NEEDS(set_flags(scratch / "tree/dir/immutable", FS_IMMUTABLE_FL),
              "a file system and privileges for immutable files");
    ASSERT_TRUE(set_flags(scratch / "tree/dir/append", FS_APPEND_FL));
    ASSERT_TRUE(set_flags(scratch / "tree/dir/sub", FS_IMMUTABLE_FL));
    ASSERT_TRUE(set_flags(scratch / "tree/dir", FS_IMMUTABLE_FL));
    ASSERT_TRUE(set_flags(scratch / "tree", FS_APPEND_FL));
    remove_tree(scratch / "tree");
    EXPECT_FALSE(fs::exists(scratch / "tree"));
}

TEST(RemoveTree, LeavesTheDirectoryThatHeldTheTreeAsItWas) {
    test::Scratch scratch;
    fs::create_directory(scratch / "holder");
    fs::permissions(scratch / "holder", static_cast<fs::perms>(01777));
    write_file(scratch / "holder/immutable", "");
    OSB_NEEDS(set_flags(scratch / "holder/immutable", FS_IMMUTABLE_FL),
              "a file system and privileges for immutable files");
    remove_tree(scratch / "holder/immutable");
    EXPECT_FALSE(fs::exists(scratch / "holder/immutable"));
    EXPECT_EQ(mode_of(scratch / "holder"), 01777U);

    write_file(scratch / "holder/file", "");
    ASSERT_TRUE(set_flags(scratch / "holder", FS_IMMUTABLE_FL));
    EXPECT_TRUE(test::thrown_by([&] { remove_tree(scratch / "holder/file"); }).is(std::errc::operation_not_permitted));
    ASSERT_TRUE(set_flags(scratch / "holder", 0));
    EXPECT_TRUE(fs::exists(scratch / "holder/file"));
}

TEST(RemoveTree, IsNotStoppedByModesEvenForAUser) {
    OSB_NEEDS(test::is_privileged(), "root, to become a user");
    test::Scratch scratch;
    fs::permissions(scratch.path(), fs::perms::all);
    const pid_t child = ::fork();
    if (child == 0) {
        int result = 1;
        try {
            if (::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
            fs::create_directories(scratch / "tree/none/below/more");
            fs::create_directories(scratch / "tree/read-only/below");
            fs::create_directories(scratch / "tree/no-search/below");
            write_file(scratch / "tree/read-only/below/file", "", 0);
            write_file(scratch / "tree/no-search/file", "");
            for (const auto &[path, mode] : {std::pair{"tree/none/below", 0},
                                             {"tree/none", 0},
                                             {"tree/read-only/below", 0555},
                                             {"tree/read-only", 0555},
                                             {"tree/no-search", 0444},
                                             {"tree", 0}})
                fs::permissions(scratch / path, static_cast<fs::perms>(mode));
            remove_tree(scratch / "tree");
            result = fs::exists(scratch / "tree") ? 2 : 0;
        } catch (const std::exception &error) {
            std::fprintf(stderr, "%s\n", error.what());
        }
        ::_exit(result);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(RemoveTree, StopsAtAMountAndRemovesNothingBehindIt) {
    OSB_NEEDS(test::is_privileged(), "mounting");
    test::Scratch scratch;
    fs::create_directory(scratch / "outside");
    write_file(scratch / "outside/kept", "kept");
    const auto refuses = [&](Mount mount, const std::string &where, const std::string &sentence) {
        fs::create_directories(scratch / "tree/a/b");
        write_file(scratch / "tree/a/file", "");
        AttachedMount attached = std::move(mount).attach(scratch / where);
        const Error thrown = test::thrown_by([&] { remove_tree(scratch / "tree"); });
        EXPECT_STREQ(thrown.what(), sentence.c_str());
        EXPECT_TRUE(thrown.is(std::errc::device_or_resource_busy));
        EXPECT_EQ(read_file(scratch / "outside/kept"), "kept");
        EXPECT_TRUE(is_mount_point(scratch / where));
        attached.detach();
        remove_tree(scratch / "tree");
        EXPECT_FALSE(fs::exists(scratch / "tree"));
    };
    const std::string busy = "Device or resource busy";
    refuses(Mount::tmpfs(), "tree/a/b", "remove tree: tree: a: remove b: something is mounted there: " + busy);
    // A bind mount of the same file system has the same device number: only the kernel sees the border.
    refuses(Mount::bind(scratch / "outside"), "tree/a/b",
            "remove tree: tree: a: remove b: something is mounted there: " + busy);
    refuses(Mount::bind(scratch / "outside"), "tree", "remove tree: remove tree: something is mounted there: " + busy);
    refuses(Mount::bind(scratch / "outside/kept"), "tree/a/file", "remove tree: tree: a: remove file: " + busy);
}

TEST(TempDir, IsPrivateAndGoneAtTheEnd) {
    test::Scratch scratch;
    fs::path path;
    {
        const TempDir dir(scratch.path(), "work");
        path = dir.path();
        EXPECT_EQ(path.parent_path(), scratch.path());
        EXPECT_TRUE(path.filename().native().starts_with("work-"));
        EXPECT_EQ(mode_of(path), 0700U);
        fs::create_directories(path / "a/b");
        EXPECT_NE(TempDir(scratch.path(), "work").path(), path);
    }
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(test::error_of([&] { TempDir dir(scratch / "none"); }),
              format("make a temporary directory in {}: No such file or directory", (scratch / "none").native()));
}

TEST(TempDir, BelongsToOneOwner) {
    test::Scratch scratch;
    TempDir one(scratch.path());
    const fs::path first = one.path();
    TempDir two(scratch.path());
    const fs::path second = two.path();
    two = std::move(one);
    EXPECT_FALSE(fs::exists(second)) << "assigned over, the old one is removed";
    EXPECT_TRUE(fs::exists(first));
    const fs::path kept = std::move(two).release();
    EXPECT_EQ(kept, first);
    two = TempDir(scratch.path());
    EXPECT_TRUE(fs::exists(kept)) << "it is the caller's now";
    two.remove();
    EXPECT_EQ(Dir::open(scratch.path()).names(), std::vector{kept.filename().native()});
    EXPECT_NO_THROW(two.remove());
}

}  // namespace
}  // namespace osb
