// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/module_info.hpp"

#include <gmock/gmock.h>

#include "lib/manifest/effective_schema.hpp"
#include "tests/support.hpp"

namespace osb::manifest {
namespace {

ModuleInfo meta(std::string_view text) {
    return parse_meta_json(ModuleClass::stage, "org.osb.test", text);
}
ModuleInfo python(std::string_view text) {
    return parse_python_module(ModuleClass::assembler, "org.osb.test", text);
}

TEST(MetaJson, IsReadWhole) {
    const ModuleInfo info = meta(R"({"summary": "s", "description": ["a", "b"], "capabilities": ["CAP_MAC_ADMIN"],
                                     "schema": {"type": "object"}, "schema_2": {"options": {}}})");
    EXPECT_EQ(info.name, "org.osb.test");
    EXPECT_EQ(info.summary, "s");
    EXPECT_THAT(info.capabilities, testing::ElementsAre("CAP_MAC_ADMIN"));
    EXPECT_EQ(to_canonical(info.schema), R"({"type": "object"})");
    EXPECT_EQ(to_canonical(info.schema_2), R"({"options": {}})");
}

TEST(MetaJson, ThatSaysTheWrongThingsIsRefused) {
    const auto why = [](std::string_view text) {
        try {
            meta(text);
        } catch (const ModuleInfoError &error) {
            return std::string(error.what());
        }
        return std::string("accepted");
    };
    EXPECT_EQ(why("[]"), "org.osb.test.meta.json: not a JSON object");
    EXPECT_EQ(why(R"({"summary": "", "description": []})"),
              "org.osb.test.meta.json: there is neither 'schema' nor 'schema_2'");
    EXPECT_EQ(why(R"({"summary": "", "schema": {}})"), "org.osb.test.meta.json: 'description' is missing");
    EXPECT_EQ(why(R"({"description": [], "schema": {}})"), "org.osb.test.meta.json: 'summary' is missing");
    EXPECT_EQ(why(R"({"summary": 1, "description": [], "schema": {}})"),
              "org.osb.test.meta.json: 'summary' is not a string");
    EXPECT_EQ(why(R"({"summary": "", "description": "x", "schema": {}})"),
              "org.osb.test.meta.json: 'description' is not a list of strings");
    EXPECT_EQ(why(R"({"summary": "", "description": [], "capabilities": [1], "schema": {}})"),
              "org.osb.test.meta.json: 'capabilities' is not a list of strings");
    EXPECT_EQ(why(R"({"summary": "", "description": [], "schema": []})"),
              "org.osb.test.meta.json: 'schema' is not an object");
    EXPECT_EQ(why(R"({"summary": "", "description": [], "schema": {}, "more": 1})"),
              "org.osb.test.meta.json: 'more' does not belong there");
}

TEST(MetaJson, ThatIsNotJsonIsAnErrorOfItsOwn) {
    EXPECT_THROW(meta("{"), JsonError);
    EXPECT_EQ(test::error_of([] { meta("{"); }),
              "org.osb.test.meta.json: line 1, column 2: the text ends in the middle of a value");
}

TEST(PythonModule, IsReadWithoutRunningIt) {
    const ModuleInfo info = python(R"py(#!/usr/bin/python3
# A comment
"""
Makes a thing.

SCHEMA = "not this one"
"""
import sys

CAPABILITIES = ["CAP_MAC_ADMIN",  # why
                'CAP_NET_ADMIN']

SCHEMA = """
"additionalProperties": false,
"properties": {"path": {"type": "string", "pattern": "^\\/x"}}
"""
SCHEMA_2 = r'"options": {"pattern": "\\w"}'

def main():
    SCHEMA = "nor this"
    text = """
SCHEMA = "nor that"
"""
    return (SCHEMA,
SCHEMA_2, "#")
)py");
    EXPECT_EQ(info.summary, "Makes a thing.");
    EXPECT_THAT(info.capabilities, testing::ElementsAre("CAP_MAC_ADMIN", "CAP_NET_ADMIN"));
    EXPECT_EQ(to_canonical(info.schema),
              R"({"additionalProperties": false, "properties": {"path": {"pattern": "^/x", "type": "string"}}})");
    EXPECT_EQ(to_canonical(info.schema_2), R"({"options": {"pattern": "\\w"}})");
}

TEST(PythonModule, JoinsStringsAndTakesTheLastAssignment) {
    EXPECT_EQ(to_canonical(python("SCHEMA = '\"a\": 1'\nSCHEMA = ('\"b\":'  # one\n  \" 2\")\n").schema),
              R"({"b": 2})");
    EXPECT_EQ(to_canonical(python(R"py(SCHEMA = '"\u00e9\x41\101\q" : 1'.)py").schema), "null");
    EXPECT_EQ(to_canonical(python(R"py(SCHEMA = '"\u00e9\x41\101\\n" : 1')py").schema), R"({"\u00e9AA\n": 1})");
}

TEST(PythonModule, WhatIsNoConstantIsNoSchema) {
    EXPECT_TRUE(python("SCHEMA = make()\n").schema.is_null());
    EXPECT_TRUE(python("SCHEMA = '' + x\n").schema.is_null());
    EXPECT_TRUE(python("SCHEMA = f'\"a\": 1'\n").schema.is_null());
    EXPECT_TRUE(python("SCHEMA == '\"a\": 1'\n").schema.is_null());
    EXPECT_TRUE(python("if True:\n    SCHEMA = '\"a\": 1'\n").schema.is_null());
    EXPECT_TRUE(python("").schema.is_null());
}

TEST(PythonModule, ASchemaThatIsNotJsonIsRefused) {
    EXPECT_EQ(test::error_of([] { python("SCHEMA = \"\"\"\n\"a\": \n\"\"\"\n"); }),
              "org.osb.test: SCHEMA: line 3, column 1: a value was expected");
}

TEST(PythonModule, ThatEndsInTheMiddleIsNoDanger) {
    const std::string_view text =
        "\"\"\"doc\"\"\"\nSCHEMA = r\"\"\"\"a\": \"\\u00e9\\x\\777\" \"\"\"\nCAPABILITIES = ['A', \"B\\\n\"]\\";
    for (size_t length = 0; length <= text.size(); length++) {
        try {
            EXPECT_EQ(python(text.substr(0, length)).name, "org.osb.test");
        } catch (const ModuleInfoError &) {
        }
    }
}

Json effective(ModuleClass module_class, std::string_view schema, std::string_view schema_2, Version version) {
    return effective_schema(
        {.name = "n", .module_class = module_class, .schema = parse_json(schema), .schema_2 = parse_json(schema_2)},
        version);
}

TEST(EffectiveSchema, OfAStage) {
    EXPECT_EQ(
        to_canonical(effective(ModuleClass::stage, R"({"definitions": {"d": {}}, "x": 1})", "null", Version::one)),
        R"({"additionalProperties": false, "definitions": {"d": {}}, "properties": {"devices": {"additionalProperties": true, "type": "object"}, )"
        R"("mounts": {"type": "array"}, "name": {"enum": ["n"]}, "options": {"x": 1}}, "required": ["name"], "type": "object"})");
    EXPECT_EQ(
        to_canonical(effective(ModuleClass::stage, R"({"x": 1})",
                               R"({"options": {}, "devices": {}, "definitions": {"e": 1}})", Version::two)),
        R"({"additionalProperties": false, "definitions": {"e": 1}, "properties": {"devices": {}, "mounts": {"type": "array"}, )"
        R"("options": {}, "type": {"enum": ["n"]}}, "required": ["type"], "type": "object"})");
    EXPECT_EQ(effective(ModuleClass::stage, R"({"x": 1})", "null", Version::two)["properties"]["options"],
              Json::parse(R"({"x": 1})"));
    EXPECT_EQ(effective(ModuleClass::stage, "null", R"({"options": {}})", Version::one)["properties"]["options"],
              Json::object());
}

TEST(EffectiveSchema, OfOtherModules) {
    EXPECT_EQ(
        to_canonical(effective(ModuleClass::device, R"({"x": 1})", "null", Version::two)),
        R"({"additionalProperties": true, "properties": {"options": {"x": 1}, "type": {"enum": ["n"]}}, "type": "object"})");
    EXPECT_EQ(
        to_canonical(
            effective(ModuleClass::mount, "null", R"({"required": ["x"], "properties": {"x": {}}})", Version::two)),
        R"({"additionalProperties": false, "properties": {"type": {"enum": ["n"]}, "x": {}}, "required": ["x"], "type": "object"})");
    EXPECT_EQ(to_canonical(effective(ModuleClass::input, R"({"x": 1})", "null", Version::two)),
              R"({"additionalProperties": false, "type": "object", "x": 1})");
    EXPECT_EQ(
        to_canonical(effective(ModuleClass::source, R"({"x": 1})", R"({"additionalProperties": true})", Version::two)),
        R"({"additionalProperties": true, "type": "object"})");
    EXPECT_TRUE(effective(ModuleClass::mount, R"({"x": 1})", "null", Version::two).is_null());
    EXPECT_TRUE(effective(ModuleClass::source, "null", R"({"x": 1})", Version::one).is_null());
}

}  // namespace
}  // namespace osb::manifest
