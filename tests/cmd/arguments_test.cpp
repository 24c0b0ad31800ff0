// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/cmd/program.hpp"

namespace osb {
namespace {

using testing::HasSubstr;

TEST(Arguments, HelpGoesToStandardOutputAndIsNoError) {
    for (const std::vector<std::string> &arguments :
         {std::vector<std::string>{"--help"}, {"run", "--help"}, {"inspect", "--help"}, {"resolve", "--help"}}) {
        const Captured captured = test::run_osb(arguments);
        EXPECT_TRUE(captured.status.success());
        EXPECT_THAT(captured.out, HasSubstr("--help"));
        EXPECT_EQ(captured.err, "");
    }
}

TEST(Arguments, VersionIsPrinted) {
    EXPECT_EQ(test::osb({"--version"}), "osb " OSB_VERSION "\n");
}

TEST(Arguments, AnUnknownOptionIsAUsageErrorOnStandardError) {
    const Captured captured = test::run_osb({"run", "--nope", "x"});
    EXPECT_EQ(captured.status.code, 2);
    EXPECT_EQ(captured.out, "");
    EXPECT_THAT(captured.err, HasSubstr("--nope"));
}

TEST(Inspect, PrintsTheManifestWithIdsAsOneLineOfJson) {
    const test::Scratch scratch;
    write_file(scratch / "m.json",
               R"({"version": "2", "pipelines": [{"name": "p", "stages": [{"type": "org.osbuild.noop"}]}]})");
    EXPECT_EQ(test::osb({"inspect", scratch / "m.json"}),
              R"({"version": "2", "pipelines": [{"name": "p", "stages": [{"type": "org.osbuild.noop", "id": )"
              R"("beda46704765a47e6d4f44aff22168ae36866c9c0e6e11552b775b77776b2969"}]}]})"
              "\n");
}

TEST(Inspect, ReadsTheManifestFromStandardInput) {
    const Captured captured = test::run_osb({"inspect", "-"}, R"({"version": "2"})");
    EXPECT_TRUE(captured.status.success()) << captured.err;
    EXPECT_EQ(captured.out, "{\"version\": \"2\", \"pipelines\": []}\n");
}

TEST(Inspect, ThePlanMakesNoStore) {
    const test::Scratch scratch;
    write_file(scratch / "m.json",
               R"({"version": "2", "pipelines": [{"name": "p", "stages": [{"type": "org.osbuild.noop"}]}]})");
    const std::string plan = test::osb({"inspect", "--plan", "--store", scratch / "store", scratch / "m.json"});
    EXPECT_THAT(plan, HasSubstr("run      org.osbuild.noop beda46704765a47e"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "store"));
}

TEST(Inspect, TellsAllProblemsAsARecordWhenAsked) {
    const test::Scratch scratch;
    write_file(scratch / "m.json",
               R"({"version": "2", "pipelines": [{"name": "p", "stages": [{"type": "a"}, {"type": "b"}]}]})");
    const Captured captured = test::run_osb({"inspect", "--json", scratch / "m.json"});
    EXPECT_EQ(captured.status.code, 2);
    EXPECT_THAT(captured.out, HasSubstr(R"("success": false)"));
    EXPECT_THAT(captured.out, HasSubstr(R"("path": ["pipelines", 0, "stages", 0])"));
    EXPECT_THAT(captured.out, HasSubstr(R"("path": ["pipelines", 0, "stages", 1])"));
}

}  // namespace
}  // namespace osb
