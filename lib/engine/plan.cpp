// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/plan.hpp"

#include <algorithm>
#include <fnmatch.h>
#include <map>
#include <set>

#include "lib/base/error.hpp"
#include "lib/base/json.hpp"
#include "lib/base/sha256.hpp"

namespace osb::engine {
namespace {

using manifest::Manifest;
using manifest::Pipeline;
using manifest::Stage;

class Planner {
public:
    Planner(const Manifest &manifest, const Request &request, const PlanQuestions &questions)
        : manifest_(manifest), request_(request), questions_(questions) {}

    Plan make() && {
        for (const Pipeline &pipeline : manifest_.pipelines) add(pipeline);
        mark_checkpoints();
        for (const auto &[index, reason] : targets()) need(index, reason);
        order();
        return std::move(plan_);
    }

private:
    void add(const Pipeline &pipeline) {
        const size_t index = plan_.pipelines.size();
        index_.emplace(pipeline.name, index);
        PlannedPipeline planned{.pipeline = &pipeline};
        if (pipeline.build_name) planned.build = index_.at(*pipeline.build_name);
        std::string base_key;
        for (const Stage &stage : pipeline.stages) {
            base_key = key_of(pipeline, stage, planned, base_key);
            planned.stages.push_back({.stage = &stage, .key = base_key});
        }
        plan_.pipelines.push_back(std::move(planned));
    }

    /// Everything that a stage's tree depends on. The printed id is part of it, so no key is shared by two ids.
    std::string key_of(const Pipeline &pipeline, const Stage &stage, const PlannedPipeline &planned,
                       const std::string &base_key) const {
        Json devices = Json::object();
        for (const auto &device : stage.devices) devices[device.name] = device.id;
        Json mounts = Json::array();
        for (const auto &mount : stage.mounts) mounts.push_back({{"name", mount.name}, {"id", mount.id}});
        Json trees = Json::array();
        for (const auto &input : stage.inputs)
            for (const auto &reference : input.references)
                if (!reference.pipeline.empty()) trees.push_back(tree_key(index_.at(reference.pipeline)));
        const Json record = {{"format", "osb-key-1"}, {"id", stage.id},
                             {"base", base_key},      {"build", planned.build ? tree_key(*planned.build) : ""},
                             {"devices", devices},    {"mounts", mounts},
                             {"trees", trees},        {"surroundings", questions_.surroundings(pipeline, stage)}};
        return Sha256::of(to_canonical(record)).hex();
    }

    std::string tree_key(size_t index) const { return plan_.pipelines[index].key().value_or(""); }

    void mark_checkpoints() {
        bool matched = request_.checkpoints.empty();
        for (PlannedPipeline &planned : plan_.pipelines) {
            for (PlannedStage &stage : planned.stages) {
                const bool last = &stage == &planned.stages.back();
                for (const std::string &pattern : request_.checkpoints) {
                    const auto matches = [&](const std::string &text) {
                        return ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
                    };
                    if (!matches(stage.stage->type) && !matches(stage.stage->id) &&
                        !(last && matches(planned.pipeline->name)))
                        continue;
                    matched = true;
                    stage.commit.push_back(format("checkpoint {}", pattern));
                }
            }
        }
        if (!matched)
            fail(Blame::usage, "checkpoint {}: it matches no pipeline and no stage", request_.checkpoints.front());
    }

    std::vector<std::pair<size_t, std::string>> targets() {
        std::vector<std::pair<size_t, std::string>> targets;
        for (const std::string &name : request_.exports) {
            const Pipeline *pipeline = manifest_.find(name);
            if (pipeline == nullptr)
                fail(Blame::usage, "export {}: the manifest has no such pipeline ({})", name, names());
            const size_t index = index_.at(pipeline->name);
            plan_.exports.push_back(index);
            targets.emplace_back(index, "exported");
        }
        if (!targets.empty()) return targets;
        for (size_t i = 0; i < plan_.pipelines.size(); i++) {
            const auto &stages = plan_.pipelines[i].stages;
            if (std::ranges::any_of(stages, [](const PlannedStage &stage) { return !stage.commit.empty(); }))
                targets.emplace_back(i, "");
        }
        if (!targets.empty()) return targets;
        std::set<std::string> used;
        for (const Pipeline &pipeline : manifest_.pipelines)
            for (const std::string &name : pipeline.dependencies()) used.insert(name);
        for (size_t i = 0; i < plan_.pipelines.size(); i++)
            if (!used.contains(plan_.pipelines[i].pipeline->name)) targets.emplace_back(i, "");
        return targets;
    }

