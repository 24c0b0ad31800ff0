// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_reader.hpp"

#include <fcntl.h>

#include "tests/support.hpp"

namespace osb::oci {
namespace {

/// The one entry of an archive made of `entry`'s header.
TarEntry round_trip(const TarEntry &entry) {
    osb::test::Scratch scratch;
    write_file(scratch / "a.tar", tar_header(entry) + std::string(tar_end_size, '\0'));
    const Fd fd = open_file(scratch / "a.tar", O_RDONLY);
    const std::function<void(std::uint64_t)> none;
    TarReader reader(fd, none);
    std::optional<TarEntry> read = reader.next();
    EXPECT_TRUE(read.has_value());
    return read.value_or(TarEntry{});
}

TEST(TarReader, GivesNamesAsTheyAreInAnyLocale) {
    for (const std::string name : {"plain", "ä", "\xe4", "long-ä-€"}) {
        EXPECT_EQ(round_trip({.name = name, .type = TarType::symlink, .link = name}).name, name);
        EXPECT_EQ(round_trip({.name = name, .type = TarType::symlink, .link = name}).link, name);
        const std::string longer = name + std::string(300, 'x');
        EXPECT_EQ(round_trip({.name = longer, .type = TarType::hard_link, .link = longer}).name, longer);
        EXPECT_EQ(round_trip({.name = longer, .type = TarType::hard_link, .link = longer}).link, longer);
    }
}

TEST(TarReader, GivesEveryNumberBack) {
    const TarEntry read = round_trip({.name = "n",
                                      .type = TarType::block_device,
                                      .mode = 07777,
                                      .uid = 4'000'000'000,
                                      .gid = 2'097'152,
                                      .mtime = -6,
                                      .mtime_nanoseconds = 500'000'000,
                                      .device_major = 4095,
                                      .device_minor = 1'048'575});
    EXPECT_EQ(read.type, TarType::block_device);
    EXPECT_EQ(read.mode, 07777U);
    EXPECT_EQ(read.uid, 4'000'000'000U);
    EXPECT_EQ(read.gid, 2'097'152U);
    EXPECT_EQ(read.mtime, -6);
    EXPECT_EQ(read.mtime_nanoseconds, 500'000'000U);
    EXPECT_EQ(read.device_major, 4095U);
    EXPECT_EQ(read.device_minor, 1'048'575U);
    EXPECT_EQ(round_trip({.name = "n", .mtime = 9'000'000'000}).mtime, 9'000'000'000);
}

TEST(TarReader, GivesAttributesBack) {
    const std::vector<Xattr> xattrs{
        {"security.capability", std::string("\x01\0\0\x02", 4)}, {"user.a=b%3D", "x\ny"}, {"user.empty", ""}};
    EXPECT_EQ(round_trip({.name = "n", .xattrs = xattrs}).xattrs, xattrs);
}

}  // namespace
}  // namespace osb::oci
