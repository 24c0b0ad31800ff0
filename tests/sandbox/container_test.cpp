// SPDX-License-Identifier: Apache-2.0
// What a stage finds around it and what comes back from it.
#include "lib/sandbox/container.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <thread>

#include <gmock/gmock.h>

#include "lib/base/fd.hpp"
#include "tests/sandbox/support.hpp"

namespace osb::sandbox::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Container : public SandboxTest {
protected:
    void expect_nothing_left() {
        std::vector<std::string> names;
        for (const auto &entry : std::filesystem::directory_iterator(state())) names.push_back(entry.path().filename());
        EXPECT_THAT(names, UnorderedElementsAre("containers", "sandbox.json", "skeletons"));
        EXPECT_TRUE(std::filesystem::is_empty(state() / "containers"));
        EXPECT_THAT(processes_with(state()), ElementsAre());
        const std::string text = read_file(state() / "sandbox.json");
        EXPECT_THAT(cgroups_with(text.substr(text.find("osb-"), 20)), ElementsAre());
    }
};

TEST_F(Container, TellsTheExactExitCode) {
    for (const int code : {0, 1, 2, 42, 125, 127, 137, 255})
        EXPECT_EQ(run(probe({"exit", std::to_string(code)})).status, (ExitStatus{.code = code, .signal = 0}));
}

TEST_F(Container, TellsTheExactSignal) {
    for (const int number : {SIGKILL, SIGSEGV, SIGTERM, SIGABRT}) {
        const Outcome outcome = run(probe({"signal", std::to_string(number)}));
        EXPECT_EQ(outcome.status, (ExitStatus{.code = 0, .signal = number}));
        EXPECT_FALSE(outcome.timed_out);
    }
}

TEST_F(Container, SaysWhenTheProgramCannotBeExecuted) {
    Spec spec = probe({});
    spec.argv = {"/run/nothing"};
    const Outcome missing = run(spec);
    EXPECT_EQ(missing.status, (ExitStatus{.code = 127, .signal = 0}));
    EXPECT_EQ(missing.start_error, "No such file or directory");

    write_file(scratch() / "text", "no program");
    spec.binds = {{.source = scratch() / "text", .target = "/run/text"}};
    spec.argv = {"/run/text"};
    EXPECT_EQ(run(spec).start_error, "Permission denied");
    EXPECT_EQ(run(probe({"exit", "127"})).start_error, "");
}

TEST_F(Container, GivesExactlyTheEnvironmentOfTheContract) {
    ::setenv("OSB_LEAK", "1", 1);
    ::setenv("HTTP_PROXY", "http://proxy", 1);
    Spec spec = probe({"env"});
    spec.env = stage_environment("xterm", 1700000000);
    EXPECT_THAT(lines(output_of(spec)),
                UnorderedElementsAre("container=bwrap-osbuild", "LC_CTYPE=C.UTF-8", "PATH=/usr/sbin:/usr/bin",
                                     "PYTHONPATH=/run/osbuild/lib", "PYTHONUNBUFFERED=1", "TERM=xterm", "PWD=/",
                                     "SOURCE_DATE_EPOCH=1700000000"));
    spec.env = {"HOME=/root", "EMPTY=", "ODD=a b\n\"c\" \xc3\xa9"};
    EXPECT_EQ(output_of(spec), "HOME=/root\nEMPTY=\nODD=a b\n\"c\" \xc3\xa9\n");
    spec.env = {};
    EXPECT_EQ(output_of(spec), "");
    ::unsetenv("OSB_LEAK");
    ::unsetenv("HTTP_PROXY");
}

TEST_F(Container, TermIsDumbUnlessTheCallerHasOne) {
    EXPECT_THAT(stage_environment("", std::nullopt), ::testing::Contains("TERM=dumb"));
}

TEST_F(Container, IsRootInASessionOfItsOwnWithoutGroups) {
    EXPECT_THAT(output_of(probe({"ids"})),
                ::testing::MatchesRegex("pid [0-9]+ session 1 uid 0 gid 0 groups 0 umask 22\n"));
}

