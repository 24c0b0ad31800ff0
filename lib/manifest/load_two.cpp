// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "lib/manifest/ids.hpp"
#include "lib/manifest/json_values.hpp"
#include "lib/manifest/load.hpp"
#include "lib/manifest/pipeline_names.hpp"

namespace osb::manifest {
namespace {

constexpr std::string_view by_name = "name:";

class Loader {
public:
    Loader(Json &document, const Lookups &lookups, Problems &problems)
        : document_(document), names_(document), runners_(lookups, problems), problems_(problems) {}

    Manifest load() {
        manifest_.metadata = take_options(document_, "metadata");
        for (auto &[type, source] : members_of(document_, "sources")) load_source(type, source);
        auto &pipelines = elements_of(document_, "pipelines");
        manifest_.pipelines.reserve(pipelines.size());
        for (size_t i = 0; i < pipelines.size(); i++) load_pipeline(pipelines[i], i);
        hand_out_runners();
        return std::move(manifest_);
    }

private:
    void load_source(const std::string &type, Json &description) {
        Source source{.type = type};
        for (const auto &[id, item] : members_of(std::as_const(description), "items")) items_.insert(id);
        source.items = take_options(description, "items");
        source.options = take_options(description);
        source.id = id_of(source);
        manifest_.sources.push_back(std::move(source));
    }

    void load_pipeline(Json &description, size_t position) {
        const JsonPath path = JsonPath{} / "pipelines" / position;
        Pipeline pipeline;
        if (const auto *name = string_member(description, "name")) {
            pipeline.name = *name;
            if (!loaded_.try_emplace(*name, manifest_.pipelines.size()).second)
                problems_.add(path / "name", "{} is the name of an earlier pipeline too", in_quotes(*name));
        }
        own_runners_.emplace_back();
        if (const auto *runner = string_member(description, "runner"); runner != nullptr && !runner->empty())
            own_runners_.back() = runners_.named(*runner, path / "runner");
        load_epoch(description, pipeline, path);
        load_build(description, pipeline, path);
        manifest_.pipelines.push_back(std::move(pipeline));
        size_t stage = 0;
        for (Json &text : elements_of(description, "stages"))
            load_stage(text, manifest_.pipelines.back(), path / "stages" / stage++);
    }

    void load_epoch(const Json &description, Pipeline &pipeline, const JsonPath &path) {
        const Json *epoch = find_member(description, "source-epoch");
        if (epoch == nullptr) return;
        const bool is_too_large = epoch->is_number_unsigned() && epoch->get<std::uint64_t>() > INT64_MAX;
        if (is_big_integer(*epoch) || is_too_large)
            problems_.add(path / "source-epoch", "{} is no time a computer can keep", to_words(*epoch));
        else if (epoch->is_number_integer())
            pipeline.source_epoch = epoch->get<std::int64_t>();
    }

    /// A build is the name of an earlier pipeline or an id. The id may be that of any pipeline, so it is looked up at
    /// the end.
    void load_build(const Json &description, Pipeline &pipeline, const JsonPath &path) {
        const auto *build = string_member(description, "build");
        if (build == nullptr) return;
        if (!build->starts_with(by_name)) {
            pipeline.build_id = *build;
            return;
        }
        const Pipeline *target = resolve(*build, pipeline.name, path / "build");
        if (target == nullptr || target->stages.empty()) return;
        pipeline.build_id = target->id();
        pipeline.build_name = target->name;
    }

    /// The earlier pipeline a "name:…" in the pipeline called `user` means; if there is none, that is a problem.
    const Pipeline *resolve(const std::string &reference, const std::string &user, const JsonPath &path) {
        const std::string name = reference.substr(by_name.size());
        const auto found = loaded_.find(name);
        if (found != loaded_.end() && name != user) return &manifest_.pipelines[found->second];
        problems_.add(path, "{}", names_.why_not(user, name));
        return nullptr;
    }

