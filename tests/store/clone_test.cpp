// SPDX-License-Identifier: Apache-2.0
#include "lib/store/clone.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/store/treesum.hpp"
#include "tests/store/trees.hpp"

namespace osb::store {
namespace {

using test::Scratch;
using Path = std::filesystem::path;

Fd open_dir(const Path &path) {
    return open_file(path, O_RDONLY | O_DIRECTORY);
}

void clone(const Path &from, const Path &to, CloneBy by) {
    std::filesystem::create_directory(to);
    clone_tree(open_dir(from), open_dir(to), by);
}

class CloneOn : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(EachFileSystem, CloneOn, ::testing::Values("ext4", "xfs", "btrfs", "tmpfs"),
                         [](const auto &test) { return std::string(test.param); });

TEST_P(CloneOn, ACopyHasEverythingTheTreeHas) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto system = test::FileSystem::make(GetParam());
    OSB_NEEDS(system, GetParam());
    const Path from = system->path() / "from";
    std::filesystem::create_directory(from);
    test::make_rich_tree(from);
    const std::string before = test::describe(from);
    const std::string before_all = test::describe(from, test::Detail::identity);
    for (const CloneBy by : {CloneBy::copy, CloneBy::reflink}) {
        const Path to = system->path() / (by == CloneBy::copy ? "copy" : "reflink");
        clone(from, to, by);
        EXPECT_EQ(test::describe(to), before);
        EXPECT_NE(test::inode_of(to / "usr/large"), test::inode_of(from / "usr/large"));
        EXPECT_EQ(test::inode_of(to / "usr/large"), test::inode_of(to / "etc/same"));
        EXPECT_EQ(treesum_of_tree(open_dir(to)), treesum_of_tree(open_dir(from)));
        test::expect_golden("store/rich-tree.treesum", treesum_of_tree(open_dir(to)) + "\n");
        remove_tree(to);
    }
    EXPECT_EQ(test::describe(from, test::Detail::identity), before_all) << "cloning touched what it cloned";
    remove_tree(from);
}

TEST_P(CloneOn, OnlyXfsAndBtrfsShareBlocks) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto system = test::FileSystem::make(GetParam());
    OSB_NEEDS(system, GetParam());
    const bool expected = std::string_view(GetParam()) == "xfs" || std::string_view(GetParam()) == "btrfs";
    EXPECT_EQ(can_reflink(open_dir(system->path())), expected);
    EXPECT_TRUE(test::names_in(system->path()).empty() ||
                test::names_in(system->path()) == std::vector<std::string>{"lost+found"});
}

class ReflinkOn : public ::testing::TestWithParam<const char *> {};
INSTANTIATE_TEST_SUITE_P(EachFileSystem, ReflinkOn, ::testing::Values("xfs", "btrfs"),
                         [](const auto &test) { return std::string(test.param); });

TEST_P(ReflinkOn, AReflinkTakesNoRoomAndLaterWritesStayApart) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto system = test::FileSystem::make(GetParam());
    OSB_NEEDS(system, GetParam());
    const Path from = system->path() / "from";
    std::filesystem::create_directory(from);
    write_file(from / "big", std::string(size_t{64} << 20, 'b'));
    check(::syncfs(open_dir(from).get()), "sync");
    const auto free_before = std::filesystem::space(system->path()).free;
    clone(from, system->path() / "to", CloneBy::reflink);
    check(::syncfs(open_dir(from).get()), "sync");
    EXPECT_LT(free_before - std::filesystem::space(system->path()).free, 8U << 20);
    write_file(system->path() / "to/big", "changed");
    EXPECT_EQ(std::filesystem::file_size(from / "big"), 64U << 20);
}

TEST(Clone, SparseFilesStaySparse) {
    const Scratch scratch;
    const Path from = scratch / "from";
    std::filesystem::create_directory(from);
    write_file(from / "hole", "");
    std::filesystem::resize_file(from / "hole", size_t{8} << 30);
    clone(from, scratch / "to", CloneBy::copy);
    struct stat status {};
    check(::stat((scratch / "to/hole").c_str(), &status), "stat");
    EXPECT_EQ(status.st_size, off_t{8} << 30);
    EXPECT_LT(status.st_blocks, 64);
}

TEST(Clone, PathsLongerThanTheKernelTakesAreCloned) {
    const Scratch scratch;
    const Path from = scratch / "from";
    std::filesystem::create_directory(from);
    const std::string name(200, 'd');
    Fd fd = open_dir(from);
    for (int depth = 0; depth < 50; depth++) {
        check(::mkdirat(fd.get(), name.c_str(), 0755), "mkdir");
        fd = Fd(check(::openat(fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
    }
    write_all(Fd(check(::openat(fd.get(), "a", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "create")),
              std::string_view("deep"), "a");
    check(::linkat(fd.get(), "a", fd.get(), "b", 0), "link");
    clone(from, scratch / "to", CloneBy::copy);
    EXPECT_EQ(treesum_of_tree(open_dir(scratch / "to")), treesum_of_tree(open_dir(from)));
}

TEST(Clone, TheSentenceSaysWhichFile) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto system = test::FileSystem::make("tmpfs", "1M");
    OSB_NEEDS(system, "tmpfs");
    const Path from = system->path() / "from";
    std::filesystem::create_directories(from / "usr/lib");
    write_file(from / "usr/lib/big", std::string(700000, 'b'));
    const Error error = test::thrown_by([&] { clone(from, system->path() / "to", CloneBy::copy); });
    EXPECT_TRUE(error.is(std::errc::no_space_on_device));
    EXPECT_TRUE(std::string_view(error.what()).starts_with("usr: lib: big: ")) << error.what();
}

TEST(SizeOfTree, CountsBlocksAndInodesOnce) {
    const Scratch scratch;
    const Path tree = scratch / "tree";
    std::filesystem::create_directories(tree / "dir");
    write_file(tree / "a", std::string(100000, 'a'));
    const Fd fd = open_dir(tree);
    check(::syncfs(fd.get()), "sync");
    const TreeSize one = size_of_tree(fd);
    EXPECT_EQ(one.files, 3U);
    EXPECT_GE(one.bytes, 100000U);
    std::filesystem::create_hard_link(tree / "a", tree / "dir/b");
    EXPECT_EQ(size_of_tree(fd).files, 3U);
    EXPECT_EQ(size_of_tree(fd).bytes, one.bytes);
}

}  // namespace
}  // namespace osb::store
