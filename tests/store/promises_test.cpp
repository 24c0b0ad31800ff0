// SPDX-License-Identifier: Apache-2.0
// The promises of design.md, section 4, one suite each; 9 and 10 are in crash_test.cpp. The treesum's are in
// treesum_test.cpp.
#include <algorithm>
#include <barrier>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <tuple>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/store/object_store.hpp"
#include "lib/store/publish.hpp"
#include "tests/store/trees.hpp"

namespace osb::store {
namespace {

using test::names_in;
using test::read_from;
using test::Scratch;
using test::write_into;
using Path = std::filesystem::path;

/// All tests here mount.
class Store : public ::testing::Test {
protected:
    void SetUp() override { OSB_NEEDS(test::is_privileged(), "root"); }

    size_t count(const char *part) const { return names_in(root / part).size(); }
    /// What is in flight: what lies in tmp/RUN.
    std::vector<std::string> in_flight() const {
        const auto runs = names_in(root / "tmp");
        return runs.empty() ? runs : names_in(root / "tmp" / runs.front());
    }
    /// Files and directories below tmp/.
    size_t entries_in_flight() const {
        size_t entries = 0;
        for (const auto &entry : std::filesystem::recursive_directory_iterator(root / "tmp"))
            entries += entry.exists() ? 1 : 0;
        return entries;
    }
    Path target_of(const std::string &id) const { return std::filesystem::read_symlink(root / "refs" / id); }
    Path tree_of(const std::string &treesum) const { return root / "objects" / treesum / "tree"; }

    /// A store with the rich tree under "base".
    std::string commit_rich_tree() {
        Object object = store.new_object();
        test::make_rich_tree(object.write().path());
        return store.commit(object, "base");
    }

