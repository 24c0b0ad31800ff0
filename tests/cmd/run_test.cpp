// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "lib/base/dir.hpp"
#include "lib/base/json.hpp"
#include "tests/cmd/program.hpp"

namespace osb {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A place for one test: a store, and a library directory with modules that the test writes as shell scripts. They are
/// not native, so they go the whole way: runner, arguments, API socket, the host's /usr as build tree.
class Run : public testing::Test {
protected:
    void SetUp() override {
        OSB_NEEDS(test::is_privileged(), "root");
        std::filesystem::create_directories(lib() / "runners");
        std::filesystem::create_directories(lib() / "stages");
        std::filesystem::create_directories(lib() / "osbuild");
        program(lib() / "runners/org.osbuild.test1", "exec \"$@\"\n");
    }

    static void program(const std::filesystem::path &path, const std::string &body) {
        write_file(path, "#!/bin/sh\n" + body, 0755);
    }

    /// A stage module org.test.NAME with this code.
    void stage(const std::string &name, const std::string &body) {
        program(lib() / "stages" / ("org.test." + name), body);
        write_file(lib() / "stages" / ("org.test." + name + ".meta.json"),
                   R"({"summary": "a test", "description": ["a test"], "schema": {"additionalProperties": true}})");
    }

    std::filesystem::path lib() const { return scratch_ / "lib"; }
    std::filesystem::path store() const { return scratch_ / "store"; }

    std::filesystem::path manifest(const std::string &pipelines, const std::string &name = "manifest.json") {
        write_file(scratch_ / name, R"({"version": "2", "pipelines": [)" + pipelines + "]}");
        return scratch_ / name;
    }

    /// One pipeline "os", run by the test runner.
    std::filesystem::path os_of(const std::string &stages) {
        return manifest(R"({"name": "os", "stages": [)" + stages + "]}");
    }

    std::vector<std::string> arguments(const std::filesystem::path &manifest,
                                       const std::vector<std::string> &more) const {
        std::vector<std::string> list{"run", manifest, "--store", store(), "--libdir", lib(), "--progress", "plain"};
        list.insert(list.end(), more.begin(), more.end());
        return list;
    }

    Captured run(const std::filesystem::path &manifest, const std::vector<std::string> &more = {}) {
        return test::run_osb(arguments(manifest, more));
    }

    /// Runs with --json and returns the record; the exit code must be `code`.
    Json result(const std::filesystem::path &manifest, std::vector<std::string> more = {}, int code = 0) {
        more.emplace_back("--json");
        const Captured captured = run(manifest, more);
        EXPECT_EQ(captured.status, (ExitStatus{.code = code})) << captured.err;
        EXPECT_FALSE(captured.out.empty());
        return captured.out.empty() ? Json() : parse_json(captured.out);
    }

    void expect_store_at_rest() { EXPECT_EQ(test::trouble_in_store(store()), ""); }

    size_t refs() const { return Dir::open(store() / "refs").names().size(); }

    test::Scratch scratch_;
};

/// The runner belongs to this host's release; every host finds this one by its link.
class RunForeign : public Run {
protected:
    void SetUp() override {
        Run::SetUp();
        if (IsSkipped()) return;
        std::filesystem::create_symlink("org.osbuild.test1", lib() / "runners" / host_runner());
    }
    static std::string host_runner() {
        return test::run({"sh", "-c", ". /etc/os-release; printf 'org.osbuild.%s' \"${ID:-linux}\""});
    }
};

constexpr const char *mkdir_a = R"({"type": "org.osbuild.mkdir", "options": {"paths": [{"path": "/a", "mode": 448}]}})";

TEST_F(Run, ExportsTheTreeOfAPipelineAsDirectory) {
    const Captured captured = run(os_of(mkdir_a), {"--export", "os=dir:" + (scratch_ / "out").native()});
    ASSERT_TRUE(captured.status.success()) << captured.err;
    struct stat status {};
    ASSERT_EQ(::stat((scratch_ / "out/a").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    expect_store_at_rest();
}

TEST_F(Run, TakesABareNameWithAnOutputDirectory) {
    const Captured captured = run(os_of(mkdir_a), {"--export", "os", "--output-directory", scratch_ / "out"});
    ASSERT_TRUE(captured.status.success()) << captured.err;
    EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "out/os/a"));
}

TEST_F(Run, CommitsNothingThatNobodyAskedFor) {
    ASSERT_TRUE(run(os_of(mkdir_a)).status.success());
    EXPECT_EQ(refs(), 0U);
    expect_store_at_rest();
}

TEST_F(Run, CommitsAtCheckpointsAndResumesFromThem) {
    const auto text =
        os_of(std::string(mkdir_a) + R"(, {"type": "org.osbuild.mkdir", "options": {"paths": [{"path": "/b"}]}})");
    ASSERT_TRUE(run(text, {"--checkpoint", "org.osbuild.mkdir"}).status.success());
    EXPECT_EQ(refs(), 2U);
    const auto longer =
        os_of(std::string(mkdir_a) + R"(, {"type": "org.osbuild.mkdir", "options": {"paths": [{"path": "/b"}]}}, )" +
              R"({"type": "org.osbuild.mkdir", "options": {"paths": [{"path": "/c"}]}})");
    const Json record = result(longer, {"--export", "os=dir:" + (scratch_ / "out").native()});
    EXPECT_EQ(record["log"]["os"].size(), 1U);
    EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "out/a"));
    EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "out/c"));
    expect_store_at_rest();
}

