// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/stage_run.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/statvfs.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/temp_dir.hpp"
#include "lib/engine/api_socket.hpp"
#include "lib/engine/output_log.hpp"

namespace osb::engine {
namespace {

using manifest::ModuleClass;
using sandbox::Access;

/// The host's side of what a stage sees below /run/osbuild and on /var; gone with the stage.
class StageRoom {
public:
    explicit StageRoom(store::ObjectStore &store) : directory_(store.scratch("stage")) {
        for (const char *name : {"var", "inputs", "mounts", "api"}) std::filesystem::create_directory(path(name));
        write_file(path("meta"), "", 0600);
    }

    std::filesystem::path path(std::string_view name) const { return directory_.path() / name; }

private:
    TempDir directory_;
};

Json arguments_of(const manifest::Stage &stage, Json inputs) {
    Json meta = {{"id", stage.id}};
    if (stage.source_epoch) meta["source-epoch"] = *stage.source_epoch;
    return {{"tree", "/run/osbuild/tree"},
            {"paths", {{"devices", "/dev"}, {"inputs", "/run/osbuild/inputs"}, {"mounts", "/run/osbuild/mounts"}}},
            {"devices", Json::object()},
            {"inputs", std::move(inputs)},
            {"mounts", Json::object()},
            {"options", stage.options},
            {"meta", std::move(meta)}};
}

std::vector<std::string> capabilities_of(const Module &module) {
    std::vector<std::string> capabilities = sandbox::default_capabilities();
    for (const std::string &more : module.info.capabilities) capabilities.push_back(more);
    return capabilities;
}

/// What osbuild's own modules need besides: their runner, and the Python package they import.
void add_runner(sandbox::Spec &spec, const Module &module, const manifest::Pipeline &pipeline,
                const ModuleLibrary &modules) {
    const std::string wanted = pipeline.runner.name.empty() ? ModuleLibrary::host_runner_name() : pipeline.runner.name;
    const auto runner = modules.find_runner(wanted);
    if (!runner)
        fail(Blame::environment, "module {}: there is no runner for {} in the library directories", module.info.name,
             wanted);
    const std::string target = "/run/osbuild/runner/" + runner->name;
    spec.binds.push_back({.source = std::filesystem::canonical(runner->program), .target = target});
    spec.binds.push_back({.source = module.libdir, .target = "/run/osbuild/lib"});
    spec.argv.insert(spec.argv.begin(), target);
}

sandbox::Spec spec_of(const StageTask &task, const StageServices &services, const Module &module,
                      const StageRoom &room) {
    sandbox::Spec spec;
    if (task.build_tree != nullptr)
        spec.root = sandbox::BuildTree{task.build_tree->path()};
    else
        spec.root = sandbox::HostUsr{};
    const char *term = std::getenv("TERM");
    spec.env = sandbox::stage_environment(term != nullptr ? term : "", task.stage.source_epoch);
    spec.capabilities = capabilities_of(module);
    spec.var = room.path("var");
    spec.timeout = services.timeout;
    const std::string program = "/run/osbuild/bin/" + task.stage.type;
    spec.binds = {{.source = task.tree, .target = "/run/osbuild/tree", .access = Access::read_write},
                  {.source = room.path("meta"), .target = "/run/osbuild/meta", .access = Access::read_write},
                  {.source = room.path("mounts"), .target = "/run/osbuild/mounts", .access = Access::read_write},
                  {.source = room.path("inputs"), .target = "/run/osbuild/inputs"},
                  {.source = room.path("api/arguments"), .target = "/run/osbuild/api/arguments"},
                  {.source = std::filesystem::canonical(module.program), .target = program}};
    spec.argv = {program};
    return spec;
}

/// Keeps the whole output of a failed stage where its sentence says it is: STORE/logs, one file a stage.
std::filesystem::path keep_log(const std::filesystem::path &log, const store::ObjectStore &store,
                               const manifest::Stage &stage) {
    const auto folder = store.root() / "logs";
    std::filesystem::create_directories(folder);
    const auto kept = folder / (stage.id + ".log");
    std::filesystem::rename(log, kept);
    return kept;
}

/// A stage only says "No space left on device" to whoever reads its output; the numbers say it better.
bool out_of_space(const store::Room &room, const OutputLog &log) {
    constexpr std::uint64_t nothing = std::uint64_t{1} << 20;
    constexpr std::uint64_t little = std::uint64_t{1} << 30;
    if (room.bytes < nothing || room.files == 0) return true;
    // A tool that met a full disk may have removed again what it wrote; but the words alone may mean another disk.
    return room.bytes < little && log.text().find("No space left on device") != std::string::npos;
}

void judge(StageResult &result, const sandbox::Outcome &outcome, const OutputLog &log, const StageServices &services) {
    result.success = outcome.success();
    if (result.success) return;
    if (outcome.timed_out) {
        result.blame = Blame::timeout;
        result.cause =
            format("timeout after {} s", std::chrono::duration_cast<std::chrono::seconds>(*services.timeout).count());
    } else if (!outcome.start_error.empty()) {
        result.cause = outcome.start_error;
    } else {
        result.cause = outcome.status.text();
    }
    const store::Room room = services.store.room();
    if (result.blame == Blame::build && out_of_space(room, log)) {
        result.blame = Blame::environment;
        result.cause += format("; no space left in the store ({} free{})", human_size(room.bytes),
                               room.files == 0 ? ", but no inode" : "");
    }
}

Json read_metadata(const std::filesystem::path &file) {
    const std::string text = read_file(file, size_t{16} << 20);
    if (text.empty()) return nullptr;
    return in_context([&] { return parse_json(text); }, "metadata of the stage");
}

}  // namespace

StageResult run_stage(const StageTask &task, const StageServices &services) {
    const manifest::Stage &stage = task.stage;
    const Module *module = services.modules.find(stage.module_class, stage.type);
    if (module == nullptr || module->program.empty())
        fail(Blame::environment, "module {}: it is not installed", stage.type);
    if (!stage.devices.empty())
        fail(Blame::environment, "device {}: devices are not supported yet", stage.devices.front().name);
    if (!stage.mounts.empty())
        fail(Blame::environment, "mount {}: mounts are not supported yet", stage.mounts.front().name);

    const StageRoom room(services.store);
    const InputPlaces places{
        .directory = room.path("inputs"), .sources = services.store.sources(), .tree_of = services.tree_of};
    std::vector<MappedInput> inputs;
    Json input_replies = Json::object();
    for (const manifest::Input &input : stage.inputs) {
        inputs.push_back(map_input(input, places));
        input_replies[input.name] = inputs.back().reply;
    }
    write_file(room.path("api/arguments"), to_text(arguments_of(stage, std::move(input_replies)), python_style));

    sandbox::Spec spec = spec_of(task, services, *module, room);
    for (const MappedInput &input : inputs) spec.binds.insert(spec.binds.end(), input.binds.begin(), input.binds.end());
    std::unique_ptr<ApiSocket> api;
    if (!module->native) {
        add_runner(spec, *module, task.pipeline, services.modules);
        api = std::make_unique<ApiSocket>(room.path("api/osbuild"));
        spec.binds.push_back(
            {.source = room.path("api/osbuild"), .target = "/run/osbuild/api/osbuild", .access = Access::read_write});
    }

    const auto log_path = room.path("output.log");
    OutputLog log(
        open_file(log_path, O_WRONLY | O_CREAT | O_EXCL, 0644), log_path.native(),
        [&](std::string_view bytes) { services.monitor.stage_output(task.pipeline.name, stage.type, bytes); });
    const sandbox::Outcome outcome = services.sandbox.run(spec, log, services.stop);

    StageResult result{.type = stage.type, .id = stage.id};
    judge(result, outcome, log, services);
    if (api) {
        if (auto exception = api->finish()) result.error = std::move(*exception);
    }
    result.output = log.text();
    if (result.success) {
        result.metadata = read_metadata(room.path("meta"));
    } else {
        result.last_lines = log.last_lines(10);
        result.log = keep_log(log_path, services.store, stage);
    }
    return result;
}

}  // namespace osb::engine