    Scratch scratch;
    Path root = scratch / "store";
    ObjectStore store{root};
};

class Promise1 : public Store {};
class Promise2 : public Store {};
class Promise3 : public Store {};
class Promise4 : public Store {};
class Promise5 : public Store {};
class Promise6 : public Store {};
class Promise7 : public Store {};
class Promise8 : public Store {};
class Promise11 : public Store {};

TEST_F(Promise1, AnObjectOwnsAWorkDirectoryInTmpUntilTheEndOfItsScope) {
    EXPECT_EQ(count("tmp"), 0U);
    {
        Object object = store.new_object();
        EXPECT_EQ(in_flight().size(), 1U);
        Object second = store.new_object();
        EXPECT_EQ(in_flight().size(), 2U);
        write_into(object, "file", "text");
    }
    EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(Promise1, AnExceptionRemovesTheWorkDirectoryAndPassesOn) {
    EXPECT_EQ(test::error_of([&] {
                  Object object = store.new_object();
                  const Writer writer = object.write();
                  writer.dir().write_file(TreePath("file"), "text");
                  fail(Blame::build, "the stage said no");
              }),
              "the stage said no");
    EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(Promise1, AWorkDirectoryMovesWithItsObject) {
    std::optional<Object> kept;
    {
        Object object = store.new_object();
        write_into(object, "file", "text");
        kept = std::move(object);
    }
    EXPECT_EQ(in_flight().size(), 1U);
    EXPECT_EQ(read_from(*kept, "file"), "text");
    Object other = store.new_object();
    *kept = std::move(other);
    EXPECT_EQ(in_flight().size(), 1U) << "what was assigned over is removed";
}

TEST_F(Promise1, TheBaseIsAnIdAndNothingIsCopiedForIt) {
    commit_rich_tree();
    const Object object = store.new_object("base");
    EXPECT_EQ(object.base(), "base");
    EXPECT_EQ(store.new_object().base(), std::nullopt);
    EXPECT_EQ(entries_in_flight(), 2U) << "the run's directory and an empty work directory";
}

TEST_F(Promise1, ABaseThatIsNotThereIsRefused) {
    const Error error = test::thrown_by([&] { (void)store.new_object("nobody"); });
    EXPECT_EQ(std::string(error.what()), format("store {} holds no object nobody", root.native()));
    EXPECT_EQ(error.blame(), Blame::environment);
    EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(Promise1, ANewTreeHasMode755AndItsOwnerIsRootWhateverTheUmask) {
    const mode_t mask = ::umask(077);
    const Object object = store.new_object();
    ::umask(mask);
    struct stat status {};
    const Reader reader = object.read();
    check(::stat(reader.path().c_str(), &status), "stat");
    EXPECT_EQ(status.st_mode & 07777, 0755U);
    EXPECT_EQ(status.st_uid, 0U);
    EXPECT_EQ(status.st_gid, 0U);
}

TEST_F(Promise2, UnwrittenAnObjectShowsTheVeryInodesOfItsBase) {
    const Path tree = tree_of(commit_rich_tree());
    const Object object = store.new_object("base");
    const Reader reader = object.read();
    for (const char *name : {"", "usr", "usr/large", "etc/link", "dev/sda"})
        EXPECT_EQ(test::inode_of(reader.path() / name), test::inode_of(tree / name)) << name;
    EXPECT_FALSE(object.written());
    EXPECT_EQ(object.treesum(), store.treesum_of("base"));
}

TEST_F(Promise2, TheFirstWriteShowsTheSameContentInOtherInodes) {
    const Path tree = tree_of(commit_rich_tree());
    const std::string content = test::describe(tree);
    Object object = store.new_object("base");
    const Writer writer = object.write();
    EXPECT_EQ(test::describe(writer.path()), content);
    EXPECT_NE(test::inode_of(writer.path() / "usr/large"), test::inode_of(tree / "usr/large"));
    EXPECT_TRUE(object.written());
}

TEST_F(Promise2, WhateverIsWrittenTheBaseStaysAsItWas) {
    const std::string sum = commit_rich_tree();
    const std::string before = test::describe(tree_of(sum), test::Detail::identity);
    Object object = store.new_object("base");
    {
        const Writer writer = object.write();
        const Path tree = writer.path();
        write_file(tree / "usr/large", "other");
        check(::chmod((tree / "usr/bin/tool").c_str(), 0600), "chmod");
        check(::lchown((tree / "etc/link").c_str(), 9, 9), "chown");
        check(::unlink((tree / "dev/sda").c_str()), "unlink");
        std::filesystem::rename(tree / "odd", tree / "even");
        check(::chmod(tree.c_str(), 0700), "chmod");
        const Fd fd = open_file(tree / "usr/sparse", O_RDWR);
        check(::pwrite(fd.get(), "!", 1, 1 << 20), "write");
    }
    EXPECT_NE(object.treesum(), sum);
    object.cleanup();
    EXPECT_EQ(test::describe(tree_of(sum), test::Detail::identity), before);
    EXPECT_EQ(store.new_object("base").treesum(), sum);
    EXPECT_EQ(test::expect_valid(root), 1U);
}

TEST_F(Promise2, IfNobodyWritesNothingIsCopiedEver) {
    const std::string sum = commit_rich_tree();
    const std::string before = test::describe(tree_of(sum), test::Detail::identity);
    Object object = store.new_object("base");
    (void)object.read();
    (void)object.treesum();
    EXPECT_EQ(store.commit(object, "again"), sum);
    (void)object.read();
    EXPECT_EQ(store.commit(object, "and-again"), sum);
    EXPECT_EQ(entries_in_flight(), 2U);
    EXPECT_EQ(count("objects"), 1U);
    EXPECT_EQ(count("refs"), 3U);
    EXPECT_EQ(test::describe(tree_of(sum), test::Detail::identity), before);
}

TEST_F(Promise2, ALaterWriteDoesNotCopyAgain) {
    commit_rich_tree();
    Object object = store.new_object("base");
    (void)object.write();
    const ino_t inode = test::inode_of(object.read().path() / "usr/large");
    (void)object.write();
    EXPECT_EQ(test::inode_of(object.read().path() / "usr/large"), inode);
}

TEST_F(Promise3, WritingThroughAReaderIsAnsweredWithErofs) {
    commit_rich_tree();
    Object written = store.new_object();
    write_into(written, "usr", "a file");
    const Object unwritten = store.new_object("base");
    for (const Object *object : {static_cast<const Object *>(&written), &unwritten}) {
        const Reader reader = object->read();
        EXPECT_EQ(::open((reader.path() / "new").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644), -1);
        EXPECT_EQ(errno, EROFS);
        EXPECT_EQ(::chmod((reader.path() / "usr").c_str(), 0700), -1);
        EXPECT_EQ(errno, EROFS);
        EXPECT_EQ(::rmdir((reader.path() / "usr").c_str()), -1);
        EXPECT_EQ(errno, EROFS);
        EXPECT_EQ(::mknod((reader.path() / "null").c_str(), S_IFCHR | 0600, 0x103), -1);
        EXPECT_EQ(errno, EROFS);
    }
}

TEST_F(Promise3, AWriterHidesTheInternalPath) {
    Object object = store.new_object();
    Path shown;
    {
        const Writer writer = object.write();
        shown = writer.path();
        EXPECT_TRUE(is_mount_point(shown));
        writer.dir().write_file(TreePath("file"), "text");
        EXPECT_FALSE(std::filesystem::exists(shown.parent_path() / "file"));
    }
    EXPECT_FALSE(std::filesystem::exists(shown)) << "the path ends with the Writer, the content does not";
    EXPECT_EQ(read_from(object, "file"), "text");
    EXPECT_NE(object.read().path(), shown);
}

TEST_F(Promise3, ReadersNest) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    const Reader outer = object.read();
    {
        const Reader inner = object.read();
        EXPECT_NE(inner.path(), outer.path());
        EXPECT_EQ(read_from(object, "file"), "text");
    }
    EXPECT_EQ(outer.dir().read_file(TreePath("file")), "text") << "the outer one goes on";
    EXPECT_THROW((void)object.write(), AccessError);
}

TEST_F(Promise3, AWriteWhileAReaderLivesThrows) {
    Object object = store.new_object();
    {
        const Reader reader = object.read();
        EXPECT_EQ(test::error_of([&] { (void)object.write(); }), "write to an object that is being read");
        EXPECT_THROW((void)object.write(), AccessError);
        EXPECT_FALSE(object.written());
    }
    write_into(object, "file", "usable again");
    EXPECT_EQ(read_from(object, "file"), "usable again");
}

TEST_F(Promise3, AReadWhileAWriterLivesThrows) {
    Object object = store.new_object();
    {
        const Writer writer = object.write();
        EXPECT_EQ(test::error_of([&] { (void)object.read(); }), "read an object that is being written");
        EXPECT_THROW((void)object.read(), AccessError);
        writer.dir().write_file(TreePath("file"), "the Writer goes on");
    }
    EXPECT_EQ(read_from(object, "file"), "the Writer goes on");
}

TEST_F(Promise3, AWriteWhileAWriterLivesThrows) {
    Object object = store.new_object();
    {
        const Writer writer = object.write();
        EXPECT_THROW((void)object.write(), AccessError);
        EXPECT_THROW((void)object.read(), AccessError) << "the refused write ended the first";
    }
    (void)object.write();
}

TEST_F(Promise3, ComputingTheTreesumCountsAsReading) {
    commit_rich_tree();
    for (const char *base : {"", "base"}) {
        Object object = *base == '\0' ? store.new_object() : store.new_object(base);
        {
            const Reader reader = object.read();
            EXPECT_EQ(object.treesum().size(), 64U) << "beside a Reader";
        }
        const Writer writer = object.write();
        EXPECT_THROW((void)object.treesum(), AccessError);
    }
}

TEST_F(Promise3, ATreesumFollowsEveryWrite) {
    Object object = store.new_object();
    std::vector<std::string> sums{object.treesum()};
    for (const char *text : {"1", "2", "3"}) {
        write_into(object, "file", text);
        EXPECT_EQ(std::ranges::count(sums, object.treesum()), 0) << text;
        sums.push_back(object.treesum());
    }
    EXPECT_EQ(store.commit(object, "id"), sums.back());
}

TEST_F(Promise3, WhileATreesumIsComputedNobodyMayWrite) {
    Object object = store.new_object();
    {
        const Writer writer = object.write();
        for (int i = 0; i < 40; i++) write_file(writer.path() / format("{}", i), std::string(size_t{4} << 20, 'x'));
    }
    std::barrier start(2);
    std::thread other([&] {
        start.arrive_and_wait();
        (void)object.treesum();
    });
    start.arrive_and_wait();
    bool refused = false;
    for (int i = 0; i < 2000 && !refused; i++) {
        try {
            std::this_thread::sleep_for(std::chrono::microseconds(100));
            (void)object.write();
        } catch (const AccessError &) {
            refused = true;
        }
    }
    other.join();
    EXPECT_TRUE(refused);
    (void)object.write();
}

TEST_F(Promise3, AReaderOutlivesItsObject) {
    commit_rich_tree();
    {
        const Reader reader = store.get("base").read();
        EXPECT_EQ(reader.dir().read_file(TreePath("usr/bin/tool")), "#!/bin/sh\n");
        EXPECT_EQ(in_flight().size(), 1U);
    }
    EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(Promise4, CommitMovesTheTreeAndPointsTheRefAtIt) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    const ino_t inode = test::inode_of(object.read().path() / "file");
    const std::string expected = object.treesum();
    EXPECT_FALSE(store.contains("id"));
    EXPECT_EQ(store.commit(object, "id"), expected);
    EXPECT_TRUE(store.contains("id"));
    EXPECT_EQ(target_of("id"), "../objects/" + expected);
    EXPECT_EQ(test::inode_of(tree_of(expected) / "file"), inode) << "it was copied";
    EXPECT_EQ(store.treesum_of("id"), expected);
}

TEST_F(Promise4, AnExistingRefIsReplacedAndTheObjectBehindItStays) {
    Object object = store.new_object();
    write_into(object, "file", "old");
    const std::string old = store.commit(object, "id");
    const Object user = store.new_object("id");
    write_into(object, "file", "new");
    const std::string fresh = store.commit(object, "id");
    EXPECT_NE(fresh, old);
    EXPECT_EQ(target_of("id"), "../objects/" + fresh);
    EXPECT_EQ(read_file(tree_of(old) / "file"), "old");
    EXPECT_EQ(read_from(user, "file"), "old") << "what a base refers to is decided once";
    EXPECT_EQ(read_from(store.get("id"), "file"), "new");
}

TEST_F(Promise4, CommitResetsTheObjectToWhatItCommitted) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    const std::string sum = store.commit(object, "id");
    EXPECT_EQ(object.base(), "id");
    EXPECT_FALSE(object.written());
    EXPECT_EQ(object.treesum(), sum);
    EXPECT_EQ(entries_in_flight(), 2U) << "the work directory is clean";
    EXPECT_EQ(test::inode_of(object.read().path() / "file"), test::inode_of(tree_of(sum) / "file"));
}

TEST_F(Promise4, CommitThenWriteThenCommitAgainLeavesTwoSnapshots) {
    Object object = store.new_object();
    write_into(object, "A", "a");
    store.commit(object, "a");
    write_into(object, "B", "b");
    store.commit(object, "b");
    write_into(object, "A", "changed");
    store.commit(object, "c");
    EXPECT_EQ(names_in(store.get("a").read().path()), (std::vector<std::string>{"A"}));
    EXPECT_EQ(names_in(store.get("b").read().path()), (std::vector<std::string>{"A", "B"}));
    EXPECT_EQ(read_from(store.get("b"), "A"), "a");
    EXPECT_EQ(read_from(store.get("c"), "A"), "changed");
    EXPECT_EQ(test::expect_valid(root), 3U);
}

TEST_F(Promise4, ACommitWhileSomebodyReadsOrWritesThrowsAndChangesNothing) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    {
        const Reader reader = object.read();
        EXPECT_THROW(store.commit(object, "id"), AccessError);
        EXPECT_THROW(object.cleanup(), AccessError);
    }
    {
        const Writer writer = object.write();
        EXPECT_THROW(store.commit(object, "id"), AccessError);
        EXPECT_THROW(object.cleanup(), AccessError);
    }
    EXPECT_EQ(count("refs") + count("objects"), 0U);
    EXPECT_TRUE(object.written());
    store.commit(object, "id");
    EXPECT_EQ(read_from(store.get("id"), "file"), "text");
}

TEST_F(Promise4, ImmutableFilesAndAModeOfNothingDoNotStopACommit) {
    const std::string sum = commit_rich_tree();
    Object object = store.new_object("base");
    {
        const Writer writer = object.write();
        check(::chmod(writer.path().c_str(), 0), "chmod");
        test::run({"chattr", "+i", writer.path()});
    }
    const std::string other = store.commit(object, "other");
    EXPECT_NE(other, sum);
    EXPECT_EQ(test::expect_valid(root), 2U);
    object.cleanup();
    EXPECT_EQ(count("tmp"), 0U);
}

/// Replaces rename(2) in commits until the end of the scope.
class Renames {
public:
    explicit Renames(int (*with)(const char *, const char *)) : before_(std::exchange(detail::rename_object, with)) {}
    Renames(const Renames &) = delete;
    Renames &operator=(const Renames &) = delete;
    ~Renames() { detail::rename_object = before_; }

private:
    int (*before_)(const char *, const char *);
};

template <int number>
int answer(const char *, const char *) {
    errno = number;
    return -1;
}

TEST_F(Promise5, WhenTheContentIsThereAlreadyItIsUsed) {
    const std::string sum = commit_rich_tree();
    const std::string before = test::describe(tree_of(sum), test::Detail::identity);
    // The file system's own answer: ENOTEMPTY on ext4 and xfs, EEXIST on btrfs.
    Object object = store.new_object();
    test::make_rich_tree(object.write().path());
    EXPECT_EQ(store.commit(object, "second"), sum);
    EXPECT_EQ(count("objects"), 1U);
    EXPECT_EQ(target_of("second"), target_of("base"));
    EXPECT_EQ(object.base(), "second");
    EXPECT_EQ(test::inode_of(object.read().path() / "usr"), test::inode_of(tree_of(sum) / "usr"))
        << "based on the winner";
    EXPECT_EQ(entries_in_flight(), 2U) << "the loser's tree is gone";
    EXPECT_EQ(test::describe(tree_of(sum), test::Detail::identity), before);
}

TEST_F(Promise5, EexistAndEnotemptyMeanThatTheContentIsThere) {
    for (const auto rename : {answer<EEXIST>, answer<ENOTEMPTY>}) {
        Object first = store.new_object();
        write_into(first, "file", "same");
        const std::string sum = store.commit(first, "first");
        Object second = store.new_object();
        write_into(second, "file", "same");
        const Renames renames(rename);
        EXPECT_EQ(store.commit(second, "second"), sum);
        EXPECT_EQ(store.treesum_of("second"), sum);
        EXPECT_EQ(read_from(second, "file"), "same");
        EXPECT_EQ(second.base(), "second");
    }
    EXPECT_EQ(count("objects"), 1U);
}

TEST_F(Promise5, AnEmptyTreeIsNotReplacedByAnother) {
    Object first = store.new_object();
    const std::string sum = store.commit(first, "first");
    const ino_t inode = test::inode_of(tree_of(sum));
    Object second = store.new_object();
    EXPECT_EQ(store.commit(second, "second"), sum);
    EXPECT_EQ(test::inode_of(tree_of(sum)), inode);
}

TEST_F(Promise5, ARenameThatFailsIsAnErrorAndLeavesNothing) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    const std::string sum = object.treesum();
    const Renames renames(answer<EXDEV>);
    const Error error = test::thrown_by([&] { store.commit(object, "id"); });
    EXPECT_EQ(std::string(error.what()),
              format("commit id: move the tree to {}/objects/{}: Invalid cross-device link", root.native(), sum));
    EXPECT_TRUE(error.is(std::errc::cross_device_link));
    EXPECT_EQ(count("objects") + count("refs"), 0U);
    EXPECT_FALSE(object.written()) << "it was reset";
    EXPECT_TRUE(names_in(object.read().path()).empty()) << "to its former base: none";
    object.cleanup();
    EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(Promise5, NoRoomAfterTheMoveSaysSoToo) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    const Renames renames([](const char *from, const char *to) {
        check(::rename(from, to), "rename");
        return answer<ENOSPC>(from, to);
    });
    const Error error = test::thrown_by([&] { store.commit(object, "id"); });
    EXPECT_TRUE(error.is(std::errc::no_space_on_device)) << error.what();
    EXPECT_TRUE(std::string_view(error.what()).starts_with("commit id: it needs ")) << error.what();
}

TEST_F(Promise5, ARenameThatTheFileSystemRefusesLeavesTheFormerBase) {
    commit_rich_tree();
    Object object = store.new_object("base");
    write_into(object, "new", "text");
    const std::string sum = object.treesum();
    test::run({"chattr", "+i", root / "objects"});
    const Error error = test::thrown_by([&] { store.commit(object, "id"); });
    test::run({"chattr", "-i", root / "objects"});
    EXPECT_TRUE(error.is(std::errc::operation_not_permitted)) << error.what();
    EXPECT_FALSE(store.contains("id"));
    EXPECT_EQ(object.base(), "base");
    EXPECT_FALSE(object.written());
    EXPECT_EQ(object.treesum(), store.treesum_of("base"));
    EXPECT_EQ(entries_in_flight(), 2U);
    write_into(object, "new", "text");
    EXPECT_EQ(store.commit(object, "id"), sum) << "usable again";
}

TEST_F(Promise5, ARefThatCannotBeMadeIsAnErrorAndTheObjectIsReset) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    std::filesystem::create_directory(root / "refs/id");
    const Error error = test::thrown_by([&] { store.commit(object, "id"); });
    EXPECT_EQ(std::string(error.what()), format("commit id: make ref {}/refs/id: Is a directory", root.native()));
    EXPECT_FALSE(object.written());
    EXPECT_EQ(object.base(), std::nullopt);
    EXPECT_EQ(entries_in_flight(), 4U) << "run, work directory, and the empty tree in it";
    write_into(object, "file", "text");
    store.commit(object, "other");
    EXPECT_EQ(read_from(store.get("other"), "file"), "text");
}

