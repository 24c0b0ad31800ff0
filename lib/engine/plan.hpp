// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/manifest/manifest.hpp"

namespace osb::engine {

/// What the user asked a run for.
struct Request {
    std::vector<std::string> exports = {};      ///< pipeline names or ids
    std::vector<std::string> checkpoints = {};  ///< shell patterns, tried on pipeline names, stage types and stage ids
};

/// Whether a stage runs, and if not, why not.
enum class Action {
    run,      ///< it runs
    held,     ///< the store holds its tree
    covered,  ///< the store holds the tree of a later stage of the pipeline
    unneeded  ///< nothing that was asked for needs its pipeline
};

struct PlannedStage {
    const manifest::Stage *stage = nullptr;
    std::string key;  ///< what its tree is stored under: the id and all that the id leaves out
    Action action = Action::unneeded;
    std::vector<std::string> commit = {};  ///< the reasons to commit after it; empty: not committed
};

struct PlannedPipeline {
    const manifest::Pipeline *pipeline = nullptr;
    std::vector<PlannedStage> stages = {};
    std::vector<std::string> reasons = {};  ///< who needs it; empty: nobody
    std::optional<size_t> build = {};       ///< the pipeline whose tree is the build tree; none: the host's /usr
    std::optional<std::string> base = {};   ///< the key its first running stage starts from; none: an empty tree
    std::vector<size_t> after = {};         ///< pipelines that must be done before this one begins

    /// The key of its tree; none when it has no stages.
    std::optional<std::string> key() const;
    size_t stages_to_run() const;
    size_t stages_skipped() const { return stages.size() - stages_to_run(); }
};

/// What would run, from which base, what would be committed, and why. A value that touches nothing.
struct Plan {
    std::vector<PlannedPipeline> pipelines;  ///< in the manifest's order: what one needs stands before it
    std::vector<size_t> exports;             ///< indexes of what is exported, in the order asked for

    size_t stages_to_run() const;
    /// Checksums of the source items that the running stages refer to, each once, in order.
    std::vector<std::string> sources() const;
};

/// The two questions planning asks.
struct PlanQuestions {
    /// Does the store hold a tree under this key?
    std::function<bool(const std::string &key)> holds;
    /// What of the module and its surroundings the stage's id leaves out but its result may depend on: the module's
    /// digest, the runner's, the host's when it is the build tree.
    std::function<std::string(const manifest::Pipeline &, const manifest::Stage &)> surroundings;
};

/// Throws (Blame::usage) for an export that names no pipeline and for checkpoint patterns of which none matches.
/// Without exports, the pipelines with checkpoints are built; without these, every pipeline that no other one uses.
Plan make_plan(const manifest::Manifest &manifest, const Request &request, const PlanQuestions &questions);

}  // namespace osb::engine
