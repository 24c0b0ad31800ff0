// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/module_check.hpp"

#include <map>

#include "lib/manifest/document_schema.hpp"
#include "lib/manifest/effective_schema.hpp"
#include "lib/manifest/json_values.hpp"
#include "lib/manifest/load.hpp"
#include "lib/manifest/schema_validator.hpp"

namespace osb::manifest {
namespace {

/// Checks what a manifest says to modules, each module's schema being made ready once.
class ModuleCheck {
public:
    ModuleCheck(Version version, const Lookups &lookups, Problems &problems)
        : version_(version), lookups_(lookups), problems_(problems) {}

    /// `value` is what the manifest says to the module.
    void check(ModuleClass module_class, const std::string &name, const Json &value, const JsonPath &path) {
        if (!lookups_.module) return;
        const Known &known = look_up(module_class, name);
        if (known.validator)
            problems_.add(known.validator->check(value, path));
        else
            problems_.add(path, "could not find schema information for {}: {}", in_quotes(name), known.why_not);
    }

    /// For a module that is used without being said anything.
    void require(ModuleClass module_class, const std::string &name, const JsonPath &path) {
        if (!lookups_.module) return;
        if (const Known &known = look_up(module_class, name); !known.exists)
            problems_.add(path, "could not find schema information for {}: {}", in_quotes(name), known.why_not);
    }

private:
    struct Known {
        bool exists = false;
        std::optional<SchemaValidator> validator;
        std::string why_not;
    };

    const Known &look_up(ModuleClass module_class, const std::string &name) {
        const auto [place, is_new] = known_.try_emplace({module_class, name});
        if (is_new) place->second = make(module_class, name);
        return place->second;
    }

    Known make(ModuleClass module_class, const std::string &name) const {
        Known known;
        const auto info = lookups_.module(module_class, name);
        if (!info) {
            known.why_not = format("there is no such {}", name_of(module_class));
            return known;
        }
        known.exists = true;
        const Json schema = effective_schema(*info, version_);
        if (schema.is_null()) {
            known.why_not = format("the {} has none for manifests of this version", name_of(module_class));
            return known;
        }
        try {
            known.validator.emplace(schema);
        } catch (const Error &error) {
            known.why_not = format("its schema is broken: {}", error.what());
        }
        return known;
    }

    Version version_;
    const Lookups &lookups_;
    Problems &problems_;
    std::map<std::pair<ModuleClass, std::string>, Known> known_;
};

/// Devices, inputs and mounts of one stage of version 2; a mount's place is named after the mount.
void check_stage_modules(ModuleCheck &modules, const Json &stage, const JsonPath &path) {
    for (const auto &[module_class, group] :
         {std::pair(ModuleClass::device, "devices"), {ModuleClass::input, "inputs"}})
        for (const auto &[name, value] : members_of(stage, group))
            if (const auto *type = string_member(value, "type"))
                modules.check(module_class, *type, value, path / group / name);
    for (const Json &mount : elements_of(stage, "mounts")) {
        const auto *name = string_member(mount, "name");
        const auto *type = string_member(mount, "type");
        if (name != nullptr && type != nullptr)
            modules.check(ModuleClass::mount, *type, mount, path / "mounts" / *name);
    }
}

void check_modules_two(ModuleCheck &modules, const Json &document) {
    for (const auto &[type, source] : members_of(document, "sources"))
        modules.check(ModuleClass::source, type, source, JsonPath{} / "sources" / type);
    size_t i = 0;
    for (const Json &pipeline : elements_of(document, "pipelines")) {
        size_t j = 0;
        for (const Json &stage : elements_of(pipeline, "stages")) {
            const JsonPath path = JsonPath{} / "pipelines" / i / "stages" / j++;
            if (const auto *type = string_member(stage, "type")) modules.check(ModuleClass::stage, *type, stage, path);
            check_stage_modules(modules, stage, path);
        }
        i++;
    }
}

void check_pipeline_one(ModuleCheck &modules, const Json &pipeline, const JsonPath &path) {
    if (const Json *build = find_member(pipeline, "build"))
        if (const Json *inner = find_member(*build, "pipeline"))
            check_pipeline_one(modules, *inner, path / "build" / "pipeline");
    size_t i = 0;
    for (const Json &stage : elements_of(pipeline, "stages")) {
        const JsonPath place = path / "stages" / i++;
        const auto *name = string_member(stage, "name");
        if (name == nullptr) continue;
        modules.check(ModuleClass::stage, *name, stage, place);
        if (const char *input = implicit_input_type(*name)) modules.require(ModuleClass::input, input, place);
    }
    const Json *assembler = find_member(pipeline, "assembler");
    if (assembler == nullptr) return;
    if (const auto *name = string_member(*assembler, "name")) {
        modules.check(ModuleClass::assembler, *name, *assembler, path / "assembler");
        modules.require(ModuleClass::input, "org.osbuild.tree", path / "assembler");
    }
}

void check_modules_one(ModuleCheck &modules, const Json &document) {
    if (const Json *pipeline = find_member(document, "pipeline"))
        check_pipeline_one(modules, *pipeline, JsonPath{} / "pipeline");
    for (const auto &[name, source] : members_of(document, "sources"))
        if (const auto alias = source_type_one(name); alias)
            modules.check(ModuleClass::source, alias->type, source, JsonPath{} / "sources" / name);
}

}  // namespace

void check_document(const Json &document, Version version, const Lookups &lookups, Problems &problems) {
    problems.add(SchemaValidator(document_schema(version)).check(document));
    ModuleCheck modules(version, lookups, problems);
    if (version == Version::two)
        check_modules_two(modules, document);
    else
        check_modules_one(modules, document);
}

}  // namespace osb::manifest
