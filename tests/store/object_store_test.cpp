// SPDX-License-Identifier: Apache-2.0
#include "lib/store/object_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/store/layout.hpp"
#include "tests/store/trees.hpp"

namespace osb::store {
namespace {

using test::error_of;
using test::names_in;
using test::Scratch;
using test::write_into;
using Path = std::filesystem::path;

std::string opening(const Path &root) {
    return error_of([&] { const ObjectStore store(root); });
}

TEST(Opening, AnEmptyOrNewDirectoryBecomesAStore) {
    const Scratch scratch;
    for (const Path &root : {scratch / "new/and/deep", scratch / "empty"}) {
        if (root.filename() == "empty") std::filesystem::create_directory(root);
        const ObjectStore store(root);
        EXPECT_EQ(names_in(root),
                  (std::vector<std::string>{"CACHEDIR.TAG", "format", "notes", "objects", "refs", "sources", "tmp"}));
        for (const char *part : {"objects", "refs", "tmp", "notes", "sources"})
            EXPECT_TRUE(names_in(root / part).empty()) << part;
        EXPECT_EQ(read_file(root / "format"), "osb-store 1\n");
        EXPECT_TRUE(read_file(root / "CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55\n"));
    }
}

TEST(Opening, NobodyElseCanEnterWhereTreesLie) {
    const Scratch scratch;
    const ObjectStore store(scratch / "store");
    for (const char *part : {"objects", "tmp"}) {
        struct stat status {};
        check(::stat((scratch / "store" / part).c_str(), &status), "stat");
        EXPECT_EQ(status.st_mode & 07777, 0700U) << part;
    }
}

TEST(Opening, AStoreIsOpenedAgainWithWhatItHolds) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    std::string sum;
    {
        ObjectStore store(scratch / "store");
        Object object = store.new_object();
        write_into(object, "file", "text");
        sum = store.commit(object, "id");
        store.set_note("id", "{\"a\": 1}");
    }
    ObjectStore store(scratch / "store");
    EXPECT_EQ(store.treesum_of("id"), sum);
    EXPECT_EQ(store.note("id"), "{\"a\": 1}");
    EXPECT_EQ(test::read_from(store.get("id"), "file"), "text");
}

TEST(Opening, WhatIsNotAStoreIsRefusedAndLeftAlone) {
    const Scratch scratch;
    const Path home = scratch / "home";
    std::filesystem::create_directories(home / "Documents");
    EXPECT_EQ(opening(home),
              format("open store {}: it is not a store, and not empty (an empty or a new directory becomes one)",
                     home.native()));
    EXPECT_EQ(names_in(home), (std::vector<std::string>{"Documents"}));
    // osbuild's own store has directories of the same names.
    const Path foreign = scratch / "osbuild";
    std::filesystem::create_directories(foreign / "objects/abc");
    std::filesystem::create_directories(foreign / "refs");
    EXPECT_NE(opening(foreign).find("it is not a store, and not empty"), std::string::npos);
    write_file(scratch / "file", "");
    EXPECT_EQ(opening(scratch / "file"), format("open store {}: Not a directory", (scratch / "file").native()));
    EXPECT_EQ(opening(scratch / "file/below"),
              format("open store {}: Not a directory", (scratch / "file/below").native()));
    EXPECT_EQ(test::thrown_by([&] { const ObjectStore store(home); }).blame(), Blame::environment);
}

TEST(Opening, AStoreWhoseMakingWasCutShortIsMade) {
    const Scratch scratch;
    const Path root = scratch / "store";
    std::filesystem::create_directories(root / "objects");
    std::filesystem::create_directories(root / "tmp");
    std::filesystem::create_directories(root / "lost+found");
    write_file(root / "tmp/.new-abcdef", "osb");
    write_file(root / "CACHEDIR.TAG", "Sig");
    const ObjectStore store(root);
    EXPECT_EQ(read_file(root / "format"), "osb-store 1\n");
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

TEST(Opening, AnotherFormatIsRefused) {
    const Scratch scratch;
    const Path root = scratch / "store";
    { const ObjectStore store(root); }
    write_file(root / "format", "osb-store 2\n");
    EXPECT_EQ(
        opening(root),
        format("open store {}: it has format 2, made by a newer osb; this one knows formats up to 1", root.native()));
    for (const char *text : {"", "osb-store 1", "osb-store 0\n", "osb-store -1\n", "osb-store 1x\n", "osb-store  1\n",
                             "cache 1\n", "osb-store 99999999999999999999\n"}) {
        write_file(root / "format", text);
        EXPECT_EQ(opening(root),
                  format("open store {}: its file 'format' does not name a format: the store is damaged, or not one",
                         root.native()))
            << text;
    }
}

TEST(Opening, OnAReadOnlyFileSystemAStoreCanBeAsked) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    {
        ObjectStore store(scratch / "store");
        Object object = store.new_object();
        store.commit(object, "id");
    }
    std::filesystem::create_directory(scratch / "view");
    const AttachedMount mount = std::move(Mount::bind(scratch.path()).read_only()).attach(scratch / "view");
    ObjectStore store(scratch / "view/store");
    EXPECT_TRUE(store.contains("id"));
    EXPECT_TRUE(test::thrown_by([&] { (void)store.new_object("id"); }).is(std::errc::read_only_file_system));
    EXPECT_TRUE(
        test::thrown_by([&] { const ObjectStore fresh(scratch / "view/fresh"); }).is(std::errc::read_only_file_system));
}

TEST(Opening, ManyAtOnceMakeOneStore) {
    const Scratch scratch;
    std::vector<pid_t> children;
    for (int i = 0; i < 8; i++) children.push_back(test::in_child([&] { const ObjectStore store(scratch / "store"); }));
    for (const pid_t child : children) EXPECT_TRUE(test::ended_well(test::wait_for(child)));
    EXPECT_EQ(names_in(scratch / "store").size(), 7U);
}

TEST(Opening, ADriverTheFileSystemLacksIsRefused) {
    OSB_NEEDS(test::is_privileged(), "root");
    for (const char *type : {"tmpfs", "xfs"}) {
        const auto system = test::FileSystem::make(type);
        OSB_NEEDS(system, type);
        const bool reflinks = std::string_view(type) == "xfs";
        EXPECT_EQ(ObjectStore(system->path() / "store").driver_name(), std::string_view(reflinks ? "reflink" : "copy"));
        EXPECT_EQ(ObjectStore(system->path() / "store", {.driver = Driver::copy}).driver(), Driver::copy);
        const auto forced = [&] { const ObjectStore store(system->path() / "store", {.driver = Driver::reflink}); };
        if (reflinks)
            EXPECT_NO_THROW(forced());
        else
            EXPECT_NE(error_of(forced).find("cannot share blocks between files"), std::string::npos);
    }
    EXPECT_EQ(driver_of("copy"), Driver::copy);
    EXPECT_EQ(test::thrown_by([] { driver_of("zfs"); }).blame(), Blame::usage);
}

TEST(Refs, AreListedWithWhatTheyReferTo) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    ObjectStore store(scratch / "store");
    Object object = store.new_object();
    const std::string sum = store.commit(object, "b");
    write_into(object, "file", "text");
    const std::string other = store.commit(object, "a");
    EXPECT_EQ(store.refs(), (std::vector<Ref>{{"a", other, true}, {"b", sum, true}}));
}

