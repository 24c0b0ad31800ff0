// SPDX-License-Identifier: Apache-2.0
#include "lib/base/json.hpp"

#include "tests/support.hpp"

namespace osb {
namespace {

std::string round_trip(std::string_view text) {
    return to_canonical(parse_json(text));
}

// The vector was printed by Python's json.dumps(x, sort_keys=True).
TEST(CanonicalJson, WritesWhatPythonWrites) {
    EXPECT_EQ(
        round_trip(R"({"b": [1, 1.0, 1e22, 1e16, 1e-7, -0.0, null, true, "é\u007f/\"\\\n\u2028😀"], "a": {}})"),
        R"({"a": {}, "b": [1, 1.0, 1e+22, 1e+16, 1e-07, -0.0, null, true, "\u00e9\u007f/\"\\\n\u2028\ud83d\ude00"]})");
}

TEST(CanonicalJson, WritesFloatsAsPythonsRepr) {
    EXPECT_EQ(round_trip("[0.1, 1e15, 123456789012345678.0, 0.0001, 0.00001, 1.5e300, 5e-324, 100.0, 1e400, -1e400]"),
              "[0.1, 1000000000000000.0, 1.2345678901234568e+17, 0.0001, 1e-05, 1.5e+300, 5e-324, 100.0, Infinity, "
              "-Infinity]");
}

TEST(CanonicalJson, KeepsIntegersOfAnySize) {
    EXPECT_EQ(round_trip("[9223372036854775807, 18446744073709551615, 18446744073709551616, "
                         "-9223372036854775809, 123456789012345678901234567890, -0]"),
              "[9223372036854775807, 18446744073709551615, 18446744073709551616, "
              "-9223372036854775809, 123456789012345678901234567890, 0]");
}

TEST(CanonicalJson, KeepsLoneSurrogatesAndSortsByCodePoint) {
    EXPECT_EQ(round_trip(R"({"\ud800": 1, "\ud83d\ude00": 2, "z": 3, "\uffff": 4})"),
              R"({"z": 3, "\ud800": 1, "\uffff": 4, "\ud83d\ude00": 2})");
}

TEST(ParseJson, LastOfDuplicateKeysWinsInTheFirstPlace) {
    EXPECT_EQ(to_text(parse_json(R"({"a": 1, "b": 2, "a": 3})"), python_style), R"({"a": 3, "b": 2})");
    std::string many = "{";
    for (int i = 0; i < 40; i++) many += format("\"k{}\": {}, ", i, i);
    many += "\"k3\": \"last\"}";
    const Json parsed = parse_json(many);
    EXPECT_EQ(parsed.size(), 40U);
    EXPECT_EQ(*find_member(parsed, "k3"), Json("last"));
}

TEST(ParseJson, NamesThePlaceOfAMistake) {
    EXPECT_EQ(test::error_of([] { parse_json("{\n  \"a\": tru\n}"); }), "line 2, column 8: a value was expected");
    EXPECT_EQ(test::error_of([] { parse_json("[1, 2"); }), "line 1, column 6: the text ends in the middle of a value");
    EXPECT_EQ(test::error_of([] { parse_json(std::string(100'000, '[')); }),
              "line 1, column 502: nested deeper than 500 levels");
    EXPECT_EQ(test::error_of([] { parse_json("[\"\xff\"]"); }), "line 1, column 3: the text is not UTF-8");
    EXPECT_EQ(test::error_of([] { parse_json("[01]"); }), "line 1, column 3: a number must not begin with 0");
    EXPECT_EQ(test::error_of([] { parse_json(""); }), "line 1, column 1: the text ends in the middle of a value");
}

}  // namespace
}  // namespace osb
