// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/parse.hpp"

#include <algorithm>
#include <filesystem>

#include "tests/manifest/library.hpp"
#include "tests/support.hpp"

namespace osb::manifest {
namespace {

using test_library::lookups;
using test_library::no_lookups;
using test_library::problems_of;

/// Each NAME.json in tests/data/manifest/problems has the problems in NAME.problems, and no others.
std::vector<std::string> problem_cases() {
    std::vector<std::string> names;
    for (const auto &file :
         std::filesystem::directory_iterator(std::filesystem::path(OSB_TEST_DATA) / "manifest/problems"))
        if (file.path().extension() == ".json") names.push_back(file.path().stem());
    std::ranges::sort(names);
    return names;
}

class Problematic : public testing::TestWithParam<std::string> {};

TEST_P(Problematic, IsToldWhereAndWhy) {
    const std::string problems = problems_of(test_library::data("problems/" + GetParam() + ".json"), lookups());
    EXPECT_NE(problems, "");
    test::expect_golden("manifest/problems/" + GetParam() + ".problems", problems);
}

INSTANTIATE_TEST_SUITE_P(Manifests, Problematic, testing::ValuesIn(problem_cases()), [](const auto &at) {
    std::string name = at.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(Parse, AcceptsAManifestThatUsesEverything) {
    EXPECT_EQ(problems_of(test_library::data("good.json"), lookups()), "");
}

TEST(Parse, KnowsTheFormatByItsVersion) {
    EXPECT_EQ(test_library::parse_good("{}", no_lookups()).version, Version::one);
    EXPECT_EQ(test_library::parse_good(R"({"version": "2"})", no_lookups()).version, Version::two);
    for (const char *other :
         {R"({"version": "3"})", R"({"version": 2})", R"({"version": null})", R"({"version": ""})"}) {
        const Error error = test::thrown_by([&] { parse(other, no_lookups()); });
        EXPECT_STREQ(error.what(), "Unsupported manifest format");
        EXPECT_EQ(error.blame(), Blame::usage);
    }
}

TEST(Parse, RefusesWhatIsNoJsonObject) {
    EXPECT_EQ(test::error_of([] { parse("[]", no_lookups()); }), "a manifest must be a JSON object");
    EXPECT_EQ(test::error_of([] { parse("", no_lookups()); }),
              "line 1, column 1: the text ends in the middle of a value");
    EXPECT_EQ(test::thrown_by([] { parse("{", no_lookups()); }).blame(), Blame::usage);
}

TEST(Parse, WithoutLookupsChecksOnlyTheDocument) {
    const std::string_view text =
        R"({"version": "2", "pipelines": [{"name": "a", "runner": "no.such", "stages": [{"type": "no.such"}]}]})";
    EXPECT_EQ(problems_of(text, {}), "");
    EXPECT_EQ(problems_of(text, lookups()),
              ".pipelines[0].runner: no runner fits 'no.such'\n"
              ".pipelines[0].stages[0]: could not find schema information for 'no.such': there is no such stage\n");
}

TEST(Parse, AsksForEachModuleOnceAndForTheHostOnlyWhenNeeded) {
    size_t questions = 0;
    Lookups counting = lookups();
    counting.module = [&, known = counting.module](ModuleClass module_class, const std::string &name) {
        questions++;
        return known(module_class, name);
    };
    counting.host_runner = [&] {
        questions += 100;
        return std::string("/x");
    };
    EXPECT_EQ(problems_of(R"({"version": "2", "pipelines": []})", counting), "");
    EXPECT_EQ(questions, 0U);
    EXPECT_EQ(
        problems_of(
            R"({"version": "2", "pipelines": [{"name": "a", "stages": [{"type": "org.osb.test"}, {"type": "org.osb.test"}]},
                                                            {"name": "b", "stages": [{"type": "org.osb.test"}]}]})",
            counting),
        "");
    EXPECT_EQ(questions, 101U);
}

TEST(PathId, QuotesNamesWithBlanks) {
    EXPECT_EQ(path_id({}), ".");
    EXPECT_EQ(path_id({"pipelines", size_t{0}, "stages", size_t{12}}), ".pipelines[0].stages[12]");
    EXPECT_EQ(path_id({"sources", "my source"}), ".sources.'my source'");
}

}  // namespace
}  // namespace osb::manifest