    void load_stage(Json &description, Pipeline &pipeline, const JsonPath &path) {
        Stage stage;
        if (const auto *type = string_member(description, "type")) stage.type = *type;
        stage.build = pipeline.build_id;
        stage.base = pipeline.id();
        stage.source_epoch = pipeline.source_epoch;
        stage.options = take_options(description);
        load_devices(description, stage, path / "devices");
        for (auto &[name, input] : members_of(description, "inputs"))
            load_input(name, input, stage, pipeline, path / "inputs" / name);
        size_t position = 0;
        for (Json &mount : elements_of(description, "mounts")) load_mount(mount, stage, path / "mounts" / position++);
        stage.id = id_of(stage);
        pipeline.stages.push_back(std::move(stage));
    }

    /// Parents first: again and again through what is left, in the order of the text, taking what can be opened.
    void load_devices(Json &description, Stage &stage, const JsonPath &path) {
        auto &devices = members_of(description, "devices");
        std::unordered_set<std::string> there;
        std::unordered_map<std::string, std::string> ids;
        std::vector<Json::object_t::value_type *> left;
        for (auto &device : devices) {
            there.insert(device.first);
            left.push_back(&device);
        }
        const auto take = [&](Json::object_t::value_type *device) {
            const auto *parent = string_member(device->second, "parent");
            const bool has_parent = parent != nullptr && !parent->empty();
            if (has_parent && there.contains(*parent) && !ids.contains(*parent)) return false;
            if (has_parent && !there.contains(*parent))
                problems_.add(path / device->first / "parent", "there is no device {} in this stage",
                              in_quotes(*parent));
            load_device(*device, has_parent ? parent : nullptr, stage, ids);
            return true;
        };
        while (!left.empty()) {
            const size_t before = left.size();
            std::erase_if(left, take);
            if (left.size() < before) continue;
            for (const auto *device : left)
                problems_.add(path / device->first / "parent", "the parents of {} go round in a circle",
                              in_quotes(device->first));
            return;
        }
    }

    static void load_device(Json::object_t::value_type &description, const std::string *parent, Stage &stage,
                            std::unordered_map<std::string, std::string> &ids) {
        Device device{.name = description.first};
        if (const auto *type = string_member(description.second, "type")) device.type = *type;
        std::optional<std::string> parent_id;
        if (parent != nullptr) {
            device.parent = *parent;
            if (const auto found = ids.find(*parent); found != ids.end()) parent_id = found->second;
        }
        device.options = take_options(description.second);
        device.id = id_of(device, parent_id);
        ids.emplace(device.name, device.id);
        stage.devices.push_back(std::move(device));
    }

    void load_input(const std::string &name, Json &description, Stage &stage, const Pipeline &pipeline,
                    const JsonPath &path) {
        Input input{.name = name};
        if (const auto *type = string_member(description, "type")) input.type = *type;
        const auto *origin = string_member(description, "origin");
        if (origin != nullptr && *origin == name_of(Origin::pipeline)) input.origin = Origin::pipeline;
        input.options = take_options(description);
        ReferenceList references(input.references);
        const JsonPath place = path / "references";
        for (auto &[id, options] : members_of(description, "references"))
            add_reference(references, input.origin, id, take_truthy(options), pipeline, [&] { return place / id; });
        size_t position = 0;
        for (Json &element : elements_of(description, "references")) {
            const auto *id =
                element.is_string() ? element.get_ptr<const std::string *>() : string_member(element, "id");
            if (id != nullptr)
                add_reference(references, input.origin, *id, take_options(element), pipeline,
                              [&] { return place / position; });
            position++;
        }
        input.id = id_of(input);
        stage.inputs.push_back(std::move(input));
    }

    static Json take_truthy(Json &options) { return is_truthy(options) ? std::move(options) : Json::object(); }

