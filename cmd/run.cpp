// SPDX-License-Identifier: Apache-2.0
#include <thread>
#include <unistd.h>

#include "cmd/commands.hpp"
#include "cmd/export.hpp"
#include "cmd/load.hpp"
#include "cmd/output.hpp"
#include "cmd/planning.hpp"
#include "cmd/progress.hpp"
#include "cmd/result.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/base/mount.hpp"
#include "lib/engine/installation.hpp"
#include "lib/engine/reap.hpp"

namespace osb::cmd {
namespace {

void own_mount_namespace() {
    try {
        enter_private_mount_namespace();
    } catch (Error &error) {
        error.prepend("osb run needs root in this version (rootless modes are not there yet)");
        throw;
    }
}

/// What a failed run says on the terminal: the cause, the end of the stage's output, where the rest is.
void tell_failure(const RunReport &report, Progress &progress) {
    if (const auto failed = failed_item(report)) {
        progress.say(format("osb: error: source {}: {}", failed->source->type, failed->item->error));
        return;
    }
    const engine::Failure &failure = *report.build.failure;
    if (failure.stage) {
        if (!failure.stage->last_lines.empty())
            progress.say(format("osb: the last lines of stage {} in pipeline {}:\n{}", failure.stage->type,
                                failure.pipeline, printable(failure.stage->last_lines)));
        if (!failure.stage->error.is_null())
            progress.say("osb: it reported: " + to_text(failure.stage->error, python_style));
        progress.say("osb: its whole output is in " + failure.stage->log.native());
    }
    progress.say("osb: error: " + failure.sentence);
}

Blame blame_of(const RunReport &report) {
    if (const auto failed = failed_item(report)) return failed->item->blame;
    return report.build.failure->blame;
}

bool failed(const RunReport &report) {
    return failed_item(report) || report.build.failure;
}

/// Makes the sandbox only when a stage runs: a cached run needs no runtime.
engine::BuildResult build_all(const RunOptions &options, const engine::Plan &plan, store::ObjectStore &store,
                              const engine::ModuleLibrary &modules, Progress &progress, const Stop &stop) {
    if (plan.stages_to_run() == 0) return {};
    const TempDir state = store.scratch(engine::sandbox_prefix);
    sandbox::Sandbox sandbox({.state = state.path(),
                              .init = engine::Installation::find().init(),
                              .runtime = options.runtime,
                              .cgroups = sandbox::Cgroups::automatic});
    engine::BuildOptions build_options{
        .jobs = options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency()),
        .stage_timeout = options.stage_timeout};
    return engine::build(plan, store, sandbox, modules, build_options, progress.monitor(), stop);
}

RunReport run_in(const RunOptions &options, const manifest::Manifest &manifest, const engine::ModuleLibrary &modules,
                 store::ObjectStore &store, Progress &progress, const Stop &stop) {
    const engine::Plan plan = plan_with_store(manifest, options, modules, store);
    const std::vector<Export> exports = prepare_exports(options, plan);
    const std::vector<std::string> sources = plan.sources();
    size_t pipelines = 0;
    for (const auto &planned : plan.pipelines) pipelines += planned.stages_to_run() > 0 ? 1 : 0;
    progress.monitor().planned(sources.size(), pipelines, plan.stages_to_run());

    RunReport report;
    report.sources = engine::fetch_sources(manifest, sources, store, options.offline, progress.monitor(), stop);
    if (failed(report)) return report;
    report.build = build_all(options, plan, store, modules, progress, stop);
    if (failed(report)) return report;
    for (const auto &planned : plan.pipelines) {
        const Json metadata = planned.key() ? engine::stored_metadata(store, *planned.key()) : Json::object();
        if (!metadata.empty()) report.metadata[planned.pipeline->name] = metadata;
    }
    for (const Export &what : exports)
        report.exports.push_back(export_tree(what, plan, store, progress.monitor(), stop));
    return report;
}

void tell_success(const RunOptions &options, const RunReport &report) {
    if (options.json) return;
    for (const Exported &exported : report.exports) {
        if (exported.digest.empty())
            print_line(format("{}: {}", exported.pipeline, exported.target));
        else
            print_line(format("{}: {} {} {}", exported.pipeline, exported.target, exported.digest,
                              human_size(exported.bytes)));
    }
}

}  // namespace

int run(const RunOptions &options, Stop &stop) {
    own_mount_namespace();  // before anything starts a thread
    const engine::ModuleLibrary modules = open_modules(options);
    const auto manifest = load_manifest(options, modules);
    if (!manifest) return static_cast<int>(Blame::usage);

    store::ObjectStore store(options.store.empty() ? default_store() : options.store, {.reap = engine::reap_run});
    RunReport report;
    {
        Progress progress(options.progress);
        report = run_in(options, *manifest, modules, store, progress, stop);
        progress.finish();
        if (failed(report)) tell_failure(report, progress);
    }
    store.close();
    if (options.json) print_line(to_text(result_record(report), python_style));
    if (failed(report)) return static_cast<int>(blame_of(report));
    tell_success(options, report);
    return 0;
}

}  // namespace osb::cmd
