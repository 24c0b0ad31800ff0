// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/plan_text.hpp"

namespace osb::engine {
namespace {

std::string joined(const std::vector<std::string> &parts) {
    std::string text;
    for (const std::string &part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

const char *name_of(Action action) {
    switch (action) {
        case Action::run:
            return "run";
        case Action::held:
            return "held";
        case Action::covered:
            return "covered";
        case Action::unneeded:
            return "unneeded";
    }
    return "run";
}

/// Why this happens to the stage.
std::string why(const PlannedStage &stage, bool first_to_run, bool anything_held) {
    switch (stage.action) {
        case Action::held:
            return "the store holds its tree";
        case Action::covered:
            return "the store holds a later stage's tree";
        case Action::unneeded:
            return "nothing that was asked for needs it";
        case Action::run:
            break;
    }
    if (!first_to_run) return "its base is built anew";
    return anything_held ? "the store does not hold its tree" : "the store holds no tree of this pipeline";
}

std::string base_text(const PlannedPipeline &planned) {
    if (!planned.base) return "an empty tree";
    for (const PlannedStage &stage : planned.stages)
        if (stage.key == *planned.base) return format("the tree of stage {} ({})", stage.stage->type, stage.stage->id);
    return *planned.base;
}

}  // namespace

std::string plan_text(const Plan &plan) {
    std::string text;
    for (const PlannedPipeline &planned : plan.pipelines) {
        text += format("pipeline {}: {}\n", planned.pipeline->name,
                       planned.reasons.empty() ? "not needed" : joined(planned.reasons));
        if (planned.reasons.empty()) continue;
        if (planned.stages.empty()) text += "  no stages: an empty tree\n";
        if (planned.stages_to_run() > 0) {
            text += format("  build tree: {}\n",
                           planned.build ? plan.pipelines[*planned.build].pipeline->name : "the host's /usr");
            text += format("  base: {}\n", base_text(planned));
        }
        bool first = true;
        for (const PlannedStage &stage : planned.stages) {
            text += format("  {:<8} {} {}: {}\n", name_of(stage.action), stage.stage->type, stage.stage->id,
                           why(stage, first, planned.base.has_value()));
            if (stage.action == Action::run) first = false;
            if (stage.action == Action::run && !stage.commit.empty())
                text += format("  {:<8} under {}: {}\n", "commit", stage.key, joined(stage.commit));
        }
    }
    return text;
}

Json plan_json(const Plan &plan) {
    Json pipelines = Json::array();
    for (const PlannedPipeline &planned : plan.pipelines) {
        Json stages = Json::array();
        bool first = true;
        for (const PlannedStage &stage : planned.stages) {
            Json record = {{"type", stage.stage->type},
                           {"id", stage.stage->id},
                           {"key", stage.key},
                           {"action", name_of(stage.action)},
                           {"why", why(stage, first, planned.base.has_value())}};
            if (stage.action == Action::run) {
                first = false;
                record["commit"] = stage.commit;
            }
            stages.push_back(std::move(record));
        }
        Json record = {{"name", planned.pipeline->name}, {"needed", planned.reasons}};
        if (planned.build) record["build"] = plan.pipelines[*planned.build].pipeline->name;
        if (planned.base) record["base"] = *planned.base;
        record["stages"] = std::move(stages);
        pipelines.push_back(std::move(record));
    }
    return {{"pipelines", std::move(pipelines)}, {"sources", plan.sources()}};
}

}  // namespace osb::engine