TEST_F(Container, HasThreeDescriptorsAndNoMore) {
    const Fd leak = open_file("/", O_RDONLY);
    const Fd kept(::fcntl(leak.get(), F_DUPFD, 50));  // not close-on-exec
    const auto found = lines(output_of(probe({"descriptors"})));
    ASSERT_EQ(found.size(), 3U) << ::testing::PrintToString(found);
    EXPECT_EQ(found[0], "0 /dev/null");
    EXPECT_THAT(found[1], ::testing::StartsWith("1 pipe:"));
    EXPECT_EQ(found[2].substr(2), found[1].substr(2)) << "stdout and stderr are one pipe";
}

TEST_F(Container, KeepsTheOrderOfStdoutAndStderr) {
    EXPECT_EQ(output_of(probe({"print", "1", "error", "2", "print", "3", "error", "4"})), "1234");
}

TEST_F(Container, FakesTheKernelCommandLine) {
    EXPECT_EQ(output_of(probe({"cat", "/proc/cmdline", "open", "/proc/cmdline"})),
              "root=/dev/osbuild\nopen /proc/cmdline EROFS\n");
}

TEST_F(Container, CannotStopItsInit) {
    EXPECT_EQ(output_of(probe({"kill-init", "print", "still here"})), "still here");
}

TEST_F(Container, HasAHostNameOfItsOwn) {
    EXPECT_EQ(output_of(probe({"hostname"})), "osb\n");
    Spec spec = probe({"hostname"});
    spec.hostname = "builder";
    EXPECT_EQ(output_of(spec), "builder\n");
}

TEST_F(Container, PassesBytesThatAreNotText) {
    std::string bytes;
    for (int i = 0; i < (1 << 16); i++) bytes += static_cast<char>(i * 7);
    EXPECT_EQ(output_of(probe({"flood", "65536"})), bytes);
}

/// In kB, from /proc/self/status.
long high_water() {
    const std::string status = read_file("/proc/self/status");
    return std::stol(status.substr(status.find("VmHWM:") + 6));
}

TEST_F(Container, CarriesAHundredMegabytesInBoundedMemory) {
    run(probe({}));
    const long before = high_water();
    HashSink sink;
    EXPECT_TRUE(run(probe({"flood", "100000000"}), sink).success());
    EXPECT_EQ(sink.size(), 100'000'000U);
    EXPECT_LT(high_water() - before, 8'000) << "kB";
}

TEST_F(Container, HandsOverOutputWhileTheStageRuns) {
    std::string seen;
    FunctionSink sink([&](std::span<const std::byte> data) {
        seen.append(reinterpret_cast<const char *>(data.data()), data.size());
        if (seen == "begun") stop_.request(SIGTERM);
    });
    EXPECT_THROW(run(probe({"print", "begun", "sleep", "60"}), sink), Interrupted);
    EXPECT_EQ(seen, "begun");
}

TEST_F(Container, RunsSeveralAtOnceInTheSameBuildTree) {
    const BuildTree tree{scratch() / "tree"};
    std::filesystem::create_directories(tree.path / "etc/containers");
    sandbox();
    std::vector<std::thread> threads;
    std::vector<std::string> outputs(6);
    for (size_t i = 0; i < outputs.size(); i++)
        threads.emplace_back([&, i] {
            const std::string name = std::to_string(i);
            for (int round = 0; round < 3; round++)
                outputs[i] += output_of(probe({"print", name, "sleep", format("0.0{}", i)}, tree));
        });
    for (std::thread &thread : threads) thread.join();
    EXPECT_THAT(outputs, ElementsAre("000", "111", "222", "333", "444", "555"));
    expect_nothing_left();
}

TEST_F(Container, LeavesNothingBehind) {
    sandbox();
    const std::string mounts = read_file("/proc/self/mounts");
    const auto descriptors = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    std::filesystem::create_directory(scratch() / "tree");
    EXPECT_TRUE(run(probe({}, BuildTree{scratch() / "tree"})).success());
    EXPECT_FALSE(run(probe({"exit", "1"}, BuildTree{scratch() / "tree"})).success());
    EXPECT_EQ(read_file("/proc/self/mounts"), mounts);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}), descriptors);
    expect_nothing_left();
}

