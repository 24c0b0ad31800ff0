// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_writer.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/oci/tree_maker.hpp"
#include "tests/support.hpp"

namespace osb::oci {
namespace {

namespace fs = std::filesystem;

std::string tar_of(const fs::path &root, const TarOptions &options = {}) {
    StringSink out;
    const TarSummary summary = write_tar(test::open_root(root), out, options);
    EXPECT_EQ(summary.bytes, out.text.size());
    return std::move(out.text);
}

fs::path make_dir(const osb::test::Scratch &scratch, const char *name) {
    fs::create_directory(scratch / name);
    return scratch / name;
}

/// What GNU tar lists of it, byte for byte, one name a line.
std::string names_in(std::string_view tar) {
    const Captured listed = run_captured({.argv = {"tar", "--quoting-style=literal", "-tf", "-"}}, tar);
    EXPECT_TRUE(listed.status.success()) << listed.err;
    return listed.out;
}

TEST(WriteTar, SameTreeMadeInAnotherOrderGivesTheSameBytes) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    osb::test::Scratch scratch;
    test::make_rich_tree(make_dir(scratch, "a"), test::Order::forwards);
    test::make_rich_tree(make_dir(scratch, "b"), test::Order::backwards);
    const std::string tar = tar_of(scratch / "a");
    EXPECT_TRUE(tar == tar_of(scratch / "b"));
    EXPECT_EQ(tar.find("atime="), std::string::npos);
    EXPECT_EQ(tar.find("ctime="), std::string::npos);
    EXPECT_EQ(tar.find("LIBARCHIVE"), std::string::npos);
}

TEST(WriteTar, GnuTarReadsBackEverything) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    osb::test::Scratch scratch;
    test::make_rich_tree(make_dir(scratch, "a"));
    fs::remove_all(scratch / "a/acl.d");  // GNU tar takes ACLs as text only
    fs::remove(scratch / "a/acl");
    write_file(scratch / "a.tar", tar_of(scratch / "a", {.fractions = TarOptions::Fractions::keep}));
    osb::test::run({"tar", "-C", make_dir(scratch, "b"), "--xattrs", "--xattrs-include=*", "--acls", "--numeric-owner",
                    "-xpf", scratch / "a.tar"});
    EXPECT_EQ(test::describe(scratch / "b"), test::describe(scratch / "a"));
}

TEST(WriteTar, EntriesComeInTheOrderOfTheirNames) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    for (const char *name : {"b", "a-b", "a.txt", "z"}) write_file(root / name, "");
    for (const char *name : {"a", "a/x", "empty"}) fs::create_directory(root / name);
    EXPECT_EQ(names_in(tar_of(root)), "./\na-b\na.txt\na/\na/x/\nb\nempty/\nz\n");
    EXPECT_EQ(names_in(tar_of(root, {.root = TarOptions::RootEntry::omit,
                                     .select = [](const TreeEntry &entry) { return !entry.path.starts_with("a"); }})),
              "b\nempty/\nz\n");
}

TEST(WriteTar, ClampsNewTimesAndCutsFractions) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    for (const char *name : {"early", "late", "same"}) write_file(root / name, "");
    const auto set = [&](const char *name, time_t seconds, long nanoseconds) {
        const timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
        check(::utimensat(AT_FDCWD, (root / name).c_str(), times, 0), "set time");
    };
    set("early", 99, 999'999'999);
    set("same", 100, 1);
    set("late", 5000, 0);
    set(".", 5000, 5);
    write_file(scratch / "a.tar", tar_of(root, {.clamp_mtime = 100, .fractions = TarOptions::Fractions::keep}));
    const std::string listed = osb::test::run({"env", "TZ=UTC", "tar", "--full-time", "-tvf", scratch / "a.tar"});
    EXPECT_NE(listed.find("1970-01-01 00:01:39 early"), std::string::npos) << listed;
    EXPECT_NE(listed.find("1970-01-01 00:01:40 late"), std::string::npos) << listed;
    EXPECT_NE(listed.find("1970-01-01 00:01:40 same"), std::string::npos) << listed;
    EXPECT_NE(listed.find("1970-01-01 00:01:40 ./"), std::string::npos) << listed;
}

