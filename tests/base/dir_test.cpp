// SPDX-License-Identifier: Apache-2.0
#include "lib/base/dir.hpp"

#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#include "lib/base/mount.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

/// A tree next to things that nobody who is in the tree may reach.
struct Guarded {
    Guarded() : tree((std::filesystem::create_directories(scratch / "tree/sub/deep"), Dir::open(scratch / "tree"))) {
        std::filesystem::create_directory(scratch / "outside");
        write_file(scratch / "outside/secret", "outside");
    }
    void link(const std::string &target, const std::string &name) const {
        std::filesystem::create_symlink(target, scratch / "tree" / name);
    }
    bool outside_is_untouched() const {
        return Dir::open(scratch / "outside").names() == std::vector<std::string>{"secret"} &&
               read_file(scratch / "outside/secret") == "outside";
    }
    test::Scratch scratch;
    Dir tree;
};

TEST(Dir, LinksLeadOnlyToPlacesInTheTree) {
    const Guarded it;
    write_file(it.scratch / "tree/secret", "inside");
    it.link("/secret", "absolute");
    it.link("../../../../../../../../secret", "sub/climbing");
    it.link("/", "root");
    it.link((it.scratch / "outside").native(), "host-path");
    it.link("../outside", "next-door");
    for (const char *path : {"absolute", "sub/climbing", "root/secret", "root/root/root/secret", "sub/climbing"})
        EXPECT_EQ(it.tree.read_file(TreePath(path)), "inside") << path;
    for (const char *path : {"host-path/secret", "next-door/secret"}) {
        EXPECT_EQ(it.tree.read_file_if_exists(TreePath(path)), std::nullopt) << path;
        EXPECT_FALSE(it.tree.exists(TreePath(path))) << path;
        EXPECT_TRUE(
            test::thrown_by([&] { it.tree.write_file(TreePath(path), "x"); }).is(std::errc::no_such_file_or_directory));
        EXPECT_TRUE(test::thrown_by([&] { it.tree.make_dirs(TreePath(path) / "new"); }).code());
    }
    EXPECT_TRUE(it.outside_is_untouched());
}

TEST(Dir, ALinkAtTheEndIsFollowedOnlyWhereAsked) {
    const Guarded it;
    write_file(it.scratch / "tree/file", "inside");
    it.link("file", "link");
    it.link("link", "link2");
    it.link("loop", "loop");
    EXPECT_EQ(read_all(it.tree.open_file(TreePath("link2"), O_RDONLY), "link2"), "inside");
    EXPECT_TRUE(test::thrown_by([&] {
                    it.tree.open_file(TreePath("link"), O_RDONLY, 0, Symlinks::refuse);
                }).is(std::errc::too_many_symbolic_link_levels));
    EXPECT_TRUE(test::thrown_by([&] {
                    it.tree.open_file(TreePath("loop"), O_RDONLY);
                }).is(std::errc::too_many_symbolic_link_levels));
    EXPECT_TRUE(S_ISLNK(it.tree.status(TreePath("link"))->st_mode));
    EXPECT_TRUE(S_ISREG(it.tree.status(TreePath("link"), Symlinks::follow)->st_mode));
    EXPECT_EQ(it.tree.read_link(TreePath("link2")), "link");
    EXPECT_TRUE(it.tree.exists(TreePath("loop")));
}

TEST(Dir, WritingReplacesALinkAndLeavesItsTarget) {
    const Guarded it;
    write_file(it.scratch / "tree/target", "target");
    it.link("target", "link");
    it.link("/nowhere", "dangling");
    it.tree.write_file(TreePath("link"), "new");
    it.tree.write_file(TreePath("dangling"), "new", 0600);
    EXPECT_EQ(read_file(it.scratch / "tree/target"), "target");
    EXPECT_TRUE(S_ISREG(it.tree.status(TreePath("link"))->st_mode));
    EXPECT_EQ(it.tree.read_file(TreePath("dangling")), "new");
    EXPECT_EQ(it.tree.status(TreePath("dangling"))->st_mode & 07777U, 0600U);
}

TEST(Dir, AFifoOrADeviceIsNeitherReadNorWritten) {
    const Guarded it;
    ASSERT_EQ(::mkfifo((it.scratch / "tree/fifo").c_str(), 0644), 0);
    const Error thrown = test::thrown_by([&] { it.tree.read_file(TreePath("fifo")); });
    EXPECT_STREQ(thrown.what(), "read /fifo in the tree: it is not a regular file");
    EXPECT_EQ(thrown.blame(), Blame::build);
    EXPECT_TRUE(test::thrown_by([&] { it.tree.read_file(TreePath("sub")); }).is(std::errc::is_a_directory));
    it.tree.write_file(TreePath("fifo"), "a file now");
    EXPECT_EQ(it.tree.read_file(TreePath("fifo")), "a file now");
    EXPECT_TRUE(test::thrown_by([&] { it.tree.write_file(TreePath("sub"), "x"); }).is(std::errc::is_a_directory));
    OSB_NEEDS(::mknod((it.scratch / "tree/full").c_str(), S_IFCHR | 0666, 0x107) == 0, "mknod");
    it.tree.write_file(TreePath("full"), "x");  // into /dev/full this would fail
    EXPECT_TRUE(S_ISREG(it.tree.status(TreePath("full"))->st_mode));
}

