// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_header.hpp"

#include "tests/support.hpp"

namespace osb::oci {
namespace {

constexpr size_t plain = tar_block_size;
constexpr size_t extended = 3 * tar_block_size;  // extended header, one block of records, header

/// The records of the extended header in front.
std::string records(const std::string &header) {
    EXPECT_EQ(header.at(156), 'x');
    const size_t size = std::stoul(header.substr(124, 11), nullptr, 8);
    return header.substr(tar_block_size, size);
}

TEST(TarHeader, IsOneBlockWhereUstarCanSayAllOfIt) {
    const std::string header = tar_header({.name = "bin/su", .mode = 04755, .uid = 1, .gid = 2, .size = 9, .mtime = 8});
    ASSERT_EQ(header.size(), plain);
    EXPECT_EQ(header.substr(0, 7), std::string("bin/su\0", 7));
    EXPECT_EQ(header.substr(100, 56), std::string("0004755\0"
                                                  "0000001\0"
                                                  "0000002\0"
                                                  "00000000011\0"
                                                  "00000000010\0"
                                                  "010332\0 ",
                                                  56));
    EXPECT_EQ(header[156], '0');
    EXPECT_EQ(header.substr(257, 8), std::string("ustar\0"
                                                 "00",
                                                 8));
    EXPECT_EQ(header.substr(265, 64), std::string(64, '\0')) << "no names of owners";
    EXPECT_EQ(tar_header({.name = "d/", .type = TarType::directory}).size(), plain);
    EXPECT_EQ(tar_header({.name = "ä"}).size(), plain) << "UTF-8 needs nothing special";
}

TEST(TarHeader, HasExactlyThisTextForEachThingThatNeedsPax) {
    const auto of = [](const TarEntry &entry) { return records(tar_header(entry)); };
    EXPECT_EQ(of({.name = "\xe4"}), "21 hdrcharset=BINARY\n9 path=\xe4\n");
    EXPECT_EQ(of({.name = "a", .type = TarType::symlink, .link = "\xff"}), "21 hdrcharset=BINARY\n14 linkpath=\xff\n");
    EXPECT_EQ(of({.name = "a", .type = TarType::symlink, .link = std::string(101, 'l')}),
              "115 linkpath=" + std::string(101, 'l') + "\n");
    EXPECT_EQ(of({.name = "a", .size = 8589934592}), "19 size=8589934592\n");
    EXPECT_EQ(of({.name = "a", .uid = 2097152, .gid = 4294967294}), "15 uid=2097152\n18 gid=4294967294\n");
    EXPECT_EQ(of({.name = "a", .mtime = -6, .mtime_nanoseconds = 500'000'000}), "14 mtime=-5.5\n");
    EXPECT_EQ(of({.name = "a", .mtime = -6}), "12 mtime=-6\n");
    EXPECT_EQ(of({.name = "a", .mtime = 1, .mtime_nanoseconds = 10}), "20 mtime=1.00000001\n");
    EXPECT_EQ(of({.name = "a", .mtime = 8589934592}), "20 mtime=8589934592\n");
    EXPECT_EQ(of({.name = "a", .xattrs = {{"user.k", std::string("\0=\n", 3)}}}),
              std::string("27 SCHILY.xattr.user.k=\0=\n\n", 27));
}

TEST(TarHeader, NeedsNoPaxForTheLargestThingsUstarHolds) {
    EXPECT_EQ(tar_header({.name = "a", .uid = 2097151, .gid = 2097151, .size = 8589934591, .mtime = 8589934591}).size(),
              plain);
    const std::string longest = std::string(155, 'p') + "/" + std::string(100, 'n');
    const std::string header = tar_header({.name = longest});
    ASSERT_EQ(header.size(), plain);
    EXPECT_EQ(header.substr(0, 100), std::string(100, 'n'));
    EXPECT_EQ(header.substr(345, 155), std::string(155, 'p'));
    EXPECT_EQ(tar_header({.name = "x" + longest}).size(), extended);
    EXPECT_EQ(tar_header({.name = std::string(101, 'n')}).size(), extended);
    EXPECT_EQ(tar_header({.name = std::string(100, 'n') + "/", .type = TarType::directory}).size(), extended);
}

TEST(TarHeader, SurrogatesAndOverlongFormsAreNotUtf8) {
    for (const char *name : {"\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"})
        EXPECT_EQ(tar_header({.name = name}).size(), extended) << name;
}

TEST(FixedTarHeader, IsOneBlockForAnySize) {
    EXPECT_EQ(fixed_tar_header({.name = "blob", .size = 1}).size(), plain);
    const std::string large = fixed_tar_header({.name = "blob", .size = 8589934592});
    ASSERT_EQ(large.size(), plain);
    EXPECT_EQ(large.substr(124, 12), std::string("\x80\0\0\0\0\0\0\x02\0\0\0\0", 12));
}

}  // namespace
}  // namespace osb::oci
