// SPDX-License-Identifier: Apache-2.0
#include "lib/store/treesum.hpp"

#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "tests/store/trees.hpp"

namespace osb::store {
namespace {

using test::Scratch;
using Path = std::filesystem::path;

std::string sum_of(const Path &tree, unsigned threads = 0) {
    return treesum_of_tree(open_file(tree, O_RDONLY | O_DIRECTORY), threads);
}

std::string listing_of(const Path &tree) {
    StringSink sink;
    list_tree(open_file(tree, O_RDONLY | O_DIRECTORY), sink);
    return sink.text;
}

Path make_directory(const Path &path) {
    std::filesystem::create_directory(path);
    check(::chmod(path.c_str(), 0755), "chmod");
    return path;
}

TEST(Treesum, TheListingIsTheDocumentedOne) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    const Path tree = make_directory(scratch / "tree");
    test::make_rich_tree(tree);
    test::expect_golden("store/rich-tree.listing", listing_of(tree));
    EXPECT_EQ(sum_of(tree), Sha256::of(listing_of(tree)).hex());
}

TEST(Treesum, OfAnEmptyTreeIsAConstant) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Scratch scratch;
    const Path tree = make_directory(scratch / "tree");
    EXPECT_EQ(listing_of(tree), "osb-treesum 1\nd 755 0 0 0:\n");
    EXPECT_EQ(sum_of(tree), "fc6762075524617385d010de14b14d31609379155919ed1798aad0803015a90b");
}

TEST(Treesum, IsTheSameWithAnyNumberOfThreads) {
    const Scratch scratch;
    for (int i = 0; i < 300; i++) write_file(scratch / format("f{}", i), std::string(static_cast<size_t>(i) * 97, 'x'));
    const std::string one = sum_of(scratch.path(), 1);
    for (const unsigned threads : {2U, 7U, 64U}) EXPECT_EQ(sum_of(scratch.path(), threads), one);
}

TEST(Treesum, DoesNotDependOnTheOrderOfMakingOrOnTimes) {
    const Scratch scratch;
    const Path first = make_directory(scratch / "first");
    const Path second = make_directory(scratch / "second");
    for (int i = 0; i < 500; i++) {
        write_file(first / format("{}", i), "same");
        write_file(second / format("{}", 499 - i), "same");
    }
    const timespec times[2] = {{1, 2}, {3, 4}};
    check(::utimensat(AT_FDCWD, (second / "7").c_str(), times, 0), "utimensat");
    EXPECT_EQ(sum_of(first), sum_of(second));
}

