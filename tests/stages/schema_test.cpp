// SPDX-License-Identifier: Apache-2.0
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "stages/module.hpp"
#include "tests/stages/stage_run.hpp"

namespace osb {
namespace {

namespace fs = std::filesystem;

const fs::path library = fs::path(OSB_TEST_BUILD) / "libexec/osb";

nlohmann::json metadata(const std::string &module) {
    return nlohmann::json::parse(read_file(library / "stages" / (module + ".meta.json")));
}

/// Whether a stage's options pass the schema of its metadata.
bool accepts(const std::string &module, const char *options) {
    const nlohmann::json meta = metadata(module);
    nlohmann::json schema = meta.contains("schema_2") ? meta["schema_2"]["options"] : meta["schema"];
    valijson::Schema parsed;
    valijson::adapters::NlohmannJsonAdapter text(schema);
    valijson::SchemaParser(valijson::SchemaParser::kDraft4).populateSchema(text, parsed);
    const nlohmann::json value = nlohmann::json::parse(options);
    valijson::Validator validator;
    return validator.validate(parsed, valijson::adapters::NlohmannJsonAdapter(value), nullptr);
}

TEST(ModuleMetadata, HasTheShapeOfTheContract) {
    size_t count = 0;
    for (const char *kind : {"stages", "inputs", "sources"}) {
        for (const auto &entry : fs::directory_iterator(library / kind)) {
            if (!entry.path().native().ends_with(".meta.json")) continue;
            SCOPED_TRACE(entry.path());
            const nlohmann::json meta = nlohmann::json::parse(read_file(entry.path()));
            count++;
            EXPECT_TRUE(meta.at("summary").is_string());
            EXPECT_TRUE(meta.at("description").is_array());
            EXPECT_TRUE(meta.contains("schema") || meta.contains("schema_2"));
            for (const auto &[key, value] : meta.items())
                EXPECT_TRUE(key == "summary" || key == "description" || key == "capabilities" || key == "schema" ||
                            key == "schema_2")
                    << key;
        }
    }
    EXPECT_EQ(count, stages::modules().size() + 4);  // two inputs and two sources
}

TEST(ModuleMetadata, LiesBesideEveryModulesName) {
    for (const stages::Module &module : stages::modules()) {
        const std::string name(module.name);
        EXPECT_EQ(fs::read_symlink(library / "stages" / name), "../osb-module") << name;
        EXPECT_TRUE(fs::exists(library / "stages" / (name + ".meta.json"))) << name;
    }
}

TEST(ModuleMetadata, TakesOptionsAsWrittenForOsbuildAndNoOthers) {
    const std::tuple<const char *, const char *, const char *> cases[] = {
        {"org.osbuild.mkdir", R"({"paths": [{"path": "/a", "mode": 493, "parents": true, "exist_ok": false}]})",
         R"({"paths": [{"path": "/../a"}]})"},
        {"org.osbuild.mkdir", R"({"paths": [{"path": "mount://x/a"}]})",
         R"({"paths": [{"path": "/a", "mode": "755"}]})"},
        {"org.osbuild.copy", R"({"paths": [{"from": "input://i/a", "to": "tree:///a"}]})",
         R"({"paths": [{"from": "/a", "to": "tree:///a"}]})"},
        {"org.osbuild.copy", R"({"paths": [{"from": "mount://m/a", "to": "mount://n/a", "remove_destination": true}]})",
         R"({"paths": []})"},
        {"org.osbuild.chmod", R"({"items": {"/a": {"mode": "u+x", "recursive": true}}})",
         R"({"items": {"a": {"mode": "1"}}})"},
        {"org.osbuild.chown", R"({"items": {"/a": {"user": "x", "group": 5}}})", R"({"items": {"/a": {}}})"},
        {"org.osbuild.chown", R"({"items": {"/a": {"user": 0}}})", R"({"items": {"/a": {"user": -1}}})"},
        {"org.osbuild.hostname", R"({"hostname": "x"})", R"({})"},
        {"org.osbuild.locale", R"({"language": "C"})", R"({"language": "C", "more": 1})"},
        {"org.osbuild.timezone", R"({"zone": "UTC"})", R"({"zone": 1})"},
        {"org.osbuild.users", R"({"users": {"a.b": {"uid": 1, "keys": ["x"], "force_password_reset": true}}})",
         R"({"users": {"-a": {}}})"},
        {"org.osbuild.users", R"({"users": {"a": {"groups": []}}})", R"({"users": {"a": {"groups": [1]}}})"},
        {"org.osbuild.groups", R"({"groups": {"a": {"gid": 1}}, "force": true})", R"({"groups": {"a:b": {}}})"},
        {"org.osbuild.systemd", R"({"enabled_services": ["a"], "default_target": "b"})", R"({"unit_dropins": {}})"},
        {"org.osbuild.fstab", R"({"filesystems": [{"uuid": "x", "path": "/"}]})",
         R"({"filesystems": [{"uuid": "x", "label": "y", "path": "/"}]})"},
        {"org.osbuild.fstab", R"({"filesystems": [], "ostree": {"deployment": {"default": true}}})",
         R"({"filesystems": [], "ostree": {"deployment": {"default": true, "osname": "x"}}})"},
        {"org.osbuild.machine-id", R"({"first-boot": "no"})", R"({"first-boot": "maybe"})"},
        {"org.osbuild.tar", R"({"filename": "x", "format": "v7", "paths": ["a"]})",
         R"({"filename": "x", "paths": [], "root-node": "omit"})"},
        {"org.osbuild.oci-archive", R"({"filename": "x", "architecture": "amd64", "annotations": {"a": "b"}})",
         R"({"filename": "x", "architecture": "amd64", "annotations": {"org.osbuild.x": "b"}})"},
        {"org.osb.untar", R"({"path": "/a", "strip-components": 1})", R"({"path": "a"})"},
        {"org.osb.script", R"({"interpreter": ["/bin/sh", "-e"], "script": "true", "chroot": true})",
         R"({"script": "true"})"},
    };
    for (const auto &[module, good, bad] : cases) {
        EXPECT_TRUE(accepts(module, good)) << module << " " << good;
        EXPECT_FALSE(accepts(module, bad)) << module << " " << bad;
    }
}

}  // namespace
}  // namespace osb
