// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/plan.hpp"

#include <set>

#include <gmock/gmock.h>

#include "lib/engine/plan_text.hpp"
#include "lib/manifest/parse.hpp"
#include "tests/support.hpp"

namespace osb::engine {
namespace {

/// image needs build as its build tree and reads os; extra is used by nobody.
constexpr std::string_view four_pipelines = R"({
  "version": "2",
  "pipelines": [
    {"name": "build", "stages": [{"type": "org.osbuild.mkdir", "options": {"paths": [{"path": "/usr"}]}}]},
    {"name": "os", "stages": [{"type": "org.osbuild.noop"}, {"type": "org.osbuild.hostname", "options": {"hostname": "a"}}]},
    {"name": "image", "build": "name:build", "stages": [
      {"type": "org.osbuild.copy",
       "inputs": {"tree": {"type": "org.osbuild.tree", "origin": "org.osbuild.pipeline", "references": ["name:os"]}}}]},
    {"name": "extra", "stages": [{"type": "org.osbuild.machine-id"}]}
  ]})";

manifest::Manifest manifest_of(std::string_view text) {
    auto parsed = manifest::parse(text, manifest::Lookups{});
    if (const auto *problems = std::get_if<std::vector<manifest::Problem>>(&parsed))
        ADD_FAILURE() << manifest::path_id(problems->front().path) << ": " << problems->front().message;
    return std::get<manifest::Manifest>(std::move(parsed));
}

PlanQuestions nothing_held() {
    return {.holds = [](const std::string &) { return false; },
            .surroundings = [](const manifest::Pipeline &, const manifest::Stage &) { return std::string(); }};
}

PlanQuestions holding(std::set<std::string> keys) {
    PlanQuestions questions = nothing_held();
    questions.holds = [keys = std::move(keys)](const std::string &key) { return keys.contains(key); };
    return questions;
}

std::vector<std::string> running(const Plan &plan) {
    std::vector<std::string> names;
    for (const auto &planned : plan.pipelines)
        for (const auto &stage : planned.stages)
            if (stage.action == Action::run) names.push_back(planned.pipeline->name + "/" + stage.stage->type);
    return names;
}

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Plan, BuildsWhatAnExportNeedsAndNothingElse) {
    const auto manifest = manifest_of(four_pipelines);
    const Plan plan = make_plan(manifest, {.exports = {"image"}}, nothing_held());
    EXPECT_THAT(running(plan), ElementsAre("build/org.osbuild.mkdir", "os/org.osbuild.noop", "os/org.osbuild.hostname",
                                           "image/org.osbuild.copy"));
    EXPECT_THAT(plan.pipelines[0].reasons, ElementsAre("build tree of image"));
    EXPECT_THAT(plan.pipelines[1].reasons, ElementsAre("input of image"));
    EXPECT_THAT(plan.pipelines[2].reasons, ElementsAre("exported"));
    EXPECT_THAT(plan.pipelines[2].after, ElementsAre(0, 1));
    EXPECT_THAT(plan.pipelines[3].reasons, IsEmpty());
}

TEST(Plan, CommitsOnlyWhatIsUsedOrAskedFor) {
    const auto manifest = manifest_of(four_pipelines);
    const Plan plan = make_plan(manifest, {.exports = {"image"}}, nothing_held());
    EXPECT_THAT(plan.pipelines[0].stages[0].commit, ElementsAre("build tree of image"));
    EXPECT_THAT(plan.pipelines[1].stages[0].commit, IsEmpty());
    EXPECT_THAT(plan.pipelines[1].stages[1].commit, ElementsAre("input of image"));
}

TEST(Plan, WithoutExportsBuildsEveryPipelineThatNoOtherUsesAndCommitsNoLastStage) {
    const auto manifest = manifest_of(four_pipelines);
    const Plan plan = make_plan(manifest, {}, nothing_held());
    EXPECT_EQ(plan.stages_to_run(), 5U);
    EXPECT_THAT(plan.pipelines[2].stages[0].commit, IsEmpty());
    EXPECT_THAT(plan.pipelines[3].stages[0].commit, IsEmpty());
}

TEST(Plan, CheckpointsMatchPipelinesStageTypesAndIds) {
    const auto manifest = manifest_of(four_pipelines);
    const std::string id = manifest.pipelines[3].stages[0].id;
    const Plan plan = make_plan(manifest, {.checkpoints = {"os*", "*.hostname", id}}, nothing_held());
    EXPECT_THAT(plan.pipelines[1].stages[1].commit, ElementsAre("checkpoint os*", "checkpoint *.hostname"));
    EXPECT_THAT(plan.pipelines[3].stages[0].commit, ElementsAre("checkpoint " + id));
    EXPECT_THAT(running(plan), testing::Not(testing::Contains("image/org.osbuild.copy")));
}

