// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_unpack.hpp"

#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "oci/compress.hpp"
#include "oci/tar_header.hpp"
#include "oci/tar_writer.hpp"
#include "tests/oci/tree_maker.hpp"
#include "tests/support.hpp"

namespace osb::oci {
namespace {

namespace fs = std::filesystem;
using osb::test::Scratch;

fs::path make_dir(const fs::path &path) {
    fs::create_directory(path);
    return path;
}

TarEntry file(std::string name) {
    return {.name = std::move(name)};
}
TarEntry directory(std::string name) {
    return {.name = std::move(name), .type = TarType::directory, .mode = 0755};
}
TarEntry symlink(std::string name, std::string target) {
    return {.name = std::move(name), .type = TarType::symlink, .mode = 0777, .link = std::move(target)};
}
TarEntry hard_link(std::string name, std::string target) {
    return {.name = std::move(name), .type = TarType::hard_link, .link = std::move(target)};
}

/// An archive of these headers; files have the content "DATA".
std::string tar_with(const std::vector<TarEntry> &entries) {
    std::string tar;
    for (TarEntry entry : entries) {
        if (entry.type == TarType::file && entry.size == 0) entry.size = 4;
        tar += tar_header(entry);
        if (entry.type == TarType::file) {
            tar += "DATA";
            tar.append(tar_padding(4), '\0');
        }
    }
    return tar.append(tar_end_size, '\0');
}

UnpackSummary unpack(const std::string &tar, const fs::path &into, const UnpackOptions &options = {}) {
    Scratch scratch;
    write_file(scratch / "a.tar", tar);
    return unpack_tar(open_file(scratch / "a.tar", O_RDONLY), "a.tar", Dir::open(into), options);
}

TEST(UnpackTar, TreeToTarToTreeIsTheSame) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    Scratch scratch;
    test::make_rich_tree(make_dir(scratch / "a"));
    StringSink tar;
    write_tar(test::open_root(scratch / "a"), tar, {.fractions = TarOptions::Fractions::keep});
    unpack(tar.text, make_dir(scratch / "b"));
    EXPECT_EQ(test::describe(scratch / "b"), test::describe(scratch / "a"));
    struct stat sparse {};
    check(::stat((scratch / "b/sparse").c_str(), &sparse), "stat");
    EXPECT_EQ(sparse.st_size, 9'000'001);
}

TEST(UnpackTar, ReadsWhatGnuTarWrites) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    Scratch scratch;
    test::make_rich_tree(make_dir(scratch / "a"));
    for (const char *program : {"--gzip", "--xz", "--zstd", "--bzip2", "--no-auto-compress"}) {
        osb::test::run({"tar", program, "--format=pax", "--sparse", "--xattrs", "--xattrs-include=*", "--numeric-owner",
                        "-C", scratch / "a", "-cf", scratch / "a.tar", "."});
        unpack_tar(scratch / "a.tar", Dir::open(make_dir(scratch / "b")));
        EXPECT_EQ(test::describe(scratch / "b"), test::describe(scratch / "a")) << program;
        remove_tree(scratch / "b");
    }
    fs::remove(scratch / "a/acl");  // the GNU format has no attributes and no fractions
    fs::remove_all(scratch / "a/acl.d");
    for (const char *name : {"xattr", "ping", "old", "older", "future"}) fs::remove(scratch / "a" / name);
    osb::test::run(
        {"tar", "--format=gnu", "--sparse", "--numeric-owner", "-C", scratch / "a", "-cf", scratch / "a.tar", "."});
    unpack_tar(scratch / "a.tar", Dir::open(make_dir(scratch / "b")));
    EXPECT_EQ(test::describe(scratch / "b", test::Times::ignored), test::describe(scratch / "a", test::Times::ignored));
}

TEST(UnpackTar, TakesAclsThatAreText) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    Scratch scratch;
    test::make_rich_tree(make_dir(scratch / "a"));
    osb::test::run({"tar", "--format=pax", "--acls", "--numeric-owner", "-C", scratch / "a", "-cf", scratch / "a.tar",
                    "acl", "acl.d"});
    unpack_tar(scratch / "a.tar", Dir::open(make_dir(scratch / "b")));
    for (const auto &other : fs::directory_iterator(scratch / "a"))
        if (!other.path().filename().native().starts_with("acl")) fs::remove_all(other);
    EXPECT_EQ(test::describe(scratch / "b", test::Times::ignored), test::describe(scratch / "a", test::Times::ignored));
}