TEST_F(Promise5, WhatStandsInTheWayOfAnObjectIsAnError) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    write_file(root / "objects" / object.treesum(), "a file");
    EXPECT_TRUE(test::thrown_by([&] { store.commit(object, "id"); }).is(std::errc::not_a_directory));
    EXPECT_FALSE(store.contains("id"));
    // A directory that holds something else than a tree is not taken for the object.
    write_into(object, "file", "more");
    const Path damaged = root / "objects" / object.treesum();
    std::filesystem::create_directories(damaged / "other");
    EXPECT_NE(test::error_of([&] { store.commit(object, "id"); }).find("the store is damaged"), std::string::npos);
    EXPECT_FALSE(store.contains("id"));
    EXPECT_EQ(count("refs"), 0U);
}

class EachStrategy : public ::testing::TestWithParam<std::tuple<const char *, Driver>> {};
INSTANTIATE_TEST_SUITE_P(On, EachStrategy,
                         ::testing::Combine(::testing::Values("ext4", "xfs", "btrfs", "tmpfs"),
                                            ::testing::Values(Driver::automatic, Driver::copy)),
                         [](const auto &test) {
                             return format("{}_{}", std::get<0>(test.param), name_of(std::get<1>(test.param)));
                         });

/// All strategies and file systems: the same treesums, an untouched base, and their own answer to a rename onto what is
/// there.
TEST_P(EachStrategy, KeepsThePromises) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto [type, driver] = GetParam();
    const auto system = test::FileSystem::make(type);
    OSB_NEEDS(system, type);
    const Path root = system->path() / "store";
    ObjectStore store(root, {.driver = driver});
    Object object = store.new_object();
    test::make_rich_tree(object.write().path());
    const std::string sum = store.commit(object, "base");
    test::expect_golden("store/rich-tree.treesum", sum + "\n");
    const std::string before = test::describe(root / "objects" / sum / "tree", test::Detail::identity);
    const std::string content = test::describe(object.read().path());
    {
        const Writer writer = object.write();
        EXPECT_EQ(test::describe(writer.path()), content);
    }
    EXPECT_EQ(store.commit(object, "same"), sum);
    EXPECT_EQ(names_in(root / "objects").size(), 1U);
    write_into(object, "new", "text");
    EXPECT_NE(store.commit(object, "other"), sum);
    EXPECT_EQ(test::describe(root / "objects" / sum / "tree", test::Detail::identity), before);
    EXPECT_EQ(test::expect_valid(root), 2U);
    store.close();
    EXPECT_TRUE(names_in(root / "tmp").empty());
    for (const std::string &name : names_in(root / "objects")) remove_tree(root / "objects" / name);
}