TEST(Refs, ToWhatIsLostAreNotThere) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    const Path root = scratch / "store";
    ObjectStore store(root);
    Object object = store.new_object();
    const std::string sum = store.commit(object, "id");
    object.cleanup();
    std::filesystem::create_symlink("../objects/../../etc", root / "refs/outside");
    std::filesystem::create_symlink("../objects/" + std::string(64, 'F'), root / "refs/upper");
    write_file(root / "refs/file", "");
    std::filesystem::create_directory(root / "refs/directory");
    for (const char *id : {"outside", "upper", "file", "directory"}) EXPECT_FALSE(store.contains(id)) << id;
    std::filesystem::remove(root / "objects" / sum / "tree");
    EXPECT_FALSE(store.contains("id"));
    EXPECT_EQ(store.refs().at(2), (Ref{"id", sum, false}));
    EXPECT_NE(error_of([&] { (void)store.get("id"); }).find("holds no object id"), std::string::npos);
    std::filesystem::remove(root / "objects" / sum);
    // The next build makes it anew.
    Object again = store.new_object();
    EXPECT_EQ(store.commit(again, "id"), sum);
    EXPECT_EQ(store.commit(again, "file"), sum) << "what is no ref is replaced";
    EXPECT_TRUE(store.contains("id") && store.contains("file"));
    EXPECT_THROW(store.commit(again, "directory"), Error);
}

TEST(Notes, AreReplacedAsAWholeAndLeaveNothingInFlight) {
    const Scratch scratch;
    ObjectStore store(scratch / "store");
    EXPECT_EQ(store.note("id"), std::nullopt);
    store.set_note("id", std::string(100000, 'a'));
    store.set_note("id", "b");
    EXPECT_EQ(store.note("id"), "b");
    EXPECT_FALSE(store.contains("id"));
    EXPECT_TRUE(names_in(scratch / "store/tmp").empty());
}

TEST(InFlight, ScratchDirectoriesLieInTheRun) {
    const Scratch scratch;
    ObjectStore store(scratch / "store");
    const Path run = store.run_directory();
    EXPECT_EQ(run.parent_path(), store.root() / "tmp");
    EXPECT_EQ(store.run_directory(), run);
    {
        const TempDir bundle = store.scratch("bundle");
        EXPECT_EQ(bundle.path().parent_path(), run);
    }
    EXPECT_TRUE(names_in(run).empty());
    EXPECT_EQ(store.sources(), store.root() / "sources");
    write_file(run / "state", "whatever the sandbox keeps");
    store.close();
    EXPECT_TRUE(names_in(scratch / "store/tmp").empty());
}

