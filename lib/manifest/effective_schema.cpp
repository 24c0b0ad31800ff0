// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/effective_schema.hpp"

#include "lib/manifest/json_values.hpp"

namespace osb::manifest {
namespace {

Json object_or_empty(const Json &value) {
    return value.is_object() ? value : Json::object();
}

/// The members of `more` replace those of `schema`, or are added.
void overlay(Json &schema, const Json &more) {
    for (const auto &[name, value] : more.get_ref<const Json::object_t &>()) schema[name] = value;
}

Json only(const std::string &name) {
    return Json::object({{"enum", Json::array({name})}});
}

/// A stage's options are version 1's schema; version 2 may give schemas for everything a stage has.
void add_stage_members(Json &schema, const ModuleInfo &info, Version version) {
    const char *key = version == Version::two ? "type" : "name";
    Json members = Json::object();
    members[key] = only(info.name);
    if (version == Version::two && is_truthy(info.schema_2))
        overlay(members, info.schema_2);
    else
        members["options"] = object_or_empty(info.schema);
    if (!members.contains("mounts")) members["mounts"] = {{"type", "array"}};
    if (!members.contains("devices")) members["devices"] = {{"type", "object"}, {"additionalProperties", true}};
    schema["properties"] = std::move(members);
    schema["required"] = Json::array({key});
}

/// Schemas are written as if they were the document that "#/definitions/…" points into; wherever one lies in the schema
/// that is used, its definitions must be at the top.
void lift_definitions(Json &schema, Json &from) {
    if (!from.is_object() || !from.contains("definitions")) return;
    Json definitions = std::move(from["definitions"]);
    from.erase("definitions");
    schema["definitions"] = std::move(definitions);
}

}  // namespace

Json effective_schema(const ModuleInfo &info, Version version) {
    Json schema = {{"type", "object"}, {"additionalProperties", false}};
    const Json &of_version = version == Version::two && is_truthy(info.schema_2) ? info.schema_2 : info.schema;
    switch (info.module_class) {
        case ModuleClass::stage:
        case ModuleClass::assembler:
            add_stage_members(schema, info, version);
            break;
        case ModuleClass::device:
            if (!is_truthy(of_version)) return nullptr;
            schema["additionalProperties"] = true;
            schema["properties"] = {{"type", only(info.name)}, {"options", of_version}};
            break;
        case ModuleClass::mount:
            if (!is_truthy(info.schema_2)) return nullptr;
            overlay(schema, info.schema_2);
            schema["properties"] = object_or_empty(schema.value("properties", Json::object()));
            schema["properties"]["type"] = only(info.name);
            break;
        case ModuleClass::input:
        case ModuleClass::source:
            if (!is_truthy(of_version)) return nullptr;
            overlay(schema, of_version);
            break;
    }
    if (schema.contains("properties") && schema["properties"].is_object()) {
        Json properties = std::move(schema["properties"]);
        lift_definitions(schema, properties);
        if (properties.contains("options")) lift_definitions(schema, properties["options"]);
        schema["properties"] = std::move(properties);
    }
    return schema;
}

}  // namespace osb::manifest
