// SPDX-License-Identifier: Apache-2.0
#include "tests/manifest/library.hpp"

#include <map>

#include "tests/support.hpp"

namespace osb::manifest::test_library {
namespace {

constexpr std::string_view test_stage = R"json({
    "summary": "A stage", "description": ["With some of everything"],
    "schema": {"additionalProperties": false, "properties": {"path": {"type": "string"}}},
    "schema_2": {
        "options": {
            "additionalProperties": false,
            "definitions": {"path": {"type": "string", "pattern": "^\\/(?!\\.\\.)((?!\\/\\.\\.\\/).)+$"}},
            "properties": {
                "path": {"$ref": "#/definitions/path"},
                "count": {"type": "integer", "minimum": 1, "maximum": 10},
                "paths": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/path"}}
            }
        },
        "inputs": {"type": "object"},
        "devices": {"type": "object", "additionalProperties": true},
        "mounts": {"type": "array"}
    }
})json";

constexpr std::string_view packages_stage = R"json({
    "summary": "A stage of version 1 only", "description": [],
    "schema": {
        "required": ["packages"],
        "properties": {"packages": {"type": "array", "items": {"oneOf": [
            {"type": "string"},
            {"type": "object", "required": ["checksum"]}]}}}
    }
})json";

constexpr std::string_view source = R"json({
    "summary": "A source", "description": [],
    "schema_2": {
        "additionalProperties": false,
        "properties": {
            "items": {
                "type": "object",
                "additionalProperties": false,
                "patternProperties": {"^(md5|sha256):[0-9a-f]{2,64}$": {"oneOf": [
                    {"type": "string"},
                    {"type": "object", "additionalProperties": false, "required": ["url"], "properties": {"url": {"type": "string"}}}]}}
            },
            "options": {"type": "object"}
        }
    }
})json";

constexpr std::string_view source_one = R"json({
    "summary": "A source of version 1", "description": [],
    "schema": {"additionalProperties": true, "properties": {"urls": {"type": "object"}}}
})json";

constexpr std::string_view input = R"json({
    "summary": "An input", "description": [],
    "schema": {
        "required": ["type", "origin", "references"],
        "properties": {
            "type": {"enum": ["org.osb.input"]},
            "origin": {"type": "string"},
            "references": {},
            "options": {"type": "object", "properties": {"mode": {"enum": ["copy", 1]}}}
        }
    }
})json";

constexpr std::string_view implicit_input =
    R"json({"summary": "", "description": [], "schema": {"additionalProperties": true}})json";

constexpr std::string_view device = R"json({
    "summary": "A device", "description": [],
    "schema": {"additionalProperties": false, "properties": {"filename": {"type": "string", "minLength": 1}}}
})json";

constexpr std::string_view mount = R"json({
    "summary": "A mount", "description": [],
    "schema_2": {
        "additionalProperties": false,
        "required": ["name", "type", "source", "target"],
        "properties": {
            "name": {"type": "string"}, "type": {"type": "string"}, "source": {"type": "string"},
            "target": {"type": "string", "pattern": "^/"}, "partition": {"type": "number"}, "options": {"type": "object"}
        }
    }
})json";

constexpr std::string_view broken =
    R"json({"summary": "", "description": [], "schema": {"properties": {"x": {"pattern": "("}}}})json";

const std::map<std::pair<ModuleClass, std::string>, std::string_view> &modules() {
    static const std::map<std::pair<ModuleClass, std::string>, std::string_view> all = {
        {{ModuleClass::stage, "org.osb.test"}, test_stage},
        {{ModuleClass::stage, "org.osb.broken"}, broken},
        {{ModuleClass::stage, "org.osbuild.rpm"}, packages_stage},
        {{ModuleClass::assembler, "org.osb.assembler"}, test_stage},
        {{ModuleClass::source, "org.osb.source"}, source},
        {{ModuleClass::source, "org.osbuild.curl"}, source_one},
        {{ModuleClass::input, "org.osb.input"}, input},
        {{ModuleClass::input, "org.osbuild.tree"}, implicit_input},
        {{ModuleClass::device, "org.osb.device"}, device},
        {{ModuleClass::mount, "org.osb.mount"}, mount},
        {{ModuleClass::mount, "org.osb.old-mount"}, implicit_input},
    };
    return all;
}

}  // namespace

Lookups no_lookups() {
    return {.host_runner = [] { return std::string("/lib/runners/org.osbuild.debian"); }};
}

Lookups lookups() {
    Lookups lookups = no_lookups();
    lookups.module = [](ModuleClass module_class, const std::string &name) -> std::optional<ModuleInfo> {
        const auto found = modules().find({module_class, name});
        if (found == modules().end()) return std::nullopt;
        return parse_meta_json(module_class, name, found->second);
    };
    lookups.runner = [](const std::string &name) -> std::optional<std::string> {
        if (name == "org.osbuild.debian12") return "/lib/runners/org.osbuild.debian";
        if (name == "org.osbuild.linux") return "/lib/runners/org.osbuild.linux";
        return std::nullopt;
    };
    return lookups;
}

std::string data(std::string_view name) {
    return read_file(std::filesystem::path(OSB_TEST_DATA) / "manifest" / name);
}

std::string to_text(const std::vector<Problem> &problems) {
    std::string text;
    for (const Problem &problem : problems) text += format("{}: {}\n", path_id(problem.path), problem.message);
    return text;
}

Manifest parse_good(std::string_view text, const Lookups &lookups) {
    auto parsed = parse(text, lookups);
    if (auto *manifest = std::get_if<Manifest>(&parsed)) return std::move(*manifest);
    ADD_FAILURE() << to_text(std::get<std::vector<Problem>>(parsed));
    return {};
}

std::string problems_of(std::string_view text, const Lookups &lookups) {
    const auto parsed = parse(text, lookups);
    const auto *problems = std::get_if<std::vector<Problem>>(&parsed);
    return problems != nullptr ? to_text(*problems) : "";
}

}  // namespace osb::manifest::test_library