TEST_F(Run, RunsNoStageWhenTheStoreHoldsTheTree) {
    const auto text = os_of(mkdir_a);
    result(text, {"--export", "os=tar:" + (scratch_ / "1.tar").native()});
    // A runtime that cannot run shows that none is asked for.
    const Json record =
        result(text, {"--export", "os=tar:" + (scratch_ / "2.tar").native(), "--runtime", "/nonexistent"});
    EXPECT_EQ(record["log"], Json::object());
    EXPECT_EQ(read_file(scratch_ / "1.tar"), read_file(scratch_ / "2.tar"));
}

TEST_F(Run, GivesTheSameImageFromTwoEmptyStores) {
    const auto text =
        manifest(R"({"name": "os", "source-epoch": 1700000000, "stages": [)" + std::string(mkdir_a) + "]}");
    std::vector<Json> digests;
    for (const char *name : {"one", "two"}) {
        const Json record = result(text, {"--store", scratch_ / name, "--export",
                                          "os=oci-archive:" + (scratch_ / name).native() + ".oci:latest", "--config",
                                          "entrypoint=/bin/sh", "--config", "label=a=b"});
        digests.push_back(record["exports"][0]["digest"]);
    }
    EXPECT_EQ(digests[0], digests[1]);
    EXPECT_EQ(read_file(scratch_ / "one.oci"), read_file(scratch_ / "two.oci"));
}

TEST_F(Run, ResultsGoToStandardOutputAndAllElseToStandardError) {
    const Captured captured = run(os_of(mkdir_a), {"--export", "os=tar:" + (scratch_ / "os.tar").native()});
    EXPECT_THAT(captured.out, testing::MatchesRegex("os: tar:[^ ]+/os.tar sha256:[0-9a-f]+ [0-9.]+ k?B\n"));
    EXPECT_THAT(captured.err, HasSubstr("org.osbuild.mkdir"));
    EXPECT_THAT(captured.err, Not(HasSubstr("sha256:")));
}

TEST_F(Run, QuietSaysNothing) {
    const Captured captured = run(os_of(mkdir_a), {"-q"});
    EXPECT_TRUE(captured.status.success());
    EXPECT_EQ(captured.out + captured.err, "");
}

TEST_F(Run, JsonProgressIsOneRecordALine) {
    const Captured captured = run(os_of(mkdir_a), {"--progress", "json"});
    std::vector<std::string> events;
    for (size_t start = 0, end = 0; (end = captured.err.find('\n', start)) != std::string::npos; start = end + 1)
        events.push_back(parse_json(std::string_view(captured.err).substr(start, end - start))["event"]);
    EXPECT_THAT(events,
                testing::ElementsAre("planned", "pipeline_begins", "stage_begins", "stage_ends", "pipeline_ends"));
}

TEST_F(Run, PipelinesReadTheTreesOfOthers) {
    const auto text = manifest(R"({"name": "first", "stages": [)" + std::string(mkdir_a) + R"(]},
      {"name": "second", "stages": [{"type": "org.osbuild.copy",
        "inputs": {"t": {"type": "org.osbuild.tree", "origin": "org.osbuild.pipeline", "references": ["name:first"]}},
        "options": {"paths": [{"from": "input://t/a", "to": "tree:///copied"}]}}]})");
    const Captured captured = run(text, {"--export", "second=dir:" + (scratch_ / "out").native()});
    ASSERT_TRUE(captured.status.success()) << captured.err;
    EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "out/copied"));
    EXPECT_EQ(refs(), 2U);
    expect_store_at_rest();
}