TEST(UnpackTar, StripsAndSelects) {
    Scratch scratch;
    const std::string tar =
        tar_with({directory("pkg-1/"), file("pkg-1/a"), file("pkg-1/doc/b"), hard_link("pkg-1/c", "pkg-1/a")});
    const UnpackSummary summary =
        unpack(tar, make_dir(scratch / "b"),
               {.owners = UnpackOptions::Owners::mine, .strip_components = 1, .select = [](std::string_view name) {
                    return !name.starts_with("doc");
                }});
    EXPECT_EQ(summary.entries, 2U);
    EXPECT_EQ(summary.bytes, 4U);
    EXPECT_EQ(Dir::open(scratch / "b").names(), (std::vector<std::string>{"a", "c"}));
}

TEST(UnpackTar, ReplacesWhatIsThere) {
    Scratch scratch;
    const fs::path into = make_dir(scratch / "b");
    write_file(into / "file", "old");
    fs::create_hard_link(into / "file", scratch / "other name");
    write_file(scratch / "target", "outside");
    fs::create_symlink(scratch / "target", into / "link");
    fs::create_directory(into / "dir");
    fs::create_directory(into / "kept");
    write_file(into / "kept/file", "kept");
    unpack(tar_with({file("file"), file("link"), file("dir"), directory("kept/")}), into,
           {.owners = UnpackOptions::Owners::mine});
    EXPECT_EQ(read_file(into / "file"), "DATA");
    EXPECT_EQ(read_file(scratch / "other name"), "old") << "the file is replaced, not written into";
    EXPECT_EQ(read_file(into / "link"), "DATA");
    EXPECT_EQ(read_file(scratch / "target"), "outside") << "the symlink is replaced, not followed";
    EXPECT_EQ(read_file(into / "dir"), "DATA");
    EXPECT_EQ(read_file(into / "kept/file"), "kept");
}

TEST(UnpackTar, FollowsOlderSymlinksButNeverOut) {
    Scratch scratch;
    const fs::path into = make_dir(scratch / "b");
    fs::create_directories(into / "usr/lib");
    fs::create_symlink("usr/lib", into / "lib");
    fs::create_symlink("/usr/lib", into / "lib64");
    fs::create_symlink(scratch.path() / "outside", into / "way-out");
    make_dir(scratch / "outside");
    const UnpackOptions keep{.owners = UnpackOptions::Owners::mine,
                             .directory_links = UnpackOptions::DirectoryLinks::keep};
    unpack(tar_with({directory("lib/"), file("lib/a"), file("lib64/b")}), into, keep);
    EXPECT_TRUE(fs::is_symlink(into / "lib"));
    EXPECT_EQ(Dir::open(into / "usr/lib").names(), (std::vector<std::string>{"a", "b"}));
    EXPECT_NE(osb::test::error_of([&] { unpack(tar_with({file("way-out/x")}), into, keep); }), "");
    EXPECT_TRUE(fs::is_empty(scratch / "outside"));
    unpack(tar_with({directory("lib/")}), into, {.owners = UnpackOptions::Owners::mine});
    EXPECT_FALSE(fs::is_symlink(into / "lib"));
}

struct HostileCase {
    const char *name;
    std::vector<TarEntry> entries;
};

// Each is refused with the sentence in the golden file, and leaves what is outside as it was.
TEST(UnpackTar, RefusesHostileArchives) {
    const std::vector<HostileCase> cases{
        {"dots", {file("../escaped")}},
        {"dots in the middle", {file("a/../../escaped")}},
        {"dots that stay inside", {directory("a/"), file("a/../b")}},
        {"dots at the end", {directory("a/..")}},
        {"directory dots", {directory("../made/")}},
        {"absolute", {file("/escaped")}},
        {"absolute directory", {directory("/made/")}},
        {"absolute twice", {file("//escaped")}},
        {"through an absolute symlink", {symlink("way", "/outside"), file("way/escaped")}},
        {"through a relative symlink", {symlink("way", "../outside"), file("way/escaped")}},
        {"through a harmless symlink", {directory("d/"), symlink("way", "d"), file("way/inside")}},
        {"through two symlinks", {symlink("a", ".."), symlink("b", "a/outside"), file("b/escaped")}},
        {"symlink below a symlink", {symlink("way", "../outside"), symlink("way/more", "x")}},
        {"directory through a symlink", {symlink("way", "../outside"), directory("way/made/")}},
        {"directory replaced by a symlink",
         {directory("d/"), file("d/x"), symlink("d", "../outside"), file("d/escaped")}},
        {"empty directory replaced by a symlink", {directory("d/"), symlink("d", "../outside"), file("d/escaped")}},
        {"hard link out by dots", {hard_link("stolen", "../outside/secret")}},
        {"absolute hard link", {hard_link("stolen", "/etc/passwd")}},
        {"hard link through a symlink", {symlink("way", "../outside"), hard_link("stolen", "way/secret")}},
        {"hard link to nothing", {hard_link("stolen", "nothing")}},
        {"hard link to a directory", {directory("d/"), hard_link("stolen", "d")}},
        {"hard link to itself", {file("a"), hard_link("a", "a")}},
        {"hard link to the tree", {hard_link("a", ".")}},
        {"the tree as a symlink", {symlink("./", "../outside")}},
        {"the tree as a file", {file(".")}},
        {"control characters", {file("../\x1b[31mred\n")}},
        {"owner out of range", {{.name = "a", .uid = 4294967295}}},
        {"component too long", {file(std::string(256, 'n'))}},
    };
    std::string sentences;
    for (const HostileCase &one : cases) {
        Scratch scratch;
        make_dir(scratch / "outside");
        write_file(scratch / "outside/secret", "secret");
        const std::string before = test::describe(scratch / "outside");
        make_dir(scratch / "tree");
        const Error error = osb::test::thrown_by([&] { unpack(tar_with(one.entries), scratch / "tree"); });
        sentences += format("{}: {}\n", one.name, error.what());
        EXPECT_EQ(test::describe(scratch / "outside"), before) << one.name;
        EXPECT_EQ(Dir::open(scratch.path()).names(), (std::vector<std::string>{"outside", "tree"})) << one.name;
    }
    osb::test::expect_golden("oci/hostile_archives.txt", sentences);
}