TEST_F(Container, RefusesPlacesTheSandboxNeedsItself) {
    const auto refusal = [&](const std::string &target) {
        Spec spec = probe({});
        spec.binds.push_back({.source = scratch(), .target = target});
        const Error error = osb::test::thrown_by([&] { run(spec); });
        EXPECT_EQ(error.blame(), Blame::usage);
        return std::string(error.what());
    };
    const std::string bind = format("bind {} on ", scratch().native());
    EXPECT_EQ(refusal("/"), bind + "/: the sandbox itself needs this place");
    EXPECT_EQ(refusal("//."), bind + "//.: the sandbox itself needs this place");
    EXPECT_EQ(refusal("/proc/cmdline"), bind + "/proc/cmdline: the sandbox itself needs this place");
    EXPECT_EQ(refusal("/sys"), bind + "/sys: the sandbox itself needs this place");
    EXPECT_EQ(refusal("/dev/"), bind + "/dev/: the sandbox itself needs this place");
    EXPECT_EQ(refusal("/run/osb/init"), bind + "/run/osb/init: the sandbox itself needs this place");
    EXPECT_EQ(refusal("run/x"), bind + "run/x: the target is not absolute");
    EXPECT_EQ(refusal(""), bind + ": the target is not absolute");
    EXPECT_THAT(refusal("/run/../etc"), ::testing::StartsWith(bind + "/run/../etc: "));
    EXPECT_THAT(refusal(std::string("/run/a\0b", 8)), ::testing::StartsWith(bind));
    EXPECT_EQ(refusal("/opt/deep/place"), bind + "/opt/deep/place: the sandbox's root has no such place");
}

TEST_F(Container, PassesTheRuntimesOwnWordsOn) {
    Spec spec = probe({});
    spec.binds.push_back({.source = scratch() / "missing", .target = "/run/x"});
    const Error error = osb::test::thrown_by([&] { run(spec); });
    EXPECT_EQ(error.blame(), Blame::environment);
    EXPECT_THAT(error.what(), ::testing::StartsWith("make a sandbox: "));
    EXPECT_THAT(error.what(), HasSubstr("runc: "));
    EXPECT_THAT(error.what(), HasSubstr("missing"));
}

TEST_F(Container, RefusesNamesTheRuntimeCannotBeTold) {
    Spec spec = probe({});
    spec.binds.push_back({.source = scratch() / "\xff", .target = "/run/x"});
    EXPECT_EQ(osb::test::error_of([&] { run(spec); }),
              "a path, argument or variable of the sandbox is not UTF-8, as a runtime configuration must be");
}

TEST_F(Container, SaysThatTheRuntimeIsNotInstalled) {
    config_.runtime = "no-such-runtime";
    EXPECT_EQ(osb::test::error_of([&] { sandbox(); }),
              "no sandbox here: the OCI runtime no-such-runtime is not installed (or not in PATH)");
}

TEST_F(Container, SaysThatItsInitIsMissing) {
    config_.init = scratch() / "osb-init";
    EXPECT_EQ(osb::test::error_of([&] { sandbox(); }),
              format("no sandbox here: {}: No such file or directory", config_.init.native()));
}

TEST_F(Container, SaysThatARuntimeSaidNothing) {
    write_file(scratch() / "runtime", "#!/bin/sh\nexit 3\n", 0755);
    config_.runtime = scratch() / "runtime";
    EXPECT_EQ(osb::test::error_of([&] { run(probe({})); }),
              format("make a sandbox: {}: exit code 3", (scratch() / "runtime").native()));
}

TEST_F(Container, WorksWithoutCgroups) {
    config_.cgroups = Cgroups::none;
    EXPECT_FALSE(sandbox().host().cgroups);
    EXPECT_EQ(output_of(probe({"print", "here"})), "here");
    EXPECT_EQ(run(probe({"exit", "7"})).status.code, 7);
    expect_nothing_left();
}

}  // namespace
}  // namespace osb::sandbox::test
