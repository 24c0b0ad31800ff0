// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/describe.hpp"

#include "lib/manifest/json_values.hpp"

namespace osb::manifest {
namespace {

void append_unless_empty(Json &object, std::string name, const Json &value) {
    if (is_truthy(value)) append_member(object, std::move(name), value);
}

Json describe_device(const Device &device) {
    Json text = {{"type", device.type}};
    append_unless_empty(text, "options", device.options);
    return text;
}

Json describe_mount(const Mount &mount) {
    Json text = {{"name", mount.name}, {"type", mount.type}, {"target", mount.target ? Json(*mount.target) : Json()}};
    if (mount.source) append_member(text, "source", *mount.source);
    append_unless_empty(text, "options", mount.options);
    if (is_truthy(mount.partition)) append_member(text, "partition", mount.partition);
    return text;
}

Json describe_input(const Input &input) {
    Json text = {{"type", input.type}, {"origin", name_of(input.origin)}};
    append_unless_empty(text, "options", input.options);
    Json references = Json::object();
    for (const Reference &reference : input.references) append_member(references, reference.id, reference.options);
    if (!references.empty()) append_member(text, "references", std::move(references));
    return text;
}

Json describe_stage(const Stage &stage) {
    Json text = {{"type", stage.type}, {"id", stage.id}};
    append_unless_empty(text, "options", stage.options);
    Json devices = Json::object();
    for (const Device &device : stage.devices) append_member(devices, device.name, describe_device(device));
    if (!devices.empty()) append_member(text, "devices", std::move(devices));
    Json mounts = Json::array();
    for (const Mount &mount : stage.mounts) mounts.push_back(describe_mount(mount));
    if (!mounts.empty()) append_member(text, "mounts", std::move(mounts));
    Json inputs = Json::object();
    for (const Input &input : stage.inputs) append_member(inputs, input.name, describe_input(input));
    if (!inputs.empty()) append_member(text, "inputs", std::move(inputs));
    return text;
}

/// A manifest says which runner belongs to a build pipeline; a Pipeline says which one its own stages get. So a
/// pipeline's runner is found at those that are built in it; where several disagree, osbuild shows the last.
const Runner *runner_in(const Manifest &manifest, const Pipeline &build) {
    const auto id = build.id();
    const Runner *runner = nullptr;
    for (const Pipeline &user : manifest.pipelines)
        if (id && user.build_id == id) runner = &user.runner;
    return runner;
}

Json describe_two(const Manifest &manifest) {
    Json pipelines = Json::array();
    for (const Pipeline &pipeline : manifest.pipelines) {
        Json text = {{"name", pipeline.name}};
        if (pipeline.build_id) append_member(text, "build", *pipeline.build_id);
        if (const Runner *runner = runner_in(manifest, pipeline)) append_member(text, "runner", runner->name);
        Json stages = Json::array();
        for (const Stage &stage : pipeline.stages) stages.push_back(describe_stage(stage));
        if (!stages.empty()) append_member(text, "stages", std::move(stages));
        pipelines.push_back(std::move(text));
    }
    Json document = {{"version", "2"}};
    append_member(document, "pipelines", std::move(pipelines));
    append_unless_empty(document, "metadata", manifest.metadata);
    Json sources = Json::object();
    for (const Source &source : manifest.sources) {
        Json text = Json::object();
        append_member(text, "items", source.items);
        append_member(sources, source.type, std::move(text));
    }
    if (!sources.empty()) append_member(document, "sources", std::move(sources));
    return document;
}

Json describe_stage_one(const Stage &stage) {
    Json text = {{"name", stage.type}};
    append_unless_empty(text, "options", stage.options);
    append_member(text, "id", stage.id);
    return text;
}

Json describe_pipeline_one(const Manifest &manifest, const Pipeline &pipeline) {
    Json text = Json::object();
    if (pipeline.build_id) {
        Json build = Json::object();
        append_member(build, "pipeline", describe_pipeline_one(manifest, *manifest.find(*pipeline.build_id)));
        append_member(build, "runner", pipeline.runner.name);
        append_member(text, "build", std::move(build));
    }
    Json stages = Json::array();
    for (const Stage &stage : pipeline.stages) stages.push_back(describe_stage_one(stage));
    if (!stages.empty()) append_member(text, "stages", std::move(stages));
    return text;
}

Json describe_one(const Manifest &manifest) {
    Json pipeline = describe_pipeline_one(manifest, *manifest.find("tree"));
    if (const Pipeline *assembler = manifest.find("assembler"))
        append_member(pipeline, "assembler", describe_stage_one(assembler->stages.front()));
    Json document = Json::object();
    append_member(document, "pipeline", std::move(pipeline));
    Json sources = Json::object();
    for (const Source &source : manifest.sources)
        append_member(sources, source.type == "org.osbuild.curl" ? "org.osbuild.files" : source.type, source.options);
    if (!sources.empty()) append_member(document, "sources", std::move(sources));
    return document;
}

}  // namespace

Json describe(const Manifest &manifest) {
    return manifest.version == Version::two ? describe_two(manifest) : describe_one(manifest);
}

}  // namespace osb::manifest