TEST_F(RunForeign, AModuleGetsItsArgumentsAndGivesMetadata) {
    stage("talk",
          "cat /run/osbuild/api/arguments > /run/osbuild/tree/arguments\n"
          "env > /run/osbuild/tree/env\n"
          "printf '{\"answer\": 42}' > /run/osbuild/meta\n"
          "echo out; echo err >&2\n");
    const auto text = manifest(
        R"({"name": "os", "source-epoch": 12, "stages": [{"type": "org.test.talk", "options": {"x": [1, null]}}]})");
    const Json record = result(text, {"--export", "os=dir:" + (scratch_ / "out").native()});
    const Json told = parse_json(read_file(scratch_ / "out/arguments"));
    EXPECT_EQ(told["tree"], "/run/osbuild/tree");
    EXPECT_EQ(told["options"], parse_json(R"({"x": [1, null]})"));
    EXPECT_EQ(told["meta"]["source-epoch"], 12);
    EXPECT_EQ(told["meta"]["id"], record["log"]["os"][0]["id"]);
    EXPECT_EQ(told["paths"]["inputs"], "/run/osbuild/inputs");
    EXPECT_EQ(record["metadata"]["os"]["org.test.talk"]["answer"], 42);
    EXPECT_EQ(record["log"]["os"][0]["output"], "out\nerr\n");
    EXPECT_THAT(read_file(scratch_ / "out/env"), HasSubstr("SOURCE_DATE_EPOCH=12\n"));
    EXPECT_THAT(read_file(scratch_ / "out/env"), Not(HasSubstr("HOME=")));
    // The metadata comes from the store when no stage runs.
    const Json again = result(text, {"--export", "os=tar:" + (scratch_ / "os.tar").native()});
    EXPECT_EQ(again["metadata"]["os"]["org.test.talk"]["answer"], 42);
}

TEST_F(RunForeign, AFailureNamesTheStageItsLastLinesTheCauseAndTheLog) {
    stage("fail", "for i in $(seq 40); do echo line $i; done; exit 3\n");
    const Captured captured = run(os_of(R"({"type": "org.test.fail"})"), {"-q"});
    EXPECT_EQ(captured.status.code, 1);
    EXPECT_THAT(captured.err, HasSubstr("osb: error: stage org.test.fail in pipeline os: exit code 3\n"));
    EXPECT_THAT(captured.err, HasSubstr("line 31\n"));
    EXPECT_THAT(captured.err, HasSubstr("line 40\n"));
    EXPECT_THAT(captured.err, Not(HasSubstr("line 30\n")));
    const std::string_view before = "whole output is in ";
    const size_t at = captured.err.find(before) + before.size();
    EXPECT_THAT(read_file(captured.err.substr(at, captured.err.find('\n', at) - at)), HasSubstr("line 1\n"));
    expect_store_at_rest();
}

TEST_F(RunForeign, AFailureIsARecordToo) {
    stage("fail", "printf 'caf\\303'; exit 3\n");
    const Json record = result(os_of(R"({"type": "org.test.fail"})"), {}, 1);
    EXPECT_EQ(record["success"], false);
    EXPECT_EQ(record["error"]["class"], "build");
    EXPECT_EQ(record["error"]["type"], "org.osbuild.error.stage");
    EXPECT_EQ(record["error"]["details"]["stage"]["output"], "caf\xEF\xBF\xBD");
    EXPECT_EQ(record["log"]["os"][0]["success"], false);
}

TEST_F(RunForeign, AStageThatTakesTooLongIsEnded) {
    stage("slow", "echo begun; sleep 100\n");
    const Captured captured = run(os_of(R"({"type": "org.test.slow"})"), {"-q", "--stage-timeout", "1"});
    EXPECT_EQ(captured.status.code, 124);
    EXPECT_THAT(captured.err, HasSubstr("osb: error: stage org.test.slow in pipeline os: timeout after 1 s\n"));
    expect_store_at_rest();
}

TEST_F(RunForeign, AnExceptionOnTheApiSocketComesIntoTheResult) {
    OSB_NEEDS(std::filesystem::exists("/usr/bin/python3"), "/usr/bin/python3");
    write_file(lib() / "stages/org.test.raise", R"(#!/usr/bin/python3
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect("/run/osbuild/api/osbuild")
s.send(json.dumps({"method": "exception", "exception": {"type": "ValueError", "value": "no", "traceback": "t"}}).encode())
sys.exit(2)
)",
               0755);
    write_file(lib() / "stages/org.test.raise.meta.json",
               R"({"summary": "a test", "description": ["a test"], "schema": {}})");
    const Json record = result(os_of(R"({"type": "org.test.raise"})"), {}, 1);
    EXPECT_EQ(record["error"]["details"]["stage"]["error"]["data"]["type"], "ValueError");
}

