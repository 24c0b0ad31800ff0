// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/module_info.hpp"

#include <optional>

namespace osb::manifest {
namespace {

[[noreturn]] void refuse(std::string_view name, std::string_view why) {
    throw ModuleInfoError(format("{}.meta.json: {}", name, why));
}

/// The member's strings; none: it is no list of strings.
std::optional<std::vector<std::string>> strings_of(const Json &list) {
    if (!list.is_array()) return std::nullopt;
    std::vector<std::string> strings;
    for (const Json &element : list) {
        if (!element.is_string()) return std::nullopt;
        strings.push_back(element.get<std::string>());
    }
    return strings;
}

}  // namespace

const char *directory_of(ModuleClass module_class) {
    switch (module_class) {
        case ModuleClass::stage:
            return "stages";
        case ModuleClass::assembler:
            return "assemblers";
        case ModuleClass::source:
            return "sources";
        case ModuleClass::input:
            return "inputs";
        case ModuleClass::device:
            return "devices";
        case ModuleClass::mount:
            return "mounts";
    }
    return "";
}

const char *name_of(ModuleClass module_class) {
    switch (module_class) {
        case ModuleClass::stage:
            return "stage";
        case ModuleClass::assembler:
            return "assembler";
        case ModuleClass::source:
            return "source";
        case ModuleClass::input:
            return "input";
        case ModuleClass::device:
            return "device";
        case ModuleClass::mount:
            return "mount";
    }
    return "";
}

ModuleInfo parse_meta_json(ModuleClass module_class, std::string_view name, std::string_view text) {
    const Json document = in_context([&] { return parse_json(text); }, "{}.meta.json", name);
    if (!document.is_object()) refuse(name, "not a JSON object");
    ModuleInfo info{.name = std::string(name), .module_class = module_class};
    bool has_summary = false;
    bool has_description = false;
    for (const auto &[key, value] : document.get_ref<const Json::object_t &>()) {
        if (key == "summary") {
            if (!value.is_string()) refuse(name, "'summary' is not a string");
            info.summary = value.get<std::string>();
            has_summary = true;
        } else if (key == "description") {
            if (!strings_of(value)) refuse(name, "'description' is not a list of strings");
            has_description = true;
        } else if (key == "capabilities") {
            auto capabilities = strings_of(value);
            if (!capabilities) refuse(name, "'capabilities' is not a list of strings");
            info.capabilities = std::move(*capabilities);
        } else if (key == "schema" || key == "schema_2") {
            if (!value.is_object()) refuse(name, format("'{}' is not an object", key));
            (key == "schema" ? info.schema : info.schema_2) = value;
        } else {
            refuse(name, format("'{}' does not belong there", key));
        }
    }
    if (!has_summary) refuse(name, "'summary' is missing");
    if (!has_description) refuse(name, "'description' is missing");
    if (info.schema.is_null() && info.schema_2.is_null()) refuse(name, "there is neither 'schema' nor 'schema_2'");
    return info;
}

}  // namespace osb::manifest
