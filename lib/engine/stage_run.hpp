// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "lib/base/json.hpp"
#include "lib/base/stop.hpp"
#include "lib/engine/inputs.hpp"
#include "lib/engine/module_library.hpp"
#include "lib/engine/monitor.hpp"
#include "lib/manifest/manifest.hpp"
#include "lib/sandbox/sandbox.hpp"
#include "lib/store/object_store.hpp"

namespace osb::engine {

/// What a stage left to say. A stage that says no is a result, not an Error.
struct StageResult {
    std::string type;
    std::string id;
    bool success = false;
    Blame blame = Blame::build;  ///< of a failure: build, timeout, or environment when there was no space left
    std::string cause = {};      ///< of a failure: "exit code 3", "timeout after 5 s", …
    std::string output = {};     ///< what it printed, its end if that was long
    std::string last_lines = {};
    std::filesystem::path log = {};  ///< of a failure: the whole output
    Json error = nullptr;            ///< the exception it reported, or null
    Json metadata = nullptr;         ///< what it wrote to /run/osbuild/meta, or null
};

/// What every stage of a run is given.
struct StageServices {
    store::ObjectStore &store;
    sandbox::Sandbox &sandbox;
    const ModuleLibrary &modules;
    Monitor &monitor;
    const Stop &stop;
    std::function<store::Object(const std::string &pipeline)> tree_of;
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;
};

/// One stage and where it runs.
struct StageTask {
    const manifest::Pipeline &pipeline;
    const manifest::Stage &stage;
    const store::Reader *build_tree = nullptr;  ///< none: the host's /usr
    std::filesystem::path tree;                 ///< what it changes: a Writer's path
};

/// Runs one stage to its end in a sandbox: its inputs, arguments, API socket, runner if its module needs one. Throws
/// Error for what is not the stage's doing (no such module, sandbox impossible, input missing), Interrupted after a
/// stop.
StageResult run_stage(const StageTask &task, const StageServices &services);

}  // namespace osb::engine