TEST(Plan, ResumesAfterTheLastStageTheStoreHolds) {
    const auto manifest = manifest_of(four_pipelines);
    const Plan fresh = make_plan(manifest, {.exports = {"os"}}, nothing_held());
    const std::string key = fresh.pipelines[1].stages[0].key;
    const Plan plan = make_plan(manifest, {.exports = {"os"}}, holding({key}));
    EXPECT_THAT(running(plan), ElementsAre("os/org.osbuild.hostname"));
    EXPECT_EQ(plan.pipelines[1].base, key);
    EXPECT_EQ(plan.pipelines[1].stages[0].action, Action::held);
}

TEST(Plan, AHeldExportNeedsNeitherStagesNorBuildTree) {
    const auto manifest = manifest_of(four_pipelines);
    const Plan fresh = make_plan(manifest, {.exports = {"image"}}, nothing_held());
    const Plan plan = make_plan(manifest, {.exports = {"image"}}, holding({fresh.pipelines[2].stages[0].key}));
    EXPECT_THAT(running(plan), IsEmpty());
    EXPECT_THAT(plan.pipelines[0].reasons, IsEmpty());
    EXPECT_THAT(plan.exports, ElementsAre(2));
}

TEST(Plan, TheKeyCoversModuleCodeDevicesAndBuildTree) {
    const auto key_of_image = [](std::string_view text, const std::string &surroundings) {
        PlanQuestions questions = nothing_held();
        questions.surroundings = [&](const manifest::Pipeline &, const manifest::Stage &) { return surroundings; };
        const auto manifest = manifest_of(text);
        return make_plan(manifest, {}, questions).pipelines.back().stages.back().key;
    };
    const std::string disk =
        R"({"version": "2", "pipelines": [{"name": "p", "stages": [{"type": "org.osbuild.mkfs.ext4",
        "options": {"uuid": "u"}, "devices": {"device": {"type": "org.osbuild.loopback", "options": {"filename": "FILE"}}}}]}]})";
    const auto with_file = [&](std::string_view name) {
        std::string text = disk;
        return text.replace(text.find("FILE"), 4, name);
    };
    EXPECT_EQ(manifest_of(with_file("a")).pipelines[0].id(), manifest_of(with_file("b")).pipelines[0].id());
    EXPECT_NE(key_of_image(with_file("a"), ""), key_of_image(with_file("b"), ""));
    EXPECT_NE(key_of_image(with_file("a"), "module 1"), key_of_image(with_file("a"), "module 2"));
    EXPECT_EQ(key_of_image(with_file("a"), "module 1"), key_of_image(with_file("a"), "module 1"));
}

TEST(Plan, EqualPipelinesAreBuiltOnce) {
    const auto manifest = manifest_of(R"({"version": "2", "pipelines": [
        {"name": "a", "stages": [{"type": "org.osbuild.noop"}]}, {"name": "b", "stages": [{"type": "org.osbuild.noop"}]}]})");
    const Plan plan = make_plan(manifest, {.exports = {"a", "b"}}, nothing_held());
    EXPECT_THAT(plan.pipelines[1].after, ElementsAre(0));
}

TEST(Plan, RefusesWhatNamesNothing) {
    const auto manifest = manifest_of(four_pipelines);
    EXPECT_EQ(test::error_of([&] { make_plan(manifest, {.exports = {"nope"}}, nothing_held()); }),
              "export nope: the manifest has no such pipeline (it has build, os, image, extra)");
    EXPECT_EQ(test::error_of([&] { make_plan(manifest, {.checkpoints = {"nope*"}}, nothing_held()); }),
              "checkpoint nope*: it matches no pipeline and no stage");
}

TEST(PlanText, SaysWhatRunsFromWhichBaseAndWhy) {
    const auto manifest = manifest_of(four_pipelines);
    const Plan fresh = make_plan(manifest, {.exports = {"image"}}, nothing_held());
    test::expect_golden("engine/plan-fresh.txt", plan_text(fresh));
    const Plan resumed = make_plan(manifest, {.exports = {"image"}, .checkpoints = {"build"}},
                                   holding({fresh.pipelines[1].stages[0].key}));
    test::expect_golden("engine/plan-resumed.txt", plan_text(resumed));
    test::expect_golden("engine/plan-resumed.json", to_text(plan_json(resumed), {.indent = 2}) + "\n");
}

}  // namespace
}  // namespace osb::engine
