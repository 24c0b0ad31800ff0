// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/description.hpp"

#include <gmock/gmock.h>

#include "tests/support.hpp"

namespace osb::resolve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Description, IsReadInFull) {
    const auto [description, problems] = parse_description(R"(
name: web
architecture: arm64
variant: apt
recommends: true
packages: [nginx-light, g++, "libc6=2.36-9+deb12u1", foo/stable, bar:armhf]
source-epoch: 1700000000
base: base.json
archive:
  - url: https://example.org/debian
    suites: [stable, stable-updates]
    components: [main, contrib]
    signed-by: keys/archive.gpg
  - deb [trusted=yes] file:///srv/local ./
debconf: [tzdata tzdata/Areas select Europe]
stages:
  - type: org.osbuild.hostname
    options: {hostname: web}
)");
    ASSERT_THAT(problems, IsEmpty());
    EXPECT_EQ(description.name, "web");
    EXPECT_EQ(description.architecture, "arm64");
    EXPECT_EQ(description.variant, "apt");
    EXPECT_TRUE(description.recommends);
    EXPECT_THAT(description.packages,
                ElementsAre("nginx-light", "g++", "libc6=2.36-9+deb12u1", "foo/stable", "bar:armhf"));
    EXPECT_EQ(description.source_epoch, 1700000000);
    EXPECT_EQ(description.base, "base.json");
    ASSERT_EQ(description.archives.size(), 2u);
    EXPECT_EQ(description.archives[0].url, "https://example.org/debian");
    EXPECT_THAT(description.archives[0].suites, ElementsAre("stable", "stable-updates"));
    EXPECT_THAT(description.archives[0].components, ElementsAre("main", "contrib"));
    EXPECT_EQ(description.archives[0].signed_by, "keys/archive.gpg");
    EXPECT_FALSE(description.archives[0].trusted);
    EXPECT_EQ(description.archives[1].lines, "deb [trusted=yes] file:///srv/local ./");
    EXPECT_THAT(description.debconf, ElementsAre("tzdata tzdata/Areas select Europe"));
    ASSERT_EQ(description.stages.size(), 1u);
    EXPECT_EQ(to_canonical(description.stages[0]),
              R"({"options": {"hostname": "web"}, "type": "org.osbuild.hostname"})");
}

TEST(Description, IsReadFromJsonToo) {
    const auto [description, problems] =
        parse_description(R"({"packages": ["hello"], "archive": {"url": "http://x", "suites": ["./"]}})");
    EXPECT_THAT(problems, IsEmpty());
    EXPECT_THAT(description.packages, ElementsAre("hello"));
    EXPECT_EQ(description.archives.size(), 1u);
}

TEST(Description, AllProblemsAreFoundAtOnceWithTheirPlaces) {
    EXPECT_THAT(
        parse_description(R"(
variant: huge
pakages: [hello]
packages: [Hello, hello-, -hello, "a b", 3, "x=", "h;i"]
recommends: maybe
source-epoch: yesterday
architecture: x86_64
archive:
  - url: "http://a b"
    suites: [stable]
  - rpm something
stages: [{}]
)")
            .problems,
        ElementsAre(R"(variant: "huge" is none of none, essential, apt, minbase, important, standard)",
                    "unknown key pakages", R"(packages[0]: "Hello" is not a package name)",
                    R"(packages[1]: "hello-" is not a package name)", R"(packages[2]: "-hello" is not a package name)",
                    R"(packages[3]: "a b" is not a package name)", "packages[4]: 3 is not a package name",
                    R"(packages[5]: "x=" is not a package name)", R"(packages[6]: "h;i" is not a package name)",
                    R"(recommends: "maybe" is neither true nor false)",
                    R"(source-epoch: "yesterday" is not a number of seconds)",
                    R"(architecture: "x86_64" is not an architecture)",
                    R"(archive[0].url: "http://a b" is not one word)", "archive[0]: the components are missing",
                    R"(archive[1]: neither a line "deb URL SUITE COMPONENT…" nor a paragraph with "Types:")",
                    "stages[0]: {} is not a stage with a type"));
}

TEST(Description, ThatIsNoneIsAProblemToo) {
    EXPECT_THAT(parse_description("").problems,
                ElementsAre("a description is a map of keys such as packages and archive"));
    EXPECT_THAT(parse_description("[1]").problems,
                ElementsAre("a description is a map of keys such as packages and archive"));
    EXPECT_THAT(parse_description("{\"packages\": [}").problems,
                ElementsAre("line 1, column 15: a value was expected"));
    EXPECT_THAT(parse_description("base: x.json").problems,
                ElementsAre("no packages, no variant and no stages: nothing to do"));
    EXPECT_THAT(parse_description("variant: minbase").problems, IsEmpty());
}

}  // namespace
}  // namespace osb::resolve
