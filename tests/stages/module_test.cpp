// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/stages/cases.hpp"
#include "tests/stages/stage_run.hpp"

namespace osb {
namespace {

using test::Case;
using test::StageRun;

class Module : public ::testing::TestWithParam<Case> {};

TEST_P(Module, LeavesTheExpectedTreeOrSaysWhyNot) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Case &one = GetParam();
    StageRun run;
    run.prepare(one.tree);
    const std::string before = run.listing();
    const Captured captured = run.native(one.module, one.options);
    std::string outcome = format("{}\n", captured.status.text());
    outcome += captured.status.success() ? run.listing(StageRun::Times::shown) : captured.err;
    test::expect_golden(format("stages/{}.txt", one.name), outcome);
    // A refusal is one sentence.
    EXPECT_EQ(std::ranges::count(captured.err, '\n'), captured.status.success() ? 0 : 1) << captured.err;
}

std::string name_of_case(const ::testing::TestParamInfo<Case> &one) {
    return one.param.name;
}

INSTANTIATE_TEST_SUITE_P(Stages, Module, ::testing::ValuesIn(test::cases()), name_of_case);

TEST(Modules, LeaveTheBuildTreeAlone) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    run.prepare("mkdir etc; echo 'root:x:0:0::/:' > etc/passwd; : > etc/group");
    EXPECT_TRUE(
        run.native("org.osbuild.users", R"({"users": {"a": {"home": "/home/a", "keys": ["k"]}}})").status.success());
    EXPECT_TRUE(std::filesystem::is_empty(run.outside()));
    EXPECT_TRUE(std::filesystem::is_empty(run.build_tree() / "tmp"));
}

TEST(Modules, ReadMountsAndInputs) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    write_file(run.add_input("files") / "one", "1");
    std::filesystem::create_directory(run.add_mount("data") / "sub");
    const Captured captured = run.native(
        "org.osbuild.copy",
        R"({"paths": [{"from": "input://files/one", "to": "mount://data/sub/"}, {"from": "mount://data/sub/one", "to": "tree:///two"}]})");
    EXPECT_TRUE(captured.status.success()) << captured.err;
    EXPECT_EQ(read_file(run.tree() / "two"), "1");
    EXPECT_EQ(run.native("org.osbuild.copy", R"({"paths": [{"from": "input://no/one", "to": "tree:///x"}]})").err,
              "the stage has no input named 'no'\n");
    EXPECT_EQ(run.native("org.osbuild.mkdir", R"({"paths": [{"path": "mount://no/x"}]})").err,
              "the stage has no mount named 'no'\n");
    EXPECT_TRUE(run.native("org.osbuild.mkdir", R"({"paths": [{"path": "mount://data/made"}]})").status.success());
    EXPECT_TRUE(std::filesystem::is_directory(run.add_mount("data") / "made"));
}

TEST(Modules, CopyExtendedAttributesAndCapabilities) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    run.prepare("echo x > f; chown 5:6 f; chmod 4755 f");
    StageRun::add_xattrs(run.tree() / "f");
    EXPECT_TRUE(
        run.native("org.osbuild.copy", R"({"paths": [{"from": "tree:///f", "to": "tree:///g"}]})").status.success());
    const std::string text = run.listing();
    for (const std::string name : {"f", "g"}) {
        const size_t at = text.find("104755 5:6 /" + name + " = ");
        ASSERT_NE(at, std::string::npos) << text;
        const std::string line = text.substr(at, text.find('\n', at) - at);
        EXPECT_NE(line.find("[security.capability=\\x01\\x00\\x00\\x02\\x00 "), std::string::npos) << line;
        EXPECT_NE(line.find("[user.note=hello]"), std::string::npos) << line;
    }
}

TEST(Modules, MakeHomesWithSubdirectoriesOfTheSkeleton) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    run.prepare(
        "mkdir -p etc/skel/.config/x; echo y > etc/skel/.config/x/y; chmod 750 etc/skel/.config; echo 'root:x:0:0::/:' "
        "> etc/passwd; : > etc/group");
    EXPECT_TRUE(run.native("org.osbuild.users", R"({"users": {"a": {"uid": 5, "home": "/a"}}})").status.success());
    const std::string text = run.listing();
    EXPECT_NE(text.find("040750 5:100 /a/.config\n040755 5:100 /a/.config/x\n100644 5:100 /a/.config/x/y = y"),
              std::string::npos)
        << text;
}

TEST(Modules, RefuseWhatTheyWereNotMadeFor) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    run.prepare(
        "mkdir -p etc/shadow-maint/useradd-pre.d; touch etc/shadow-maint/useradd-pre.d/x; echo 'root:x:0:0::/:' > "
        "etc/passwd; : > etc/group");
    EXPECT_EQ(run.native("org.osbuild.users", R"({"users": {"a": {}}})").err,
              "user a: /etc/shadow-maint/useradd-pre.d has scripts, which this module does not run\n");
    EXPECT_EQ(run.native("org.osbuild.users", R"({"users": {"a": {"uid": 1.5}}})").err,
              "user a: the option uid must be a whole number of at most 63 bits\n");
    EXPECT_EQ(run.native("org.osbuild.mkdir", R"({"paths": [{"path": "/a", "mode": 99999}]})").err,
              "99999 is no mode of a directory (the number is decimal: 0755 is 493)\n");
    EXPECT_EQ(run.native("org.osbuild.tar", R"({"filename": "x.lz"})").err, "the stage has no input named 'tree'\n");
    EXPECT_EQ(run.native("org.osbuild.hostname", R"({"hostname": 5})").err, "the option hostname must be a string\n");
    EXPECT_EQ(run.native("org.osbuild.mkdir", "[]").status.code, 1);
    EXPECT_EQ(run.native("org.osbuild.copy", R"({"paths": [5]})").status.code, 1);
    EXPECT_EQ(run.native("org.osbuild.none", "{}").status.code, 2);
}

}  // namespace
}  // namespace osb