TEST_F(RunForeign, AnotherModuleCodeIsAnotherTree) {
    stage("write", "echo one > /run/osbuild/tree/file\n");
    const auto text = os_of(R"({"type": "org.test.write"})");
    const Json first = result(text, {"--export", "os=dir:" + (scratch_ / "1").native()});
    stage("write", "echo two > /run/osbuild/tree/file\n");
    const Json second = result(text, {"--export", "os=dir:" + (scratch_ / "2").native()});
    EXPECT_EQ(first["log"]["os"][0]["id"], second["log"]["os"][0]["id"]);
    EXPECT_EQ(read_file(scratch_ / "2/file"), "two\n");
}

TEST_F(RunForeign, IndependentPipelinesRunAtTheSameTime) {
    stage("wait", "sleep 1\n");
    const auto text = manifest(R"({"name": "a", "stages": [{"type": "org.test.wait", "options": {"n": 1}}]},
                                  {"name": "b", "stages": [{"type": "org.test.wait", "options": {"n": 2}}]})");
    const Captured captured = run(text, {"-j", "2"});
    ASSERT_TRUE(captured.status.success()) << captured.err;
    const size_t second_begins = captured.err.rfind("(", captured.err.rfind("): 1 stages"));
    const size_t first_done = captured.err.find("done after");
    EXPECT_LT(second_begins, first_done) << captured.err;
}

/// A run that is under way, in a process of its own.
class Killed : public RunForeign {
protected:
    /// Starts a run whose stage never ends, and waits until the stage runs.
    Process start() {
        stage("hang", "echo $$ > /run/osbuild/tree/started; sleep 1000.25 & sleep 1000.25\n");
        std::vector<std::string> argv = arguments(os_of(R"({"type": "org.test.hang"})"), {"-q"});
        argv.insert(argv.begin(), test::osb_program());
        const Fd null = open_file("/dev/null", O_WRONLY);
        Process process = Process::spawn({.argv = argv, .out = null.get(), .err = null.get()});
        for (int i = 0; i < 400 && sleepers() < 2; i++) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_EQ(sleepers(), 2U);
        return process;
    }

    static size_t sleepers() {
        const Captured captured = run_captured({.argv = {"pgrep", "-fxc", "sleep 1000.25"}});
        return std::stoul(captured.out);
    }

    static bool all_gone_soon() {
        for (int i = 0; i < 40; i++) {
            if (sleepers() == 0) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        }
        return false;
    }
};

TEST_F(Killed, CtrlCEndsEverythingAndLeavesAStoreAtRest) {
    Process process = start();
    process.kill(SIGINT);
    EXPECT_EQ(process.wait(), (ExitStatus{.code = 130}));
    EXPECT_TRUE(all_gone_soon());
    expect_store_at_rest();
}

TEST_F(Killed, SigtermDoesTheSame) {
    Process process = start();
    process.kill(SIGTERM);
    EXPECT_EQ(process.wait(), (ExitStatus{.code = 143}));
    EXPECT_TRUE(all_gone_soon());
    expect_store_at_rest();
}

TEST_F(Killed, SigkillLeavesNoProcessAndTheNextRunNoLitter) {
    Process process = start();
    process.kill(SIGKILL);
    EXPECT_EQ(process.wait(), (ExitStatus{.code = 0, .signal = SIGKILL}));
    EXPECT_TRUE(all_gone_soon());
    EXPECT_FALSE(std::filesystem::is_empty(store() / "tmp"));
    ASSERT_TRUE(run(os_of(mkdir_a)).status.success());
    expect_store_at_rest();
}

TEST_F(Run, TwoOfTheSameAtTheSameTimeBothEndWell) {
    const auto text = os_of(mkdir_a);
    std::vector<Process> both;
    for (const char *name : {"1", "2"}) {
        std::vector<std::string> argv = arguments(text, {"-q", "--export", "os=dir:" + (scratch_ / name).native()});
        argv.insert(argv.begin(), test::osb_program());
        both.push_back(Process::spawn({.argv = argv}));
    }
    for (Process &process : both) EXPECT_EQ(process.wait(), ExitStatus{});
    EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "1/a"));
    EXPECT_TRUE(std::filesystem::is_directory(scratch_ / "2/a"));
    EXPECT_EQ(refs(), 1U);
    expect_store_at_rest();
}

}  // namespace
}  // namespace osb