TEST_F(Promise6, EveryOperationThrowsOnAnObjectThatWasCleanedUp) {
    Object object = store.new_object();
    object.cleanup();
    EXPECT_EQ(count("tmp"), 0U);
    EXPECT_THROW((void)object.read(), AccessError);
    EXPECT_THROW((void)object.write(), AccessError);
    EXPECT_THROW((void)object.treesum(), AccessError);
    EXPECT_THROW((void)object.written(), AccessError);
    EXPECT_THROW((void)object.base(), AccessError);
    EXPECT_THROW(store.commit(object, "id"), AccessError);
    EXPECT_EQ(test::error_of([&] { (void)object.read(); }), "read an object that was cleaned up");
    EXPECT_NO_THROW(object.cleanup());
    EXPECT_EQ(count("refs") + count("objects") + count("tmp"), 0U);
}

TEST_F(Promise6, EveryOperationThrowsOnAnObjectThatWasMovedFrom) {
    Object object = store.new_object();
    const Object other = std::move(object);
    EXPECT_THROW((void)object.read(), AccessError);  // NOLINT(bugprone-use-after-move)
    EXPECT_THROW((void)object.write(), AccessError);
    EXPECT_THROW((void)object.treesum(), AccessError);
    EXPECT_THROW((void)object.written(), AccessError);
    EXPECT_THROW((void)object.base(), AccessError);
    EXPECT_THROW(object.cleanup(), AccessError);
    EXPECT_THROW(store.commit(object, "id"), AccessError);
    EXPECT_TRUE(names_in(other.read().path()).empty());
}

