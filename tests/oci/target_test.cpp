// SPDX-License-Identifier: Apache-2.0
#include "oci/target.hpp"

#include "tests/support.hpp"

namespace osb::oci {
namespace {

TEST(Target, IsReadAndWrittenTheSameWay) {
    for (const char *text : {"dir:/a/b", "tar:x.tar", "tar:x.tar.gz", "oci:dir", "oci:dir:v1.0",
                             "oci:/d:docker.io/library/x:1", "oci-archive:x.oci:latest", "oci-archive:/a/x.tar"})
        EXPECT_EQ(to_text(parse_target(text)), text);
    EXPECT_EQ(parse_target("oci:/a/b:v1"), Target(LayoutTarget{.path = "/a/b", .tag = "v1"}));
    EXPECT_EQ(parse_target("oci-archive:a"), Target(ArchiveTarget{.path = "a"}));
}

TEST(Target, TakesTheCompressionOfATarFromItsName) {
    EXPECT_EQ(parse_target("tar:a.tar"), Target(TarTarget{.path = "a.tar", .compression = Compression::none}));
    EXPECT_EQ(parse_target("tar:a.tgz"), Target(TarTarget{.path = "a.tgz", .compression = Compression::gzip}));
    EXPECT_EQ(parse_target("tar:a:b.tar.gz"),
              Target(TarTarget{.path = "a:b.tar.gz", .compression = Compression::gzip}));
    EXPECT_EQ(parse_target("tar:a.tar.zst"), Target(TarTarget{.path = "a.tar.zst", .compression = Compression::zstd}));
}

TEST(Target, RefusesInOneSentence) {
    std::string sentences;
    for (const char *text : {"", "x", "oci:", "tar:", "dir:", "oci::tag", "oci:d:", "oci:d:a b", "oci:d:-a",
                             "oci:d:a..b", "cpio:x", "docker://host/repo", "tar:x.tar.xz"}) {
        const Error error = osb::test::thrown_by([&] { parse_target(text); });
        EXPECT_EQ(error.blame(), Blame::usage) << text;
        sentences += std::string(error.what()) + "\n";
    }
    osb::test::expect_golden("oci/targets.txt", sentences);
}

}  // namespace
}  // namespace osb::oci