    /// Keeps ids apart: the last options given for an id count, in the place where it first came.
    class ReferenceList {
    public:
        explicit ReferenceList(std::vector<Reference> &list) : list_(list) {}
        void add(Reference reference) {
            const auto [place, is_new] = places_.try_emplace(reference.id, list_.size());
            if (is_new)
                list_.push_back(std::move(reference));
            else
                list_[place->second].options = std::move(reference.options);
        }

    private:
        std::vector<Reference> &list_;
        std::unordered_map<std::string, size_t> places_;
    };

    /// Of a pipeline only names count; osbuild drops anything else without a word, and so ids depend on our doing the
    /// same.
    template <typename Where>
    void add_reference(ReferenceList &references, Origin origin, const std::string &id, Json options,
                       const Pipeline &user, const Where &where) {
        if (origin == Origin::source) {
            if (!items_.contains(id)) problems_.add(where(), "no source has an item {}", in_quotes(id));
            references.add({.id = id, .options = std::move(options)});
        } else if (id.starts_with(by_name)) {
            const Pipeline *target = resolve(id, user.name, where());
            if (target == nullptr) return;
            references.add(
                {.id = target->id().value_or("null"), .options = std::move(options), .pipeline = target->name});
        }
    }

    void load_mount(Json &description, Stage &stage, const JsonPath &path) {
        Mount mount;
        if (const auto *name = string_member(description, "name")) mount.name = *name;
        if (const auto *type = string_member(description, "type")) mount.type = *type;
        if (const auto *target = string_member(description, "target")) mount.target = *target;
        if (const Json *partition = find_member(description, "partition")) mount.partition = *partition;
        mount.options = take_options(description);
        if (std::ranges::find(stage.mounts, mount.name, &Mount::name) != stage.mounts.end())
            problems_.add(path / "name", "{} is the name of an earlier mount of this stage too", in_quotes(mount.name));
        std::optional<std::string> device_id;
        if (const auto *source = string_member(description, "source"); source != nullptr && !source->empty()) {
            mount.source = *source;
            const auto device = std::ranges::find(stage.devices, *source, &Device::name);
            if (device != stage.devices.end())
                device_id = device->id;
            else
                problems_.add(path / "source", "there is no device {} in this stage", in_quotes(*source));
        }
        mount.id = id_of(mount, device_id);
        stage.mounts.push_back(std::move(mount));
    }

    /// A runner is written at the pipeline that is used as a build tree; it is needed at those that are built in it.
    void hand_out_runners() {
        auto &pipelines = manifest_.pipelines;
        std::unordered_map<std::string, size_t> by_id;  // of pipelines with one id the last counts
        for (size_t i = 0; i < pipelines.size(); i++)
            if (const auto id = pipelines[i].id()) by_id[*id] = i;
        for (size_t i = 0; i < pipelines.size(); i++) {
            Pipeline &pipeline = pipelines[i];
            if (pipeline.build_id && pipeline.build_id->empty()) pipeline.build_id.reset();
            if (!pipeline.build_id) {
                pipeline.runner = runners_.of_host();
                continue;
            }
            const auto build = by_id.find(*pipeline.build_id);
            if (build == by_id.end()) {
                problems_.add(JsonPath{} / "pipelines" / i / "build", "no pipeline has the id {}",
                              in_quotes(*pipeline.build_id));
                continue;
            }
            if (!pipeline.build_name) pipeline.build_name = pipelines[build->second].name;
            const auto &runner = own_runners_[build->second];
            pipeline.runner = runner ? *runner : runners_.of_host();
        }
    }

    Json &document_;
    PipelineNames names_;
    Runners runners_;
    Problems &problems_;
    Manifest manifest_;
    std::unordered_set<std::string> items_;
    std::unordered_map<std::string, size_t> loaded_;
    std::vector<std::optional<Runner>> own_runners_;
};

}  // namespace

Manifest load_two(Json document, const Lookups &lookups, Problems &problems) {
    return Loader(document, lookups, problems).load();
}

}  // namespace osb::manifest