TEST_F(Promise6, AViewThatWasMovedFromOrEndedThrows) {
    Object object = store.new_object();
    Writer writer = object.write();
    const Writer other = std::move(writer);
    EXPECT_THROW((void)writer.path(), AccessError);  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(is_mount_point(other.path()));
    Reader reader = store.new_object().read();
    reader.detach();
    EXPECT_THROW((void)reader.path(), AccessError);
}

TEST_F(Promise6, ClosingTheStoreCleansUpItsObjects) {
    Object object = store.new_object();
    write_into(object, "file", "text");
    {
        const Reader reader = object.read();
        EXPECT_THROW(store.close(), AccessError);
        EXPECT_EQ(reader.dir().read_file(TreePath("file")), "text");
    }
    store.close();
    EXPECT_EQ(count("tmp"), 0U);
    EXPECT_THROW((void)object.read(), AccessError);
    EXPECT_THROW((void)store.new_object(), AccessError);
}

TEST_F(Promise6, TheEndOfTheStoreEndsEvenWhatIsStillRead) {
    std::optional<Reader> reader;
    {
        ObjectStore second(root);
        reader = second.get(std::nullopt).read();
        EXPECT_EQ(count("tmp"), 1U);
    }
    EXPECT_EQ(count("tmp"), 0U);
    EXPECT_THROW((void)reader->path(), AccessError);
}

