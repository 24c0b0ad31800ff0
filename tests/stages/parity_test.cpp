// SPDX-License-Identifier: Apache-2.0
// A native module must leave the same tree as its counterpart. With OSB_OSBUILD_LIBDIR set to a checkout of osbuild,
// each case here is run by both on the same start, and the trees are compared entry by entry.
#include <sstream>

#include "tests/stages/cases.hpp"
#include "tests/stages/stage_run.hpp"

namespace osb {
namespace {

using test::Case;

/// The lines that only one of two listings has.
std::string difference(const std::string &ours, const std::string &theirs) {
    std::string text;
    for (const auto &[mine, other, mark] :
         {std::tuple(&ours, &theirs, "native:  "), std::tuple(&theirs, &ours, "osbuild: ")}) {
        std::istringstream lines(*mine);
        for (std::string line; std::getline(lines, line);)
            if (("\n" + *other).find("\n" + line + "\n") == std::string::npos) text += mark + line + "\n";
    }
    return text;
}

class Parity : public ::testing::TestWithParam<Case> {};

TEST_P(Parity, LeavesTheTreeThatOsbuildLeaves) {
    OSB_NEEDS(test::is_privileged(), "root");
    const Case &one = GetParam();
    test::StageRun ours;
    test::StageRun theirs;
    for (test::StageRun *run : {&ours, &theirs}) run->prepare(one.tree);
    // osbuild runs the tree's own chown.
    if (std::string_view(one.module) == "org.osbuild.chown")
        for (test::StageRun *run : {&ours, &theirs}) run->install_program("/usr/bin/chown", run->tree());
    const Captured native = ours.native(one.module, one.options);
    const Captured python = theirs.osbuilds(one.module, one.options);
    EXPECT_EQ(native.status.success(), python.status.success())
        << "native: " << native.err << "\nosbuild: " << python.err;
    EXPECT_NE(native.status.code, 127);
    if (!native.status.success() || !python.status.success()) return;
    EXPECT_EQ(difference(ours.listing(test::StageRun::Times::shown), theirs.listing(test::StageRun::Times::shown)), "")
        << python.err;
}

std::string name_of_case(const ::testing::TestParamInfo<Case> &one) {
    return one.param.name;
}

/// Without a checkout there is nothing to compare with, and no test: what osbuild leaves is in the goldens already.
std::vector<Case> compared_cases() {
    if (!test::osbuild_libdir()) return {};
    const auto cases = test::cases();
    return {cases.begin(), cases.end()};
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Parity);
INSTANTIATE_TEST_SUITE_P(Stages, Parity, ::testing::ValuesIn(compared_cases()), name_of_case);

}  // namespace
}  // namespace osb