TEST(WriteTar, MakesNamespacedCapabilitiesPlainAndDropsOverlayMarks) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    write_file(root / "ping", "x");
    const std::string capability("\x01\x00\x00\x03\x00\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xa0\x86\x01\x00", 24);
    check(::setxattr((root / "ping").c_str(), "security.capability", capability.data(), capability.size(), 0),
          "set capability");
    check(::setxattr((root / "ping").c_str(), "trusted.overlay.metacopy", "", 0, 0), "set metacopy");
    check(::setxattr((root / "ping").c_str(), "user.overlay.opaque", "y", 1, 0), "set opaque");
    const std::string tar = tar_of(root);
    const std::string plain("security.capability=\x01\x00\x00\x02\x00\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\n", 41);
    EXPECT_NE(tar.find(plain), std::string::npos);
    EXPECT_EQ(tar.find("overlay"), std::string::npos);
    EXPECT_EQ(tar_of(root, {.keep_xattr = [](std::string_view) { return false; }}).find("SCHILY"), std::string::npos);
}

TEST(WriteTar, SkipsSocketsAndCountsThem) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    const Fd listening(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    (root / "socket").native().copy(address.sun_path, sizeof address.sun_path - 1);
    check(::bind(listening.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), "bind");
    StringSink out;
    const TarSummary summary = write_tar(test::open_root(root), out, {});
    EXPECT_EQ(summary.sockets_skipped, 1U);
    EXPECT_EQ(summary.entries, 1U);
    EXPECT_EQ(names_in(out.text), "./\n");
}

TEST(WriteTar, RefusesWhiteoutNamesWhereTheyWouldMeanSomething) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    fs::create_directory(root / "etc");
    write_file(root / "etc/.wh.passwd", "");
    EXPECT_EQ(
        osb::test::error_of([&] { tar_of(root, {.whiteout_names = TarOptions::WhiteoutNames::refuse}); }),
        "/etc/.wh.passwd: a name that begins with .wh. means a removal in an image layer and cannot be put in one");
    EXPECT_EQ(names_in(tar_of(root)), "./\netc/\netc/.wh.passwd\n");
}

TEST(WriteTar, NoticesAFileThatChangesItsSize) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    const auto tar_while_resizing = [&](off_t size) {
        write_file(root / "log", std::string(5 << 20, 'x'));
        FunctionSink out(
            [&](std::span<const std::byte>) { check(::truncate((root / "log").c_str(), size), "truncate"); });
        write_tar(test::open_root(root), out, {});
    };
    EXPECT_EQ(osb::test::error_of([&] { tar_while_resizing(3 << 20); }), "/log: became shorter while it was read");
    EXPECT_EQ(osb::test::error_of([&] { tar_while_resizing((5 << 20) + 1); }), "/log: became longer while it was read");
}

TEST(WriteTar, CarriesFilesOfMoreThan8GiB) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    write_file(root / "huge", "");
    constexpr std::uint64_t size = (std::uint64_t{8} << 30) + 1;
    check(::truncate((root / "huge").c_str(), static_cast<off_t>(size)), "truncate");
    std::string beginning;
    FunctionSink out([&](std::span<const std::byte> data) {
        if (beginning.empty()) beginning.assign(reinterpret_cast<const char *>(data.data()), 4096);
    });
    const TarSummary summary = write_tar(test::open_root(root), out, {});
    EXPECT_NE(beginning.find("19 size=8589934593\n"), std::string::npos);
    EXPECT_EQ(summary.bytes, 512 + 3 * 512 + size + 511 + 1024);
}

TEST(WriteTar, ProgressCountsUpAndMayStop) {
    osb::test::Scratch scratch;
    const fs::path root = make_dir(scratch, "a");
    write_file(root / "file", std::string(3 << 20, 'x'));
    std::uint64_t seen = 0;
    const std::string tar = tar_of(root, {.progress = [&](std::uint64_t bytes) {
                                       EXPECT_GT(bytes, seen);
                                       seen = bytes;
                                   }});
    EXPECT_EQ(seen, tar.size());
    EXPECT_EQ(osb::test::error_of([&] { tar_of(root, {.progress = [](std::uint64_t) { throw Error("enough"); }}); }),
              "enough");
}

}  // namespace
}  // namespace osb::oci
