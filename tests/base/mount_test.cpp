// SPDX-License-Identifier: Apache-2.0
#include "lib/base/mount.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

namespace fs = std::filesystem;

/// Two directories: "from" with a file and a directory, and "to", empty.
class MountTest : public ::testing::Test {
protected:
    void SetUp() override {
        OSB_NEEDS(test::is_privileged(), "mounting");
        fs::create_directories(scratch / "from/sub");
        write_file(scratch / "from/file", "content");
        fs::create_directory(scratch / "to");
    }
    static std::errc write_to(const fs::path &path) {
        try {
            write_file(path, "written");
            return {};
        } catch (const Error &error) {
            return static_cast<std::errc>(error.code().value());
        }
    }
    test::Scratch scratch;
};

TEST_F(MountTest, IsNowhereUntilAttachedAndGoneAtTheEnd) {
    const std::string before = read_file("/proc/self/mountinfo");
    {
        Mount mount = Mount::bind(scratch / "from");
        EXPECT_EQ(read_file("/proc/self/mountinfo"), before);
        EXPECT_FALSE(is_mount_point(scratch / "to"));
        const AttachedMount attached = std::move(mount).attach(scratch / "to");
        EXPECT_EQ(attached.target(), scratch / "to");
        EXPECT_TRUE(is_mount_point(scratch / "to"));
        EXPECT_EQ(read_file(scratch / "to/file"), "content");
        struct stat one {};
        struct stat two {};
        ::stat((scratch / "from/file").c_str(), &one);
        ::stat((scratch / "to/file").c_str(), &two);
        EXPECT_EQ(one.st_ino, two.st_ino);
    }
    EXPECT_EQ(read_file("/proc/self/mountinfo"), before);
    EXPECT_FALSE(fs::exists(scratch / "to/file"));
}

TEST_F(MountTest, IsTakenOffThoughSomebodyIsInIt) {
    AttachedMount attached = Mount::bind(scratch / "from").attach(scratch / "to");
    const Fd busy = open_file(scratch / "to/file", O_RDONLY);
    attached.detach();
    EXPECT_FALSE(is_mount_point(scratch / "to"));
    EXPECT_NO_THROW(attached.detach());
    EXPECT_EQ(read_all(busy, "file"), "content");
}

TEST_F(MountTest, ReadOnlyIsThisMountsAndNotTheSources) {
    const AttachedMount attached = std::move(Mount::bind(scratch / "from").read_only()).attach(scratch / "to");
    EXPECT_EQ(write_to(scratch / "to/file"), std::errc::read_only_file_system);
    EXPECT_EQ(write_to(scratch / "from/file"), std::errc());
    EXPECT_EQ(read_file(scratch / "to/file"), "written");
}

TEST_F(MountTest, RecursionDecidesWhatHappensBelow) {
    const AttachedMount below = Mount::tmpfs().attach(scratch / "from/sub");
    write_file(scratch / "from/sub/in-tmpfs", "");
    {
        const AttachedMount single = Mount::bind(scratch / "from").attach(scratch / "to");
        EXPECT_FALSE(fs::exists(scratch / "to/sub/in-tmpfs"));
    }
    const AttachedMount all =
        std::move(Mount::bind(scratch / "from", Recursion::recursive).read_only(Recursion::recursive))
            .attach(scratch / "to");
    EXPECT_TRUE(fs::exists(scratch / "to/sub/in-tmpfs"));
    EXPECT_EQ(write_to(scratch / "to/sub/x"), std::errc::read_only_file_system);
    EXPECT_EQ(write_to(scratch / "from/sub/x"), std::errc());
}

TEST_F(MountTest, ABindIsAloneAndNotInThePeerGroupOfItsSource) {
    const AttachedMount attached = Mount::bind(scratch / "from").attach(scratch / "to");
    const AttachedMount inside = Mount::tmpfs().attach(scratch / "to/sub");
    EXPECT_TRUE(is_mount_point(scratch / "to/sub"));
    EXPECT_FALSE(is_mount_point(scratch / "from/sub"));
}

TEST_F(MountTest, WithoutPrivileges) {
    const AttachedMount attached = std::move(Mount::bind(scratch / "from").without_privileges()).attach(scratch / "to");
    struct statvfs status {};
    ASSERT_EQ(::statvfs((scratch / "to").c_str(), &status), 0);
    EXPECT_EQ(status.f_flag & (ST_NOSUID | ST_NODEV), static_cast<unsigned long>(ST_NOSUID | ST_NODEV));
}

TEST_F(MountTest, OfAFileAndOfAnOpenDirectory) {
    write_file(scratch / "to/place", "under it");
    {
        const AttachedMount file = Mount::bind(scratch / "from/file").attach(scratch / "to/place");
        EXPECT_EQ(read_file(scratch / "to/place"), "content");
    }
    EXPECT_EQ(read_file(scratch / "to/place"), "under it");
    const Fd open = open_file(scratch / "from", O_RDONLY | O_DIRECTORY);
    const AttachedMount directory = Mount::bind(open).attach(scratch / "to");
    EXPECT_EQ(read_file(scratch / "to/file"), "content");
}

