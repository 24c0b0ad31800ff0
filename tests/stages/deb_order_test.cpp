// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_order.hpp"

#include <gmock/gmock.h>

#include "tests/support.hpp"

namespace osb::stages {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Package package(const std::string &name, const std::string &fields = "") {
    return {.control = parse_deb822("Package: " + name + "\nVersion: 1\nArchitecture: all\n" + fields).front()};
}

std::string names(const std::vector<Package> &packages, const std::vector<size_t> &order) {
    std::string text;
    for (const size_t index : order) text += (text.empty() ? "" : " ") + packages[index].name();
    return text;
}

TEST(Relations, AreReadWithoutVersionsArchitecturesAndProfiles) {
    EXPECT_THAT(parse_relations("a (>= 1:2.0) | b:any, c [amd64 i386] <!nocheck>,\n d"),
                ElementsAre(ElementsAre("a", "b"), ElementsAre("c"), ElementsAre("d")));
    EXPECT_THAT(parse_relations(""), IsEmpty());
    EXPECT_THAT(parse_relations(" , a,,"), ElementsAre(ElementsAre("a")));
}

TEST(PackageGraph, OrdersAfterDependenciesAndCutsCircles) {
    const std::vector<Package> packages = {package("app", "Depends: lib, missing | tool\n"),
                                           package("lib", "Depends: app\nPre-Depends: root\n"), package("root"),
                                           package("toolbox", "Provides: tool (= 1)\n"), package("alone")};
    const PackageGraph graph(packages);
    EXPECT_EQ(names(packages, graph.order({0, 4})), "root lib toolbox app alone");
    EXPECT_THAT(graph.closure({1}), ElementsAre(0, 1, 2, 3));
}

TEST(PackageGraph, UnpacksAfterPreDependenciesAndWhatTheseNeed) {
    const std::vector<Package> packages = {package("app", "Pre-Depends: helper\n"), package("helper", "Depends: lib\n"),
                                           package("lib"), package("late", "Pre-Depends: app\n")};
    const auto groups = PackageGraph(packages).groups({0, 1, 2, 3});
    ASSERT_EQ(groups.size(), 3u);
    EXPECT_EQ(names(packages, groups[0].members), "helper lib");
    EXPECT_EQ(names(packages, groups[0].needs), "");
    EXPECT_EQ(names(packages, groups[1].members), "app");
    EXPECT_EQ(names(packages, groups[1].needs), "lib helper");
    EXPECT_EQ(names(packages, groups[2].members), "late");
    EXPECT_EQ(names(packages, groups[2].needs), "lib helper app");
}

TEST(PackageGraph, HandsCirclesOfPreDependenciesOnAsTheyAre) {
    const std::vector<Package> packages = {package("one", "Pre-Depends: two\n"), package("two", "Pre-Depends: one\n")};
    const auto groups = PackageGraph(packages).groups({0, 1});
    ASSERT_EQ(groups.size(), 1u);
    EXPECT_EQ(names(packages, groups[0].members), "one two");
}

}  // namespace
}  // namespace osb::stages
