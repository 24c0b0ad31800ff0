// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/schema_validator.hpp"

#include "tests/manifest/library.hpp"
#include "tests/support.hpp"

namespace osb::manifest {
namespace {

/// "PATH ID: MESSAGE" lines; empty when the value is valid.
std::string check(std::string_view schema, std::string_view value) {
    return test_library::to_text(SchemaValidator(parse_json(schema)).check(parse_json(value)));
}

TEST(SchemaValidator, TypesAreDraftFours) {
    EXPECT_EQ(check(R"({"type": "integer"})", "1"), "");
    EXPECT_EQ(check(R"({"type": "integer"})", "123456789012345678901234567890"), "");
    EXPECT_EQ(check(R"({"type": "integer"})", "1.0"), ".: 1.0 is not of type 'integer'\n");
    EXPECT_EQ(check(R"({"type": "integer"})", "true"), ".: True is not of type 'integer'\n");
    EXPECT_EQ(check(R"({"type": "number"})", "1.5"), "");
    EXPECT_EQ(check(R"({"type": "number"})", "false"), ".: False is not of type 'number'\n");
    EXPECT_EQ(check(R"({"type": ["string", "null"]})", "{}"), ".: {} is not of type 'null', 'string'\n");
    EXPECT_EQ(check(R"({"type": "object"})", "[]"), ".: [] is not of type 'object'\n");
    EXPECT_EQ(check(R"({"type": "array"})", "\"\""), ".: '' is not of type 'array'\n");
}

TEST(SchemaValidator, EnumsKnowNumbersFromBooleans) {
    EXPECT_EQ(check(R"({"enum": [1]})", "1.0"), "");
    EXPECT_EQ(check(R"({"enum": [1]})", "true"), ".: True is not one of [1]\n");
    EXPECT_EQ(check(R"({"enum": [{"a": [1, 2]}]})", R"({"a": [1.0, 2]})"), "");
    EXPECT_EQ(check(R"({"enum": ["a", 1, null]})", "\"b\""), ".: 'b' is not one of ['a', 1, None]\n");
    EXPECT_EQ(check(R"({"enum": [18446744073709551616]})", "18446744073709551616"), "");
}

TEST(SchemaValidator, NumbersHaveLimits) {
    EXPECT_EQ(check(R"({"minimum": 3})", "3"), "");
    EXPECT_EQ(check(R"({"minimum": 3})", "1"), ".: 1 is less than the minimum of 3\n");
    EXPECT_EQ(check(R"({"maximum": 3})", "5"), ".: 5 is greater than the maximum of 3\n");
    EXPECT_EQ(check(R"({"maximum": 3, "exclusiveMaximum": true})", "3"), ".: 3 is not less than 3\n");
    EXPECT_EQ(check(R"({"minimum": 3, "exclusiveMinimum": true})", "3"), ".: 3 is not greater than 3\n");
    EXPECT_EQ(check(R"({"maximum": 18446744073709551615})", "9223372036854775807"), "");
    EXPECT_EQ(check(R"({"maximum": 10})", "123456789012345678901234567890"),
              ".: 123456789012345678901234567890 is greater than the maximum of 10\n");
    EXPECT_EQ(check(R"({"multipleOf": 512})", "1000"), ".: 1000 is not a multiple of 512\n");
    EXPECT_EQ(check(R"({"multipleOf": 0.5})", "1.25"), ".: 1.25 is not a multiple of 0.5\n");
    EXPECT_EQ(check(R"({"minimum": 3})", "\"x\""), "");
}

TEST(SchemaValidator, StringsAreMeasuredInCharacters) {
    EXPECT_EQ(check(R"({"maxLength": 2})", "\"éé\""), "");
    EXPECT_EQ(check(R"({"maxLength": 2})", "\"abc\""), ".: 'abc' is too long\n");
    EXPECT_EQ(check(R"({"minLength": 2})", "\"é\""), ".: 'é' is too short\n");
}

TEST(SchemaValidator, PatternsAreSearchedForInPythonsFlavour) {
    EXPECT_EQ(check(R"({"pattern": "b"})", "\"abc\""), "");
    EXPECT_EQ(check(R"({"pattern": "^\\w+$"})", "\"größe\""), "");
    EXPECT_EQ(check(R"({"pattern": "^.{1,2}$"})", "\"éé\""), "");
    EXPECT_EQ(check(R"({"pattern": "^\\/?(?!\\.\\.)((?!\\/\\.\\.\\/).)+$"})", "\"/a/../b\""),
              ".: '/a/../b' does not match '^\\/?(?!\\.\\.)((?!\\/\\.\\.\\/).)+$'\n");
    EXPECT_EQ(check(R"({"pattern": "^\\/?(?!\\.\\.)((?!\\/\\.\\.\\/).)+$"})", '"' + std::string(100'000, 'a') + '"'),
              "");
    EXPECT_EQ(check(R"({"pattern": "x"})", R"("\ud800")"), ".: '\xED\xA0\x80' does not match 'x'\n");
}

TEST(SchemaValidator, APatternThatTakesForEverIsNotFound) {
    EXPECT_NE(check(R"({"pattern": "^(a|aa|aaa)*$"})", '"' + std::string(60, 'a') + "b\""), "");
}

TEST(SchemaValidator, ObjectsHaveProperties) {
    EXPECT_EQ(check(R"({"required": ["a", "b"]})", R"({"c": 1})"),
              ".: 'a' is a required property\n.: 'b' is a required property\n");
    EXPECT_EQ(check(R"({"properties": {"a": {"type": "string"}, "b": {}}})", R"({"a": 1, "b": 2, "c": 3})"),
              ".a: 1 is not of type 'string'\n");
    EXPECT_EQ(check(R"({"additionalProperties": false, "properties": {"a": {}}})", R"({"c": 1, "a": 1, "b": 2})"),
              ".: Additional properties are not allowed ('b', 'c' were unexpected)\n");
    EXPECT_EQ(check(R"({"additionalProperties": {"type": "string"}})", R"({"a b": 1})"),
              ".'a b': 1 is not of type 'string'\n");
    EXPECT_EQ(check(R"({"additionalProperties": false, "patternProperties": {"^x": {"type": "string"}}})",
                    R"({"x1": 1, "b": 2})"),
              ".x1: 1 is not of type 'string'\n.: 'b' does not match any of the regexes: '^x'\n");
    EXPECT_EQ(check(R"({"minProperties": 1})", "{}"), ".: {} does not have enough properties\n");
    EXPECT_EQ(check(R"({"maxProperties": 1})", R"({"a": 1, "b": 2})"), ".: {'a': 1, 'b': 2} has too many properties\n");
    EXPECT_EQ(check(R"({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}})", R"({"a": 1, "c": 2})"),
              ".: 'b' is needed because 'a' is there\n.: 'd' is a required property\n");
}

TEST(SchemaValidator, ArraysHaveItems) {
    EXPECT_EQ(check(R"({"items": {"type": "string"}})", R"(["a", 1, 2])"),
              "[1]: 1 is not of type 'string'\n[2]: 2 is not of type 'string'\n");
    EXPECT_EQ(check(R"({"items": [{"type": "string"}], "additionalItems": false})", R"([1, 2])"),
              "[0]: 1 is not of type 'string'\n.: Additional items are not allowed (2 was unexpected)\n");
    EXPECT_EQ(check(R"({"items": [{}], "additionalItems": {"type": "null"}})", R"([1, 2])"),
              "[1]: 2 is not of type 'null'\n");
    EXPECT_EQ(check(R"({"additionalItems": false})", R"([1, 2])"), "");
    EXPECT_EQ(check(R"({"minItems": 1})", "[]"), ".: [] is too short\n");
    EXPECT_EQ(check(R"({"maxItems": 1})", "[1, 2]"), ".: [1, 2] is too long\n");
    EXPECT_EQ(check(R"({"uniqueItems": true})", R"([1, "1", true, [1], {"a": 1}])"), "");
    EXPECT_EQ(check(R"({"uniqueItems": true})", R"([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}])"),
              ".: [{'a': 1, 'b': 2}, {'b': 2.0, 'a': 1}] has non-unique elements\n");
}

TEST(SchemaValidator, SchemasCombine) {
    EXPECT_EQ(check(R"({"allOf": [{"type": "string"}, {"minLength": 2}]})", "\"a\""), ".: 'a' is too short\n");
    EXPECT_EQ(check(R"({"anyOf": [{"type": "string"}, {"type": "null"}]})", "1"),
              ".: 1 is not valid under any of the given schemas\n");
    EXPECT_EQ(check(R"({"oneOf": [{"type": "string"}, {"minLength": 1}]})", "\"a\""),
              ".: 'a' is valid under 2 of the given schemas, where it must be under exactly one\n");
    EXPECT_EQ(check(R"({"oneOf": [{"type": "string"}, {"minLength": 1}]})", "1"), "");
    EXPECT_EQ(check(R"({"not": {"type": "string"}})", "\"a\""), ".: 'a' is just what is not allowed here\n");
}

TEST(SchemaValidator, FollowsReferencesAndIgnoresTheirSiblings) {
    EXPECT_EQ(
        check(R"({"definitions": {"s": {"type": "string"}}, "items": {"$ref": "#/definitions/s", "maxLength": 0}})",
              R"(["a", 1])"),
        "[1]: 1 is not of type 'string'\n");
    EXPECT_EQ(
        check(R"({"properties": {"more": {"$ref": "#"}, "n": {"type": "null"}}})", R"({"more": {"more": {"n": 1}}})"),
        ".more.more.n: 1 is not of type 'null'\n");
}

TEST(SchemaValidator, IgnoresWhatDraftFourDoesNotKnow) {
    EXPECT_EQ(
        check(R"({"const": 1, "propertyNames": {"pattern": "x"}, "contains": {"type": "null"}, "if": {}, "then": false,
                        "format": "ipv4", "minSize": 3, "items:": {}, "description": ["a", "list"], "id": "x", "$schema": 4,
                        "examples": [], "default": 1})",
              R"({"a": [2]})"),
        "");
}

TEST(SchemaValidator, RefusesWhatIsNotASchema) {
    const auto why = [](std::string_view schema) { return test::error_of([&] { check(schema, "1"); }); };
    EXPECT_EQ(why(R"({"pattern": "("})"), "regular expression '(': missing closing parenthesis");
    EXPECT_EQ(why(R"({"patternProperties": {"[": {}}})"),
              "regular expression '[': missing terminating ] for character class");
    EXPECT_EQ(why(R"({"type": "text"})"), "not a JSON Schema of draft 4: Unrecognised JSON type name 'text'");
    EXPECT_EQ(why(R"({"$ref": "https://example.org/schema"})"),
              "not a JSON Schema of draft 4: Fetching of remote JSON References not enabled.");
}

TEST(SchemaValidator, CutsLongValuesInSentences) {
    const std::string sentence = check(R"({"type": "null"})", '"' + std::string(5000, 'x') + '"');
    EXPECT_EQ(sentence, ".: '" + std::string(199, 'x') + "... is not of type 'null'\n");
    std::string list = "[0";
    for (int i = 0; i < 5000; i++) list += ", {\"é\": []}";
    EXPECT_LT(check(R"({"type": "null"})", list + "]").size(), 250U);
}

TEST(SchemaValidator, PutsTheStartInFrontOfPaths) {
    const SchemaValidator validator(parse_json(R"({"items": {"type": "null"}})"));
    EXPECT_EQ(test_library::to_text(validator.check(parse_json("[1]"), {"pipelines", size_t{3}})),
              ".pipelines[3][0]: 1 is not of type 'null'\n");
}

}  // namespace
}  // namespace osb::manifest
