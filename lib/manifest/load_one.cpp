// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <unordered_map>

#include "lib/manifest/ids.hpp"
#include "lib/manifest/json_values.hpp"
#include "lib/manifest/load.hpp"

namespace osb::manifest {
namespace {

class Loader {
public:
    Loader(const Lookups &lookups, Problems &problems) : runners_(lookups, problems), problems_(problems) {}

    Manifest load(Json &document) {
        manifest_.version = Version::one;
        Json nothing = Json::object();
        auto *pipeline = const_cast<Json *>(find_member(document, "pipeline"));
        load_pipeline(pipeline != nullptr ? *pipeline : nothing, JsonPath{} / "pipeline", 0);
        if (pipeline != nullptr) load_assembler(*pipeline);
        for (auto &[name, source] : members_of(document, "sources")) load_source(name, source);
        return std::move(manifest_);
    }

private:
    /// Loads a pipeline after the build pipeline it contains; the answer is its position. "tree" has depth 0, "build"
    /// 1, "build-build" 2.
    size_t load_pipeline(Json &description, const JsonPath &path, size_t depth) {
        Pipeline pipeline{.name = depth == 0 ? "tree" : "build"};
        for (size_t i = 1; i < depth; i++) pipeline.name += "-build";
        auto *build = const_cast<Json *>(find_member(description, "build"));
        if (build != nullptr && is_truthy(*build))
            load_build(*build, pipeline, path / "build", depth);
        else
            pipeline.runner = runners_.of_host();
        for (Json &stage : elements_of(description, "stages")) load_stage(stage, pipeline);
        manifest_.pipelines.push_back(std::move(pipeline));
        return manifest_.pipelines.size() - 1;
    }

    void load_build(Json &description, Pipeline &pipeline, const JsonPath &path, size_t depth) {
        auto *inner = const_cast<Json *>(find_member(description, "pipeline"));
        if (inner != nullptr && is_truthy(*inner)) {
            const Pipeline &build = manifest_.pipelines[load_pipeline(*inner, path / "pipeline", depth + 1)];
            pipeline.build_id = build.id();
            if (pipeline.build_id) pipeline.build_name = build.name;
        }
        if (const auto *runner = string_member(description, "runner"))
            pipeline.runner = runners_.named(*runner, path / "runner");
    }

    static Stage begin_stage(Json &description, const Pipeline &pipeline) {
        Stage stage;
        if (const auto *name = string_member(description, "name")) stage.type = *name;
        stage.build = pipeline.build_id;
        stage.base = pipeline.id();
        stage.options = take_options(description);
        return stage;
    }

    static void end_stage(Stage stage, Pipeline &pipeline) {
        for (Input &input : stage.inputs) input.id = id_of(input);
        stage.id = id_of(stage);
        pipeline.stages.push_back(std::move(stage));
    }

    static void load_stage(Json &description, Pipeline &pipeline) {
        Stage stage = begin_stage(description, pipeline);
        if (stage.type == "org.osbuild.rpm") stage.inputs.push_back(packages_of(stage.options));
        if (stage.type == "org.osbuild.ostree") stage.inputs.push_back(commit_of(stage.options));
        end_stage(std::move(stage), pipeline);
    }

    static Input packages_of(const Json &options) {
        Input input{.name = "packages", .type = implicit_input_type("org.osbuild.rpm")};
        std::unordered_map<std::string, size_t> places;
        for (const Json &package : elements_of(options, "packages")) {
            const auto *checksum =
                package.is_string() ? package.get_ptr<const std::string *>() : string_member(package, "checksum");
            if (checksum == nullptr) continue;
            Reference reference{.id = *checksum};
            if (const Json *gpg = find_member(package, "check_gpg"); gpg != nullptr && is_truthy(*gpg))
                reference.options["metadata"]["rpm.check_gpg"] = *gpg;
            const auto [place, is_new] = places.try_emplace(*checksum, input.references.size());
            if (is_new)
                input.references.push_back(std::move(reference));
            else
                input.references[place->second] = std::move(reference);
        }
        return input;
    }

    static Input commit_of(const Json &options) {
        Input input{.name = "commits", .type = implicit_input_type("org.osbuild.ostree")};
        const auto *commit = string_member(options, "commit");
        if (commit == nullptr) return input;
        Reference reference{.id = *commit};
        if (const Json *ref = find_member(options, "ref"); ref != nullptr && is_truthy(*ref))
            reference.options["ref"] = *ref;
        input.references.push_back(std::move(reference));
        return input;
    }

    void load_assembler(Json &description) {
        auto *assembler = const_cast<Json *>(find_member(description, "assembler"));
        if (assembler == nullptr || !is_truthy(*assembler)) return;
        const Pipeline &tree = manifest_.pipelines.back();
        Pipeline pipeline{
            .name = "assembler", .build_id = tree.build_id, .build_name = tree.build_name, .runner = tree.runner};
        Stage stage = begin_stage(*assembler, pipeline);
        stage.module_class = ModuleClass::assembler;
        stage.inputs.push_back({.name = "tree",
                                .type = "org.osbuild.tree",
                                .origin = Origin::pipeline,
                                .references = {{.id = tree.id().value_or("null"), .pipeline = tree.name}}});
        end_stage(std::move(stage), pipeline);
        manifest_.pipelines.push_back(std::move(pipeline));
    }

    /// The description as a whole is the options too: that is how version 1 is printed again.
    void load_source(const std::string &name, Json &description) {
        const auto known = source_type_one(name);
        if (!known) {
            problems_.add(JsonPath{} / "sources" / name, "{} is not a source of version 1", in_quotes(name));
            return;
        }
        const Json *items = find_member(description, known->items);
        if (items == nullptr) {
            problems_.add(JsonPath{} / "sources" / name, "{} is a required property", in_quotes(known->items));
            return;
        }
        Source source{.type = known->type, .items = *items, .options = description};
        source.id = id_of(source);
        manifest_.sources.push_back(std::move(source));
    }

    Runners runners_;
    Problems &problems_;
    Manifest manifest_;
};

}  // namespace

std::optional<SourceTypeOne> source_type_one(std::string_view name) {
    if (name == "org.osbuild.files" || name == "org.osbuild.curl") return SourceTypeOne{"org.osbuild.curl", "urls"};
    if (name == "org.osbuild.ostree") return SourceTypeOne{"org.osbuild.ostree", "commits"};
    if (name == "org.osbuild.librepo") return SourceTypeOne{"org.osbuild.librepo", "items"};
    return std::nullopt;
}

const char *implicit_input_type(std::string_view stage_name) {
    if (stage_name == "org.osbuild.rpm") return "org.osbuild.files";
    if (stage_name == "org.osbuild.ostree") return "org.osbuild.ostree";
    return nullptr;
}

Manifest load_one(Json document, const Lookups &lookups, Problems &problems) {
    return Loader(lookups, problems).load(document);
}

}  // namespace osb::manifest