TEST(UnpackTar, WritesThroughASymlinkOnlyIntoANewFile) {
    // The link is replaced by the file; a hard link to the link is a link, not what it leads to.
    Scratch scratch;
    write_file(scratch / "secret", "secret");
    unpack(tar_with({symlink("a", "../secret"), hard_link("b", "a"), file("a"), file("b")}), make_dir(scratch / "tree"),
           {.owners = UnpackOptions::Owners::mine});
    EXPECT_EQ(read_file(scratch / "secret"), "secret");
    EXPECT_EQ(read_file(scratch / "tree/a"), "DATA");
    EXPECT_EQ(read_file(scratch / "tree/b"), "DATA");
}

TEST(UnpackTar, NoticesEveryPlaceOfTruncation) {
    const std::string tar = tar_with(
        {directory("d/"), file("d/a"), {.name = "\xe4", .mtime = 1, .mtime_nanoseconds = 1}, symlink("l", "x")});
    const size_t end_mark = tar.size() - tar_end_size;
    StringSink compressed;
    CompressSink gzip(compressed, {.threads = 1});
    gzip.write(tar);
    gzip.finish();
    Scratch scratch;
    const fs::path into = make_dir(scratch / "b");
    for (size_t size = 0; size <= end_mark; size += 128)
        EXPECT_NE(osb::test::error_of([&] { unpack(tar.substr(0, size), into); }), "") << size;
    for (size_t size = 0; size < compressed.text.size(); size += 7)
        EXPECT_NE(osb::test::error_of([&] { unpack(compressed.text.substr(0, size), into); }), "")
            << size << " compressed";
    EXPECT_EQ(osb::test::error_of([&] { unpack(tar.substr(0, end_mark), into); }),
              "unpack a.tar: the archive is truncated: it ends without an end mark");
    EXPECT_EQ(unpack(tar, into).entries, 4U);
    EXPECT_EQ(unpack(compressed.text, into).entries, 4U);
}

TEST(UnpackTar, SaysWhatIsNoTar) {
    Scratch scratch;
    const fs::path into = make_dir(scratch / "b");
    const auto sentence = [&](const std::string &text) { return osb::test::error_of([&] { unpack(text, into); }); };
    EXPECT_EQ(sentence(""), "unpack a.tar: not a tar archive");
    EXPECT_EQ(sentence(std::string(100'000, 'x')), "unpack a.tar: not a tar archive");
    EXPECT_EQ(sentence("PK\x03\x04" + std::string(4096, '\0')), "unpack a.tar: not a tar archive");
    std::string damaged = tar_with({directory("d/"), file("d/a")});
    damaged[512 + 3] = 'X';
    EXPECT_EQ(sentence(damaged), "unpack a.tar: the archive is damaged: Damaged tar archive");
    EXPECT_EQ(osb::test::thrown_by([&] { unpack(damaged, into); }).blame(), Blame::build);
    EXPECT_EQ(osb::test::error_of([&] { unpack_tar(scratch / "missing", Dir::open(into)); }).find("open "), 0U);
}

TEST(UnpackTar, ProgressMayStop) {
    Scratch scratch;
    EXPECT_EQ(osb::test::error_of([&] {
                  unpack(tar_with({file("a")}), make_dir(scratch / "b"),
                         {.progress = [](std::uint64_t) { throw Error("enough"); }});
              }),
              "unpack a.tar: enough");
}

}  // namespace
}  // namespace osb::oci
