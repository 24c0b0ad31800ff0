// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <map>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "cmd/commands.hpp"
#include "cmd/output.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/spdlog_target.hpp"

namespace {

using namespace osb;

Stop *stop_of_signals = nullptr;

/// The first Ctrl-C or SIGTERM ends the run in good order; the second one ends the process.
void on_signal(int number) {
    if (stop_of_signals->requested()) ::_exit(128 + number);
    stop_of_signals->request(number);
}

void hear_signals(Stop &stop) {
    stop_of_signals = &stop;
    struct sigaction action {};
    action.sa_handler = on_signal;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(number, &action, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
}

const std::map<std::string, cmd::ProgressStyle> progress_styles{{"auto", cmd::ProgressStyle::automatic},
                                                                {"plain", cmd::ProgressStyle::plain},
                                                                {"tty", cmd::ProgressStyle::tty},
                                                                {"json", cmd::ProgressStyle::json}};

struct Arguments {
    cmd::RunOptions run;
    cmd::InspectOptions inspect;
    cmd::ResolveOptions resolve;
    bool quiet = false;
    int verbose = 0;
    std::string progress = "auto";
    std::string stage_timeout;
};

void add_manifest_options(CLI::App &command, cmd::ManifestOptions &options) {
    command.add_option("MANIFEST", options.manifest, "The manifest, version 1 or 2; - for standard input")->required();
    command
        .add_option("--export", options.exports,
                    "Build this pipeline and bring its tree out of the store: dir:PATH, tar:FILE, "
                    "oci:DIR[:TAG] or oci-archive:FILE[:TAG]")
        ->type_name("PIPELINE=TARGET")
        ->allow_extra_args(false)
        ->take_all();
    command
        .add_option("--checkpoint", options.checkpoints,
                    "Keep the trees after stages or pipelines whose name, type or id matches")
        ->type_name("GLOB")
        ->allow_extra_args(false)
        ->take_all();
    command
        .add_option("--store", options.store,
                    "The object store (default: /var/cache/osb, or osb in the user's cache directory)")
        ->type_name("DIR");
    command
        .add_option("--libdir", options.libdirs,
                    "Where modules are looked for after osb's own (default: /usr/lib/osbuild)")
        ->type_name("DIR")
        ->allow_extra_args(false)
        ->take_all();
    command.add_flag("--json", options.json, "Print the result as one JSON record");
}

CLI::App *add_run(CLI::App &app, Arguments &arguments) {
    cmd::RunOptions &options = arguments.run;
    CLI::App *command = app.add_subcommand("run", "Build what a manifest describes");
    add_manifest_options(*command, options);
    command
        ->add_option("--output-directory", options.output_directory,
                     "Where --export with a bare pipeline name puts its directory")
        ->type_name("DIR");
    command
        ->add_option("--config", options.image_config,
                     "A setting of exported images: entrypoint, cmd, env, label, annotation, user, workdir, port, …")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("-j,--jobs", options.jobs, "Pipelines to build at a time (default: one a CPU)")->type_name("N");
    command
        ->add_option("--stage-timeout", arguments.stage_timeout,
                     "End a stage that runs longer, in seconds or as 15m, 2h")
        ->type_name("S");
    command->add_flag("--offline", options.offline, "Use only sources that are in the store");
    command->add_option("--progress", arguments.progress, "auto, plain, tty or json")
        ->check(CLI::IsMember({"auto", "plain", "tty", "json"}))
        ->type_name("STYLE");
    command->add_option("--runtime", options.runtime, "The OCI runtime: runc, or a program with its command line")
        ->type_name("PROGRAM");
    command->add_flag("-q,--quiet", arguments.quiet, "Show no progress");
    return command;
}

CLI::App *add_inspect(CLI::App &app, Arguments &arguments) {
    CLI::App *command = app.add_subcommand("inspect", "Print a manifest with its ids, or what a run would do");
    add_manifest_options(*command, arguments.inspect);
    command->add_flag("--plan", arguments.inspect.plan,
                      "Print what would run, from which base, what would be committed, and why");
    return command;
}

CLI::App *add_resolve(CLI::App &app, Arguments &arguments) {
    CLI::App *command = app.add_subcommand("resolve", "Turn a short description into a complete manifest");
    command->add_option("FILE", arguments.resolve.description, "The description, JSON or YAML; - for standard input")
        ->required();
    command
        ->add_option("-o,--output", arguments.resolve.output, "Write the manifest here instead of to standard output")
        ->type_name("FILE");
    return command;
}

/// Walking a tree holds a descriptor a level, and a tree may be deeper than the usual soft limit.
void allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == -1) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// CLI11 calls a command that does not exist a missing one.
std::string usage_sentence(const CLI::App &app, int argc, char **argv, const CLI::ParseError &error) {
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (word.starts_with("-")) continue;
        const auto known = app.get_subcommands([&](const CLI::App *command) { return command->get_name() == word; });
        return known.empty() ? "there is no command " + word : error.what();
    }
    return error.what();
}

/// Runs a command and turns what it throws into a sentence and an exit code.
int guarded(const std::function<int()> &command, bool json) {
    try {
        return command();
    } catch (const Interrupted &interrupted) {
        std::fprintf(stderr, "osb: interrupted\n");
        return 128 + interrupted.signal();
    } catch (const Error &error) {
        std::fprintf(stderr, "osb: error: %s\n", error.what());
        if (json) cmd::print_line(to_text(cmd::error_record(error), python_style));
        return static_cast<int>(error.blame());
    } catch (const std::bad_alloc &) {
        std::fprintf(stderr, "osb: error: out of memory\n");
        return static_cast<int>(Blame::environment);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "osb: error: %s\n", error.what());
        return static_cast<int>(Blame::bug);
    }
}

}  // namespace

int main(int argc, char **argv) {
    ::umask(022);
    allow_many_descriptors();
    CLI::App app("Builds operating-system images from manifests.", "osb");
    app.set_version_flag("--version", "osb " OSB_VERSION);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // as other tools have it
    app.require_subcommand(1);
    app.fallthrough();
    Arguments arguments;
    app.add_flag("-v,--verbose", arguments.verbose, "Say more; twice: much more");
    CLI::App *run_command = add_run(app, arguments);
    CLI::App *inspect_command = add_inspect(app, arguments);
    CLI::App *resolve_command = add_resolve(app, arguments);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        std::fprintf(stderr, "osb: error: %s (osb --help tells more)\n",
                     usage_sentence(app, argc, argv, error).c_str());
        return static_cast<int>(Blame::usage);
    }
    log_through_spdlog(arguments.verbose >= 2   ? LogLevel::debug
                       : arguments.verbose == 1 ? LogLevel::info
                                                : LogLevel::warning);

    Stop stop;
    hear_signals(stop);
    const bool json = run_command->parsed() ? arguments.run.json : inspect_command->parsed() && arguments.inspect.json;
    return guarded(
        [&] {
            if (run_command->parsed()) {
                arguments.run.progress =
                    arguments.quiet ? cmd::ProgressStyle::none : progress_styles.at(arguments.progress);
                if (!arguments.stage_timeout.empty())
                    arguments.run.stage_timeout = parse_duration(arguments.stage_timeout);
                return cmd::run(arguments.run, stop);
            }
            if (inspect_command->parsed()) return cmd::inspect(arguments.inspect);
            if (resolve_command->parsed()) return cmd::resolve(arguments.resolve, stop);
            return static_cast<int>(Blame::usage);
        },
        json);
}