TEST_F(Promise6, AnObjectIsCommittedOnlyToItsOwnStore) {
    ObjectStore other(scratch / "other");
    Object object = other.new_object();
    EXPECT_THROW(store.commit(object, "id"), AccessError);
    EXPECT_EQ(other.commit(object, "id").size(), 64U);
}

TEST_F(Promise7, GetWithAnIdShowsWhatTheIdRefersTo) {
    const Path tree = tree_of(commit_rich_tree());
    const Object object = store.get("base");
    EXPECT_EQ(object.base(), "base");
    EXPECT_EQ(test::inode_of(object.read().path() / "usr"), test::inode_of(tree / "usr"));
}

TEST_F(Promise7, GetWithoutAnIdIsAnEmptyTree) {
    const Reader reader = store.get(std::nullopt).read();
    EXPECT_TRUE(names_in(reader.path()).empty());
    EXPECT_EQ(::mkdir((reader.path() / "new").c_str(), 0755), -1);
    EXPECT_EQ(errno, EROFS);
}

TEST_F(Promise8, WhatNobodyCommitsIsNeverInTheStore) {
    {
        Object object = store.new_object();
        write_into(object, "stage-1", "1");
        store.commit(object, "checkpoint");
        write_into(object, "stage-2", "2");
        (void)object.treesum();
        EXPECT_EQ(read_from(object, "stage-2"), "2") << "the assembler reads the same object";
    }
    EXPECT_EQ(names_in(root / "refs"), (std::vector<std::string>{"checkpoint"}));
    EXPECT_EQ(count("objects"), 1U);
    EXPECT_EQ(names_in(store.get("checkpoint").read().path()), (std::vector<std::string>{"stage-1"}));
}