TEST(Dir, MagicLinksOfProcLeadNowhere) {
    OSB_NEEDS(test::is_privileged(), "mounting");
    const Guarded it;
    std::filesystem::create_directory(it.scratch / "tree/proc");
    const AttachedMount proc = Mount::bind("/proc").attach(it.scratch / "tree/proc");
    EXPECT_TRUE(it.tree.exists(TreePath("proc/self/status")));
    EXPECT_TRUE(test::thrown_by([&] {
                    it.tree.open_dir(TreePath("proc/self/root"));
                }).is(std::errc::too_many_symbolic_link_levels));
    EXPECT_TRUE(test::thrown_by([&] {
                    it.tree.read_file(TreePath("proc/self/cwd/x"));
                }).is(std::errc::too_many_symbolic_link_levels));
}

TEST(Dir, ALinkThatAppearsInTheMiddleOfALookupLeadsNowhereElse) {
    const Guarded it;
    std::filesystem::create_directory(it.scratch / "tree/real");
    write_file(it.scratch / "tree/real/secret", "inside");
    it.link((it.scratch / "outside").native(), "evil");
    std::atomic<bool> over = false;
    std::thread attacker([&] {
        while (!over) ::renameat2(it.tree.fd().get(), "real", it.tree.fd().get(), "evil", RENAME_EXCHANGE);
    });
    int inside = 0;
    int outside = 0;
    for (int i = 0; i < 5000; i++) {
        const auto text = it.tree.read_file_if_exists(TreePath("real/secret"));
        if (text == "inside") inside++;
        if (text == "outside") outside++;
    }
    over = true;
    attacker.join();
    EXPECT_EQ(outside, 0);
    EXPECT_GT(inside, 0);
    EXPECT_TRUE(it.outside_is_untouched());
}

TEST(Dir, MakesDirectoriesWithTheirParents) {
    const Guarded it;
    it.link("/sub", "alias");
    it.tree.make_dirs(TreePath("alias/x/y"), 0700);
    EXPECT_EQ(it.tree.status(TreePath("sub/x/y"))->st_mode, S_IFDIR | 0700U);
    it.tree.make_dirs(TreePath("sub/x/y")).write_file(TreePath("f"), "x");
    EXPECT_TRUE(it.tree.exists(TreePath("sub/x/y/f"))) << "one that is there is fine and is the one returned";
    it.tree.make_dirs(TreePath()).write_file(TreePath("top"), "x");
    EXPECT_TRUE(it.tree.exists(TreePath("top")));
    EXPECT_EQ(test::error_of([&] { it.tree.make_dirs(TreePath("top/x")); }),
              "open /top/x in the tree: Not a directory");
}

TEST(Dir, ListsNamesInTheOrderOfTheirBytesAndAgain) {
    const Guarded it;
    for (const char *name : {"b", "a", "\xff", "B", ".hidden"}) write_file(it.scratch / "tree/sub" / name, "");
    const Dir sub = it.tree.open_dir(TreePath("sub"));
    const std::vector<std::string> expected{".hidden", "B", "a", "b", "deep", "\xff"};
    EXPECT_EQ(sub.names(), expected);
    EXPECT_EQ(sub.names(), expected);
}

TEST(Dir, TellsWhatIsNotThereFromWhatCannotBeSeen) {
    const Guarded it;
    write_file(it.scratch / "tree/file", "");
    EXPECT_FALSE(it.tree.status(TreePath("none")).has_value());
    EXPECT_FALSE(it.tree.status(TreePath("file/x")).has_value());
    EXPECT_EQ(it.tree.read_file_if_exists(TreePath("file/x")), std::nullopt);
    EXPECT_TRUE(
        test::thrown_by([&] { it.tree.status(TreePath(std::string(300, 'n'))); }).is(std::errc::filename_too_long));
    EXPECT_EQ(test::error_of([&] { it.tree.open_dir(TreePath("none")); }),
              "open /none in the tree: No such file or directory");
    EXPECT_EQ(test::error_of([&] { it.tree.open_parent(TreePath("/")); }), "the root of the tree is in no directory");
    EXPECT_EQ(it.tree.open_parent(TreePath("sub/deep")).names(), std::vector<std::string>{"deep"});
}

}  // namespace
}  // namespace osb
