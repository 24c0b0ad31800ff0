// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/base/stop.hpp"
#include "lib/engine/module_library.hpp"
#include "lib/engine/monitor.hpp"
#include "lib/engine/plan.hpp"
#include "lib/engine/stage_run.hpp"
#include "lib/sandbox/sandbox.hpp"
#include "lib/store/object_store.hpp"

namespace osb::engine {

struct BuildOptions {
    unsigned jobs = 1;  ///< pipelines at a time
    std::optional<std::chrono::milliseconds> stage_timeout = std::nullopt;
};

/// What became of one pipeline that had stages to run.
struct PipelineResult {
    std::string name;
    std::vector<StageResult> stages;  ///< those that ran, the failed one last
    bool success = false;
};

/// A stage that said no, or an Error in a pipeline.
struct Failure {
    std::string sentence;
    Blame blame = Blame::build;
    std::string pipeline = {};
    std::optional<StageResult> stage = std::nullopt;
};

struct BuildResult {
    std::vector<PipelineResult> pipelines;  ///< in the plan's order
    std::optional<Failure> failure;         ///< the first one; none: all went well
};

/// Runs what the plan says: pipelines that do not depend on each other at the same time, each stage by stage on one
/// Object, committing where the plan has a reason. After a failure nothing new begins and what runs is stopped. Throws
/// Interrupted when `stop` was requested.
BuildResult build(const Plan &plan, store::ObjectStore &store, sandbox::Sandbox &sandbox, const ModuleLibrary &modules,
                  const BuildOptions &options, Monitor &monitor, const Stop &stop);

/// The metadata of the stages behind a key: {stage type: what it reported}; empty when there is none.
Json stored_metadata(const store::ObjectStore &store, const std::string &key);

}  // namespace osb::engine