TEST_F(Promise8, TmpIsEmptyAfterAFailedStage) {
    try {
        Object object = store.new_object();
        write_into(object, "stage-1", "1");
        const Writer writer = object.write();
        const TempDir bundle = store.scratch("bundle");
        write_file(bundle.path() / "config.json", "{}");
        fail(Blame::build, "stage 2 said no");
    } catch (const Error &) {
    }
    EXPECT_EQ(count("refs") + count("objects"), 0U);
    store.close();
    EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(Promise11, IdsAreNamesOfTheirOwn) {
    Object object = store.new_object();
    write_into(object, "file", "1");
    store.commit(object, "0123abcd");
    write_into(object, "file", "2");
    store.commit(object, "0123abcd:arch-x86_64.v2");
    EXPECT_EQ(read_from(store.get("0123abcd"), "file"), "1");
    EXPECT_EQ(read_from(store.get("0123abcd:arch-x86_64.v2"), "file"), "2");
}

TEST_F(Promise11, WhatCannotBeAnIdIsRefused) {
    Object object = store.new_object();
    for (const std::string &id :
         {std::string(), std::string("a/b"), std::string(".."), std::string("."), std::string(".hidden"),
          std::string("a b"), std::string("a\n"), std::string("a\0b", 3), std::string(201, 'a')}) {
        EXPECT_THROW(store.commit(object, id), Error) << id;
        EXPECT_THROW(store.set_note(id, "{}"), Error) << id;
        EXPECT_FALSE(store.contains(id)) << id;
        EXPECT_EQ(store.note(id), std::nullopt) << id;
    }
    EXPECT_EQ(count("refs"), 0U);
    EXPECT_NO_THROW(store.commit(object, std::string(200, 'a')));
}

}  // namespace
}  // namespace osb::store
