// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/yaml.hpp"

#include "tests/support.hpp"

namespace osb::resolve {
namespace {

std::string json(std::string_view yaml) {
    return to_text(parse_yaml(yaml), python_style);
}

TEST(Yaml, ScalarsHaveTheTypesOfTheCoreSchema) {
    EXPECT_EQ(
        json("[1, -2, +3, 1.5, 1e3, true, False, null, ~, yes, 1.2.3, 0x10, 1_000, -, 2026-01-01]"),
        R"([1, -2, 3, 1.5, 1000.0, true, false, null, null, "yes", "1.2.3", "0x10", "1_000", "-", "2026-01-01"])");
    EXPECT_EQ(json("['1', \"true\", '']"), R"(["1", "true", ""])");
}

TEST(Yaml, KeepsOrderAndReadsBlocks) {
    EXPECT_EQ(json("b: |\n  one\n  two\na:\n  - x\n  - y: 1\n"), R"({"b": "one\ntwo\n", "a": ["x", {"y": 1}]})");
    EXPECT_EQ(json("a: &x [1]\nb: *x\n"), R"({"a": [1], "b": [1]})");
    EXPECT_EQ(json(""), "null");
}

TEST(Yaml, SaysWhereItStopsUnderstanding) {
    EXPECT_EQ(test::error_of([] { parse_yaml("a: [1\nb: 2"); }), "line 2, column 2: end of sequence flow not found");
    EXPECT_EQ(test::error_of([] { parse_yaml("a: 1\na: 2\n"); }), "line 2, column 1: the key a comes twice");
    EXPECT_EQ(test::error_of([] { parse_yaml("? [1]\n: 2\n"); }), "line 1, column 3: a key that is not a scalar");
    EXPECT_EQ(test::error_of([] { parse_yaml("a: 1\n---\nb: 1\n"); }), "2 documents in one file");
}

TEST(Yaml, RefusesDocumentsThatGrow) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; i++) {
        const std::string one = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + one;
        for (int k = 0; k < 8; k++) text += ", " + one;
        text += "]\n";
    }
    EXPECT_TRUE(test::error_of([&] { parse_yaml(text); }).ends_with("more values than a description can have"));
    EXPECT_FALSE(test::error_of([&] { parse_yaml(std::string(400, '[') + std::string(400, ']')); }).empty());
}

}  // namespace
}  // namespace osb::resolve