TEST_F(MountTest, TmpfsTakesItsOptions) {
    const AttachedMount attached = Mount::tmpfs({{"mode", "751"}, {"size", "64k"}}).attach(scratch / "to");
    EXPECT_EQ(fs::status(scratch / "to").permissions(), static_cast<fs::perms>(0751));
    EXPECT_TRUE(test::thrown_by([&] {
                    write_file(scratch / "to/large", std::string(100'000, 'x'));
                }).is(std::errc::no_space_on_device));
    const Error thrown = test::thrown_by([] { Mount::tmpfs({{"nonsense", "1"}}); });
    EXPECT_TRUE(std::string_view(thrown.what()).starts_with("mount tmpfs: set nonsense=1")) << thrown.what();
    EXPECT_NE(std::string_view(thrown.what()).find("Unknown parameter 'nonsense'"), std::string_view::npos)
        << "the kernel's own words";
}

TEST_F(MountTest, SaysWhatCannotBeMounted) {
    EXPECT_EQ(test::error_of([&] { Mount::bind(scratch / "none"); }),
              format("bind {}: No such file or directory", (scratch / "none").native()));
    EXPECT_EQ(test::error_of([&] { auto lost = Mount::bind(scratch / "from").attach(scratch / "none"); }),
              format("mount on {}: No such file or directory", (scratch / "none").native()));
}

class OverlayTest : public MountTest {
protected:
    void SetUp() override {
        MountTest::SetUp();
        if (IsSkipped()) return;
        for (const char *name : {"upper", "work", "probe-up", "probe-work"}) fs::create_directory(scratch / name);
        try {
            Mount::overlay(
                {.lower = {scratch / "from"}, .upper = scratch / "probe-up", .work = scratch / "probe-work"});
        } catch (const Error &error) {
            GTEST_SKIP() << "this environment lacks overlayfs: " << error.what();
        }
    }
};

TEST_F(OverlayTest, WritesGoToTheUpperDirectory) {
    const AttachedMount attached =
        Mount::overlay({.lower = {scratch / "from"}, .upper = scratch / "upper", .work = scratch / "work"})
            .attach(scratch / "to");
    write_file(scratch / "to/file", "changed");
    fs::remove(scratch / "to/sub");
    EXPECT_EQ(read_file(scratch / "from/file"), "content");
    EXPECT_EQ(read_file(scratch / "upper/file"), "changed");
    struct stat status {};
    ASSERT_EQ(::lstat((scratch / "upper/sub").c_str(), &status), 0);
    EXPECT_TRUE(S_ISCHR(status.st_mode)) << "a whiteout";
}

TEST_F(OverlayTest, WithoutAnUpperDirectoryIsReadOnlyAndTheFirstLayerIsOnTop) {
    fs::create_directory(scratch / "second");
    write_file(scratch / "second/file", "hidden");
    write_file(scratch / "second/only", "seen");
    const AttachedMount attached =
        Mount::overlay({.lower = {scratch / "from", scratch / "second"}}).attach(scratch / "to");
    EXPECT_EQ(read_file(scratch / "to/file"), "content");
    EXPECT_EQ(read_file(scratch / "to/only"), "seen");
    EXPECT_EQ(write_to(scratch / "to/file"), std::errc::read_only_file_system);
}

TEST_F(OverlayTest, TakesPathsThatAreLongOrHaveTheCharactersOfItsOwnSyntax) {
    const fs::path odd = scratch / (std::string(200, 'x') + "/" + std::string(200, 'y') + "/a:b,c\\d\\:e");
    for (const char *name : {"one", "two", "upper", "work"}) fs::create_directories(odd / name);
    write_file(odd / "one/from-one", "");
    write_file(odd / "two/from-two", "");
    const AttachedMount attached =
        Mount::overlay({.lower = {odd / "one", odd / "two"}, .upper = odd / "upper", .work = odd / "work"})
            .attach(scratch / "to");
    EXPECT_EQ(Dir::open(scratch / "to").names(), (std::vector<std::string>{"from-one", "from-two"}));
    write_file(scratch / "to/new", "");
    EXPECT_TRUE(fs::exists(odd / "upper/new"));
}

TEST_F(OverlayTest, TakesManyLayers) {
    OverlaySpec spec;
    for (int i = 0; i < 100; i++) {
        spec.lower.push_back(scratch / format("layer{}", i));
        fs::create_directory(spec.lower.back());
        write_file(spec.lower.back() / format("file{}", i), "");
    }
    const AttachedMount attached = Mount::overlay(spec).attach(scratch / "to");
    EXPECT_EQ(Dir::open(scratch / "to").names().size(), 100U);
}

TEST_F(OverlayTest, SaysWhatItCannotDo) {
    const Error thrown = test::thrown_by([&] { Mount::overlay({.lower = {scratch / "none"}}); });
    EXPECT_TRUE(thrown.is(std::errc::no_such_file_or_directory)) << thrown.what();
    EXPECT_EQ(
        test::thrown_by([&] { Mount::overlay({.lower = {scratch / "from"}, .upper = scratch / "upper"}); }).blame(),
        Blame::bug);
}

}  // namespace
}  // namespace osb
