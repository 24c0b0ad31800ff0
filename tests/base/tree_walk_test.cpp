// SPDX-License-Identifier: Apache-2.0
#include "lib/base/tree_walk.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/mount.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> walked(const fs::path &root) {
    std::vector<std::string> names;
    walk_tree(open_file(root, O_RDONLY | O_DIRECTORY), [&](const TreeEntry &entry) {
        names.push_back(entry.is_directory() && !entry.is_root() ? entry.path + "/" : entry.path);
    });
    return names;
}

TEST(TreeWalk, OrdersEntriesAsTheirNamesInATarSort) {
    test::Scratch scratch;
    for (const char *name : {"a", "a-b", "a0", "z/z", "\xc3\xa4"}) fs::create_directories(scratch / name);
    for (const char *name : {"a.txt", "a/b", "a!", "a0.txt", "a0/c", "z/z.", "z/z0", "\xff", "A", "a\x01"})
        write_file(scratch / name, "");
    const auto names = walked(scratch.path());
    EXPECT_EQ(names, (std::vector<std::string>{"", "A", "a\x01", "a!", "a-b/", "a.txt", "a/", "a/b", "a0.txt", "a0/",
                                               "a0/c", "z/", "z/z.", "z/z/", "z/z0", "\xc3\xa4/", "\xff"}));
    std::vector<std::string> sorted = names;
    std::ranges::sort(sorted);
    EXPECT_EQ(names, sorted);
}

TEST(TreeWalk, DoesNotFollowLinksAndTellsWhatEachEntryIs) {
    test::Scratch scratch;
    fs::create_directory(scratch / "dir");
    write_file(scratch / "dir/file", "content");
    fs::create_directory_symlink("dir", scratch / "link");
    int seen = 0;
    walk_tree(open_file(scratch.path(), O_RDONLY | O_DIRECTORY), [&](const TreeEntry &entry) {
        seen++;
        if (entry.path == "link") {
            EXPECT_TRUE(entry.is_symlink());
            EXPECT_EQ(entry.link_target(), "dir");
            EXPECT_TRUE(test::thrown_by([&] { entry.open(); }).is(std::errc::too_many_symbolic_link_levels));
        }
        if (entry.path == "dir/file") {
            EXPECT_TRUE(entry.is_regular());
            EXPECT_EQ(entry.name, "file");
            EXPECT_EQ(read_all(entry.open(), "file"), "content");
            EXPECT_EQ(entry.status.st_size, 7);
        }
    });
    EXPECT_EQ(seen, 4);
}

TEST(TreeWalk, GoesIntoWhatIsMounted) {
    OSB_NEEDS(test::is_privileged(), "mounting");
    test::Scratch scratch;
    fs::create_directory(scratch / "dir");
    const AttachedMount mounted = Mount::tmpfs().attach(scratch / "dir");
    write_file(scratch / "dir/in-tmpfs", "");
    EXPECT_EQ(walked(scratch.path()), (std::vector<std::string>{"", "dir/", "dir/in-tmpfs"}));
}

TEST(TreeWalk, WhatTheVisitorThrowsComesOut) {
    test::Scratch scratch;
    write_file(scratch / "file", "");
    EXPECT_THROW(walk_tree(open_file(scratch.path(), O_RDONLY),
                           [](const TreeEntry &entry) {
                               if (!entry.is_root()) throw 7;
                           }),
                 int);
}

TEST(ReadXattrs, GivesAllOfThemSortedAndTheEntrysOwn) {
    test::Scratch scratch;
    write_file(scratch / "file", "");
    fs::create_symlink("file", scratch / "link");
    const std::string file = scratch / "file";
    const std::string binary("\0\xff\n", 3);
    OSB_NEEDS(::setxattr(file.c_str(), "user.b", binary.data(), binary.size(), 0) == 0, "extended attributes");
    const std::string large(3000, 'x');
    ASSERT_EQ(::setxattr(file.c_str(), "user.a", large.data(), large.size(), 0), 0);
    ASSERT_EQ(::setxattr(file.c_str(), "user.empty", "", 0, 0), 0);
    ASSERT_EQ(::setxattr(scratch.path().c_str(), "user.root", "r", 1, 0), 0);
    const bool privileged = ::lsetxattr((scratch / "link").c_str(), "trusted.on-link", "l", 1, 0) == 0;
    walk_tree(open_file(scratch.path(), O_RDONLY | O_DIRECTORY), [&](const TreeEntry &entry) {
        const std::vector<Xattr> attributes = read_xattrs(entry);
        if (entry.is_root()) {
            EXPECT_EQ(attributes, (std::vector<Xattr>{{"user.root", "r"}}));
        } else if (entry.path == "file") {
            EXPECT_EQ(attributes, (std::vector<Xattr>{{"user.a", large}, {"user.b", binary}, {"user.empty", ""}}));
        } else if (privileged) {
            EXPECT_EQ(attributes, (std::vector<Xattr>{{"trusted.on-link", "l"}}));
        }
    });
}

TEST(ReadXattrs, TakesListsLongerThanAPage) {
    OSB_NEEDS(test::is_privileged(), "mounting");
    test::Scratch scratch;
    const AttachedMount mounted = Mount::tmpfs().attach(scratch.path());
    write_file(scratch / "file", "");
    OSB_NEEDS(::setxattr((scratch / "file").c_str(), "trusted.probe", "", 0, 0) == 0, "extended attributes in tmpfs");
    for (int i = 0; i < 200; i++)
        ASSERT_EQ(
            ::setxattr((scratch / "file").c_str(), format("trusted.a-rather-long-name-{:03}", i).c_str(), "v", 1, 0),
            0);
    walk_tree(open_file(scratch.path(), O_RDONLY | O_DIRECTORY), [&](const TreeEntry &entry) {
        if (!entry.is_root()) {
            EXPECT_EQ(read_xattrs(entry).size(), 201U);
        }
    });
}

}  // namespace
}  // namespace osb