/// Each of these changes is seen: the treesum differs from that of the tree before, and of all other changes.
TEST(Treesum, EveryChangeOfWhatItCoversChangesIt) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto ok = [](int result) { check(result, "change the tree"); };
    const std::vector<std::pair<const char *, std::function<void(const Path &)>>> changes{
        {"nothing", [](const Path &) {}},
        {"content", [](const Path &t) { write_file(t / "file", "CONTENT"); }},
        {"one more byte", [](const Path &t) { write_file(t / "file", "content\n"); }},
        {"mode", [&](const Path &t) { ok(::chmod((t / "file").c_str(), 0645)); }},
        {"setuid", [&](const Path &t) { ok(::chmod((t / "file").c_str(), 04644)); }},
        {"mode of the root", [&](const Path &t) { ok(::chmod(t.c_str(), 0700)); }},
        {"owner", [&](const Path &t) { ok(::chown((t / "file").c_str(), 1, 0)); }},
        {"group", [&](const Path &t) { ok(::chown((t / "file").c_str(), 0, 1)); }},
        {"owner of a symlink", [&](const Path &t) { ok(::lchown((t / "link").c_str(), 1, 0)); }},
        {"name", [](const Path &t) { std::filesystem::rename(t / "file", t / "life"); }},
        {"place", [](const Path &t) { std::filesystem::rename(t / "file", t / "dir/file"); }},
        {"link target",
         [&](const Path &t) { ok(::unlink((t / "link").c_str())), ok(::symlink("dir", (t / "link").c_str())); }},
        {"symlink becomes a file",
         [&](const Path &t) { ok(::unlink((t / "link").c_str())), write_file(t / "link", "file"); }},
        {"file becomes a directory",
         [&](const Path &t) { ok(::unlink((t / "file").c_str())), ok(::mkdir((t / "file").c_str(), 0644)); }},
        {"device number",
         [&](const Path &t) {
             ok(::unlink((t / "dev").c_str())), ok(::mknod((t / "dev").c_str(), S_IFCHR | 0600, 0x104));
         }},
        {"block, not character",
         [&](const Path &t) {
             ok(::unlink((t / "dev").c_str())), ok(::mknod((t / "dev").c_str(), S_IFBLK | 0600, 0x103));
         }},
        {"fifo", [&](const Path &t) { ok(::unlink((t / "dev").c_str())), ok(::mkfifo((t / "dev").c_str(), 0600)); }},
        {"socket",
         [&](const Path &t) {
             ok(::unlink((t / "dev").c_str())), ok(::mknod((t / "dev").c_str(), S_IFSOCK | 0600, 0));
         }},
        {"xattr", [&](const Path &t) { ok(::setxattr((t / "file").c_str(), "trusted.a", "b", 1, 0)); }},
        {"xattr with another value",
         [&](const Path &t) { ok(::setxattr((t / "file").c_str(), "trusted.a", "c", 1, 0)); }},
        {"xattr where name and value flow together",
         [&](const Path &t) { ok(::setxattr((t / "file").c_str(), "trusted.ab", "", 0, 0)); }},
        {"security label", [&](const Path &t) { ok(::setxattr((t / "file").c_str(), "security.selinux", "x", 2, 0)); }},
        {"xattr of a directory", [&](const Path &t) { ok(::setxattr((t / "dir").c_str(), "trusted.a", "b", 1, 0)); }},
        {"hard link instead of a copy",
         [&](const Path &t) {
             ok(::unlink((t / "copy").c_str())), ok(::link((t / "file").c_str(), (t / "copy").c_str()));
         }},
        {"one more name", [](const Path &t) { write_file(t / "new", ""); }},
        {"one name less", [](const Path &t) { std::filesystem::remove(t / "copy"); }},
        {"empty directory gone", [](const Path &t) { std::filesystem::remove(t / "dir"); }},
    };
    const Scratch scratch;
    std::set<std::string> sums;
    for (size_t i = 0; i < changes.size(); i++) {
        const Path tree = make_directory(scratch / format("{}", i));
        write_file(tree / "file", "content");
        write_file(tree / "copy", "content");
        make_directory(tree / "dir");
        std::filesystem::create_symlink("file", tree / "link");
        check(::mknod((tree / "dev").c_str(), S_IFCHR | 0600, 0x103), "mknod");
        changes[i].second(tree);
        EXPECT_TRUE(sums.insert(sum_of(tree)).second) << changes[i].first;
    }
}

TEST(Treesum, AHardLinkOutOfTheTreeIsNotSeen) {
    const Scratch scratch;
    const Path tree = make_directory(scratch / "tree");
    write_file(tree / "file", "x");
    const std::string before = sum_of(tree);
    std::filesystem::create_hard_link(tree / "file", scratch / "outside");
    EXPECT_EQ(sum_of(tree), before);
}

TEST(Treesum, HolesAreZeros) {
    const Scratch scratch;
    const Path sparse = make_directory(scratch / "sparse");
    const Path full = make_directory(scratch / "full");
    write_file(sparse / "f", "");
    std::filesystem::resize_file(sparse / "f", 1 << 20);
    write_file(full / "f", std::string(1 << 20, '\0'));
    EXPECT_EQ(sum_of(sparse), sum_of(full));
}

TEST(Treesum, PathsLongerThanTheKernelTakesAreRead) {
    const Scratch scratch;
    const std::string name(200, 'd');
    Fd fd = open_file(scratch.path(), O_RDONLY | O_DIRECTORY);
    for (int depth = 0; depth < 50; depth++) {
        check(::mkdirat(fd.get(), name.c_str(), 0755), "mkdir");
        fd = Fd(check(::openat(fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open"));
    }
    const std::string before = sum_of(scratch.path());
    const Fd file(check(::openat(fd.get(), "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644), "create"));
    write_all(file, std::string_view("deep"), "file");
    EXPECT_NE(sum_of(scratch.path()), before);
    EXPECT_NE(listing_of(scratch.path()).find(" 4 " + Sha256::of("deep").hex()), std::string::npos);
}

TEST(Treesum, AFileThatEndsBeforeItsSizeIsAnErrorThatNamesIt) {
    // Files of sysfs say that they have 4096 bytes.
    const Path tree = "/sys/kernel/mm/transparent_hugepage";
    OSB_NEEDS(std::filesystem::exists(tree / "enabled"), "sysfs with transparent_hugepage");
    const std::string sentence = test::error_of([&] { sum_of(tree); });
    EXPECT_TRUE(sentence.starts_with("/") && sentence.ends_with(" changed while it was read")) << sentence;
}

}  // namespace
}  // namespace osb::store