    std::string names() const {
        std::string list;
        for (const Pipeline &pipeline : manifest_.pipelines) list += (list.empty() ? "it has " : ", ") + pipeline.name;
        return list.empty() ? "it has none" : list;
    }

    /// `reason` empty: it is only built, to see whether it can be, or for its checkpoints.
    void need(size_t index, const std::string &reason) {
        PlannedPipeline &planned = plan_.pipelines[index];
        const bool first_time = planned.reasons.empty();
        const std::string why = reason.empty() ? "asked for" : reason;
        if (std::ranges::find(planned.reasons, why) == planned.reasons.end()) planned.reasons.push_back(why);
        if (!planned.stages.empty() && !reason.empty()) {
            auto &commit = planned.stages.back().commit;
            if (std::ranges::find(commit, reason) == commit.end()) commit.push_back(reason);
        }
        if (first_time) decide(planned);
    }

    void decide(PlannedPipeline &planned) {
        size_t first = 0;
        for (size_t i = planned.stages.size(); i-- > 0;) {
            if (!questions_.holds(planned.stages[i].key)) continue;
            planned.stages[i].action = Action::held;
            planned.base = planned.stages[i].key;
            first = i + 1;
            break;
        }
        for (size_t i = 0; i < planned.stages.size(); i++) {
            PlannedStage &stage = planned.stages[i];
            if (i >= first)
                stage.action = Action::run;
            else if (stage.action != Action::held)
                stage.action = Action::covered;
        }
        if (first == planned.stages.size()) return;
        const std::string name = planned.pipeline->name;
        if (planned.build) need(*planned.build, format("build tree of {}", name));
        for (size_t i = first; i < planned.stages.size(); i++)
            for (const auto &input : planned.stages[i].stage->inputs)
                for (const auto &reference : input.references)
                    if (!reference.pipeline.empty()) need(index_.at(reference.pipeline), format("input of {}", name));
    }

    /// Which running pipeline waits for which. A pipeline that makes the very tree an earlier one makes waits for it
    /// and then finds it in the store.
    void order() {
        std::map<std::string, size_t> makers;
        for (size_t i = 0; i < plan_.pipelines.size(); i++) {
            PlannedPipeline &planned = plan_.pipelines[i];
            if (planned.stages_to_run() == 0) continue;
            std::set<size_t> after;
            if (planned.build) after.insert(*planned.build);
            for (const PlannedStage &stage : planned.stages) {
                if (stage.action != Action::run) continue;
                for (const auto &input : stage.stage->inputs)
                    for (const auto &reference : input.references)
                        if (!reference.pipeline.empty()) after.insert(index_.at(reference.pipeline));
            }
            const auto [maker, fresh] = makers.emplace(*planned.key(), i);
            if (!fresh) {
                after.insert(maker->second);
                auto &commit = plan_.pipelines[maker->second].stages.back().commit;
                if (commit.empty()) commit.push_back(format("pipeline {} is the same", planned.pipeline->name));
            }
            planned.after.assign(after.begin(), after.end());
        }
    }

    const Manifest &manifest_;
    const Request &request_;
    const PlanQuestions &questions_;
    Plan plan_;
    std::map<std::string, size_t> index_;
};

}  // namespace

std::optional<std::string> PlannedPipeline::key() const {
    if (stages.empty()) return std::nullopt;
    return stages.back().key;
}

size_t PlannedPipeline::stages_to_run() const {
    return static_cast<size_t>(
        std::ranges::count_if(stages, [](const PlannedStage &stage) { return stage.action == Action::run; }));
}

size_t Plan::stages_to_run() const {
    size_t count = 0;
    for (const PlannedPipeline &pipeline : pipelines) count += pipeline.stages_to_run();
    return count;
}

std::vector<std::string> Plan::sources() const {
    std::vector<std::string> list;
    std::set<std::string> seen;
    for (const PlannedPipeline &pipeline : pipelines)
        for (const PlannedStage &stage : pipeline.stages)
            for (const auto &input : stage.stage->inputs)
                if (stage.action == Action::run && input.origin == manifest::Origin::source)
                    for (const auto &reference : input.references)
                        if (seen.insert(reference.id).second) list.push_back(reference.id);
    return list;
}

Plan make_plan(const Manifest &manifest, const Request &request, const PlanQuestions &questions) {
    return Planner(manifest, request, questions).make();
}

}  // namespace osb::engine
