// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/manifest.hpp"

#include <gmock/gmock.h>

#include "tests/manifest/library.hpp"
#include "tests/support.hpp"

namespace osb::manifest {
namespace {

using test_library::data;
using test_library::no_lookups;
using test_library::parse_good;
using testing::ElementsAre;

std::vector<std::string> names_of(const Manifest &manifest) {
    std::vector<std::string> names;
    for (const Pipeline &pipeline : manifest.pipelines) names.push_back(pipeline.name);
    return names;
}

TEST(Manifest, FindsAPipelineByNameThenById) {
    const Manifest manifest = parse_good(data("inputs.json"), no_lookups());
    const Pipeline *tools = manifest.find("tools");
    ASSERT_NE(tools, nullptr);
    EXPECT_EQ(manifest.find(*tools->id())->name, "by id");  // the first of two that are alike
    EXPECT_EQ(manifest.find("name:tools"), nullptr);
    EXPECT_EQ(manifest.find(""), nullptr);
}

TEST(Manifest, KnowsWhatAPipelineNeeds) {
    const Manifest manifest = parse_good(data("inputs.json"), no_lookups());
    EXPECT_THAT(manifest.find("os")->dependencies(), ElementsAre("tools", "build", "empty"));
    EXPECT_THAT(manifest.find("build")->dependencies(), ElementsAre());
}

TEST(Manifest, GivesAPipelineTheRunnerOfItsBuildPipeline) {
    Lookups lookups = no_lookups();
    lookups.runner = [](const std::string &name) { return std::optional("/lib/runners/" + name); };
    const Manifest manifest = parse_good(data("inputs.json"), lookups);
    EXPECT_EQ(manifest.find("build")->runner.name, "org.osbuild.debian");  // on the host, whatever it has itself
    EXPECT_EQ(manifest.find("tools")->runner.name, "org.osbuild.linux");  // two builds are alike: the last one's counts
    EXPECT_EQ(manifest.find("tools")->runner.file, "/lib/runners/org.osbuild.linux");
    EXPECT_EQ(manifest.find("os")->runner.file, "/lib/runners/org.osbuild.debian");  // "tools" has none: the host's
}

TEST(Manifest, ABuildPipelineWithoutStagesMeansTheHost) {
    const Manifest manifest = parse_good(data("values.json"), no_lookups());
    EXPECT_EQ(manifest.find("os")->build_id, std::nullopt);
    EXPECT_EQ(manifest.find("os")->build_name, std::nullopt);
    EXPECT_EQ(manifest.find("no stages")->id(), std::nullopt);
}

TEST(Manifest, ChainsStages) {
    const Manifest manifest = parse_good(data("values.json"), no_lookups());
    const auto &stages = manifest.find("os")->stages;
    EXPECT_EQ(stages[0].base, std::nullopt);
    for (size_t i = 1; i < stages.size(); i++) EXPECT_EQ(stages[i].base, stages[i - 1].id);
    EXPECT_EQ(manifest.find("os")->id(), stages.back().id);
    EXPECT_EQ(stages[0].source_epoch, 0);
}

TEST(Manifest, OpensParentsBeforeTheirDevices) {
    const Manifest manifest = parse_good(data("devices.json"), no_lookups());
    std::vector<std::string> names;
    for (const Device &device : manifest.pipelines[0].stages[0].devices) names.push_back(device.name);
    EXPECT_THAT(names, ElementsAre("other", "disk", "boot", "lvm", "root"));
}

TEST(ManifestOfVersionOne, NamesPipelinesByTheirDepth) {
    const Manifest manifest = parse_good(data("one.json"), no_lookups());
    EXPECT_EQ(manifest.version, Version::one);
    EXPECT_THAT(names_of(manifest), ElementsAre("build-build-build", "build-build", "build", "tree", "assembler"));
    EXPECT_EQ(manifest.find("build")->build_name, "build-build");
    EXPECT_EQ(manifest.find("build-build")->build_name, std::nullopt);  // the innermost has no stages
    EXPECT_EQ(manifest.find("build-build")->runner.name, "org.osbuild.linux");
}

TEST(ManifestOfVersionOne, GivesStagesTheirImplicitInputs) {
    const Manifest manifest = parse_good(data("one.json"), no_lookups());
    const Input &packages = manifest.find("build")->stages[0].inputs.at(0);
    EXPECT_EQ(packages.name, "packages");
    EXPECT_EQ(packages.type, "org.osbuild.files");
    ASSERT_EQ(packages.references.size(), 3U);  // one comes twice
    EXPECT_EQ(packages.references[1].options, Json::parse(R"({"metadata": {"rpm.check_gpg": true}})"));
    EXPECT_EQ(packages.references[2].options, Json::object());
    const Input &commits = manifest.find("tree")->stages[1].inputs.at(0);
    EXPECT_EQ(commits.type, "org.osbuild.ostree");
    EXPECT_EQ(commits.references.at(0).options, Json::parse(R"({"ref": "fedora/x86_64"})"));
}

TEST(ManifestOfVersionOne, TheAssemblerReadsTheTree) {
    const Manifest manifest = parse_good(data("one.json"), no_lookups());
    const Pipeline &assembler = *manifest.find("assembler");
    ASSERT_EQ(assembler.stages.size(), 1U);
    EXPECT_EQ(assembler.stages[0].module_class, ModuleClass::assembler);
    EXPECT_EQ(assembler.stages[0].base, std::nullopt);
    EXPECT_EQ(assembler.build_name, "build");
    EXPECT_THAT(assembler.dependencies(), ElementsAre("build", "tree"));
    EXPECT_EQ(assembler.stages[0].inputs.at(0).references.at(0).id, manifest.find("tree")->id());
}

TEST(ManifestOfVersionOne, KnowsSourcesByTheirOldNames) {
    const Manifest manifest = parse_good(data("one.json"), no_lookups());
    ASSERT_EQ(manifest.sources.size(), 3U);
    EXPECT_EQ(manifest.sources[0].type, "org.osbuild.curl");
    EXPECT_TRUE(manifest.sources[0].items.contains("sha256:bb"));
    EXPECT_TRUE(manifest.sources[0].options.contains("urls"));
}

}  // namespace
}  // namespace osb::manifest