TEST(InFlight, NothingInheritsFromTheDirectoryOfTheStore) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    // A set-gid directory with a default ACL: "everything made here belongs to the group".
    test::make_rich_tree(scratch.path());
    check(::chown((scratch / "shared").c_str(), 0, 77), "chown");
    check(::chmod((scratch / "shared").c_str(), 02775), "chmod");
    ObjectStore store(scratch / "shared/store");
    Object object = store.new_object();
    const std::string empty = object.treesum();
    ObjectStore plain(scratch / "plain");
    EXPECT_EQ(plain.new_object().treesum(), empty);
    write_into(object, "file", "text");
    store.commit(object, "id");
    const std::string before = test::describe(object.read().path());
    EXPECT_EQ(before.find("posix_acl"), std::string::npos) << before;
    (void)object.write();
    EXPECT_EQ(test::describe(object.read().path()), before);
    remove_tree(scratch / "etc");
}

class FullDisk : public ::testing::Test {
protected:
    void SetUp() override {
        OSB_NEEDS(test::is_privileged(), "root");
        system = test::FileSystem::make("tmpfs", "3M,nr_inodes=200");
        OSB_NEEDS(system, "tmpfs");
        root = system->path() / "store";
    }
    std::unique_ptr<test::FileSystem> system;
    Path root;
};

TEST_F(FullDisk, TheFirstWriteSaysHowMuchWasNeededAndIsFreeAndTheObjectIsAsItWas) {
    ObjectStore store(root, {.driver = Driver::copy});
    Object object = store.new_object();
    write_into(object, "usr", std::string(size_t{2} << 20, 'u'));
    const std::string sum = store.commit(object, "base");
    const Error error = test::thrown_by([&] { (void)object.write(); });
    const std::string sentence = error.what();
    EXPECT_TRUE(error.is(std::errc::no_space_on_device));
    EXPECT_EQ(error.blame(), Blame::environment);
    EXPECT_TRUE(sentence.starts_with(
        format("make base writable: it needs 2.1 MB in 2 files, and {} has 1.0 MB and ", root.native())))
        << sentence;
    EXPECT_TRUE(sentence.ends_with(" files free: usr: copy it: No space left on device") ||
                sentence.ends_with(" files free: usr: write it: No space left on device"))
        << sentence;
    EXPECT_FALSE(object.written());
    EXPECT_EQ(object.treesum(), sum);
    EXPECT_TRUE(store.contains("base"));
    object.cleanup();
    store.close();
    EXPECT_TRUE(names_in(root / "tmp").empty());
    EXPECT_EQ(test::expect_valid(root), 1U);
}

TEST_F(FullDisk, AStageThatFillsItLeavesTheStoreIntact) {
    {
        ObjectStore store(root, {.driver = Driver::copy});
        Object object = store.new_object();
        write_into(object, "file", "text");
        store.commit(object, "base");
        EXPECT_TRUE(test::thrown_by([&] {
                        write_into(object, "big", std::string(size_t{4} << 20, 'b'));
                    }).is(std::errc::no_space_on_device));
        EXPECT_LT(store.room().bytes, 4096U);
        EXPECT_GT(store.room().files, 100U);
    }
    EXPECT_TRUE(names_in(root / "tmp").empty());
    EXPECT_EQ(test::expect_valid(root), 1U);
    ObjectStore store(root);
    EXPECT_EQ(test::read_from(store.get("base"), "file"), "text");
    EXPECT_GT(store.room().bytes, size_t{2} << 20);
}

TEST_F(FullDisk, ACommitWithoutAnyRoomSaysSoAndTheStoreIsValid) {
    ObjectStore store(root, {.driver = Driver::copy});
    Object object = store.new_object();
    write_into(object, "file", "text");
    // The last inodes go to something else: a ref is one more.
    std::filesystem::create_directory(system->path() / "filler");
    for (int i = 0;; i++) {
        const Fd fd(::open((system->path() / format("filler/{}", i)).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        if (!fd) break;
    }
    const Error error = test::thrown_by([&] { store.commit(object, "id"); });
    EXPECT_TRUE(error.is(std::errc::no_space_on_device));
    EXPECT_TRUE(std::string_view(error.what()).starts_with("commit id: it needs ")) << error.what();
    EXPECT_FALSE(store.contains("id"));
    std::filesystem::remove_all(system->path() / "filler");
    EXPECT_EQ(test::expect_valid(root), 0U);
    store.close();
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

}  // namespace
}  // namespace osb::store
