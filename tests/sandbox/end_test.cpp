// SPDX-License-Identifier: Apache-2.0
// How what runs in a sandbox comes to its end.
#include <signal.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>

#include "lib/base/clock.hpp"
#include "lib/base/dir.hpp"
#include "tests/sandbox/support.hpp"

namespace osb::sandbox::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::IsEmpty;

/// A command line nobody else has, so that its processes can be found.
std::string unique_name() {
    static int count = 0;
    count++;
    return format("6{}.{}", count, ::getpid());
}

bool becomes_true(milliseconds within, const std::function<bool()> &condition) {
    const auto end = steady_now() + within;
    while (!condition()) {
        if (steady_now() > end) return false;
        std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
}

class End : public SandboxTest {
protected:
    milliseconds time_of(const std::function<void()> &action) {
        const auto begin = steady_now();
        action();
        return std::chrono::duration_cast<milliseconds>(steady_now() - begin);
    }
    const std::string name_ = unique_name();
};

TEST_F(End, ATimeoutEndsEverythingInside) {
    Spec spec = probe({"print", "begun", "daemon", "sleep", name_});
    spec.timeout = milliseconds(400);
    StringSink sink;
    Outcome outcome;
    const auto took = time_of([&] { outcome = run(spec, sink); });
    EXPECT_TRUE(outcome.timed_out);
    EXPECT_FALSE(outcome.success());
    EXPECT_EQ(outcome.status.signal, SIGKILL);
    EXPECT_EQ(sink.text, "begun");
    EXPECT_GE(took, milliseconds(400));
    EXPECT_LT(took, milliseconds(2000));
    EXPECT_THAT(processes_with(name_), IsEmpty());
}

TEST_F(End, ATimeoutThatIsNotReachedChangesNothing) {
    Spec spec = probe({"exit", "3"});
    spec.timeout = std::chrono::minutes(5);
    const Outcome outcome = run(spec);
    EXPECT_FALSE(outcome.timed_out);
    EXPECT_EQ(outcome.status.code, 3);
}

TEST_F(End, ATimeoutDuringTheStartIsOneToo) {
    Spec spec = probe({"sleep", name_});
    spec.timeout = milliseconds(1);
    const Outcome outcome = run(spec);
    EXPECT_TRUE(outcome.timed_out);
    EXPECT_THAT(processes_with(name_), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(state() / "containers"));
}

TEST_F(End, AStopEndsEverythingInside) {
    sandbox();
    std::thread user([&] {
        std::this_thread::sleep_for(milliseconds(300));
        stop_.request(SIGINT);
    });
    int signal = 0;
    const auto took = time_of([&] {
        try {
            run(probe({"daemon", "sleep", name_}));
        } catch (const Interrupted &interrupted) {
            signal = interrupted.signal();
        }
    });
    user.join();
    EXPECT_EQ(signal, SIGINT);
    EXPECT_LT(took, milliseconds(2000));
    EXPECT_THAT(processes_with(name_), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(state() / "containers"));
    EXPECT_THROW(run(probe({})), Interrupted) << "and nothing starts any more";
}

TEST_F(End, AStageMayLeaveADaemonThatHoldsItsOutput) {
    Outcome outcome;
    const auto took = time_of([&] { outcome = run(probe({"daemon", "print", name_, "exit", "5"})); });
    EXPECT_EQ(outcome.status.code, 5);
    EXPECT_LT(took, milliseconds(2000));
    EXPECT_THAT(processes_with(name_), IsEmpty());
}

TEST_F(End, ASinkThatThrowsEndsEverythingInside) {
    FunctionSink full([](auto) { fail(Blame::environment, "the log is full"); });
    EXPECT_EQ(osb::test::error_of([&] { run(probe({"print", "x", "sleep", name_}), full); }), "the log is full");
    EXPECT_THAT(processes_with(name_), IsEmpty());
    EXPECT_TRUE(std::filesystem::is_empty(state() / "containers"));
}

TEST_F(End, AKilledRuntimeIsAnErrorAndLeavesNothing) {
    sandbox();
    std::thread murderer([&] {
        becomes_true(milliseconds(5000), [&] { return processes_with(name_).size() >= 2; });
        for (const pid_t pid : processes_with(state().native() + "/containers")) ::kill(pid, SIGKILL);
    });
    const std::string sentence = [&] {
        const Outcome outcome = run(probe({"sleep", name_}));
        return outcome.status.text();
    }();
    murderer.join();
    EXPECT_EQ(sentence, "signal 9 (Killed)");
    EXPECT_TRUE(becomes_true(milliseconds(500), [&] { return processes_with(name_).empty(); }));
    EXPECT_TRUE(std::filesystem::is_empty(state() / "containers"));
}

/// An osb of its own (runner.cpp) with one sandbox, to be killed.
class Killed : public End {
protected:
    void start_runner(bool wait_for_stage = true, const char *cgroups = "cgroups") {
        std::filesystem::create_directories(state());
        runner_ = Process::spawn(
            {.argv = {build_dir() / "tests/sandbox-runner", cgroups, state(), build_dir() / "libexec/osb/osb-init",
                      build_dir() / "tests/sandbox-probe", "daemon", "sleep", name_}});
        // the runner, osb-init, the stage and its daemon
        if (wait_for_stage) {
            ASSERT_TRUE(becomes_true(milliseconds(10000), [&] { return processes_with(name_).size() >= 4; }));
        }
    }

    void kill_runner() {
        runner_->kill(SIGKILL);
        runner_->wait();
        runner_.reset();
    }

    std::string prefix() const {
        const std::string text = read_file(state() / "sandbox.json");
        return text.substr(text.find("osb-"), 20);
    }

    void expect_clean_after_reap() {
        EXPECT_TRUE(becomes_true(milliseconds(500), [&] { return processes_with(name_).empty(); }))
            << "processes remain";
        reap(state());
        EXPECT_TRUE(becomes_true(milliseconds(500), [&] { return processes_with(state()).empty(); }));
        if (std::filesystem::exists(state() / "sandbox.json")) {
            EXPECT_THAT(cgroups_with(prefix()), IsEmpty());
            EXPECT_TRUE(std::filesystem::is_empty(state() / "containers"));
        }
        remove_tree(state());
    }

    std::optional<Process> runner_;
};

TEST_F(Killed, EverythingInsideDiesWithOsb) {
    start_runner();
    kill_runner();
    expect_clean_after_reap();
}

TEST_F(Killed, ReapRemovesWhatTheRuntimeCouldNot) {
    start_runner();
    // Stopped, osb cannot clean up, and holds the liveness pipe: now it is the runtime's death that ends the sandbox.
    runner_->kill(SIGSTOP);
    for (const pid_t pid : processes_with(state().native() + "/containers")) ::kill(pid, SIGKILL);
    EXPECT_TRUE(becomes_true(milliseconds(500), [&] { return processes_with(name_).size() == 1; }))
        << "all but the runner";
    kill_runner();
    EXPECT_FALSE(std::filesystem::is_empty(state() / "containers"));
    EXPECT_FALSE(cgroups_with(prefix()).empty());
    expect_clean_after_reap();
}

TEST_F(Killed, ReapRemovesCgroupsOfARuntimeThatWroteNoState) {
    start_runner();
    runner_->kill(SIGSTOP);
    for (const pid_t pid : processes_with(state().native() + "/containers")) ::kill(pid, SIGKILL);
    becomes_true(milliseconds(500), [&] { return processes_with(name_).size() == 1; });
    kill_runner();
    remove_tree(state() / "containers");
    EXPECT_FALSE(cgroups_with(prefix()).empty());
    reap(state());
    EXPECT_THAT(cgroups_with(prefix()), IsEmpty());
}

TEST_F(Killed, LeavesNothingWithoutCgroupsEither) {
    start_runner(true, "no-cgroups");
    runner_->kill(SIGSTOP);
    for (const pid_t pid : processes_with(state().native() + "/containers")) ::kill(pid, SIGKILL);
    EXPECT_TRUE(becomes_true(milliseconds(500), [&] { return processes_with(name_).size() == 1; }))
        << "all but the runner";
    kill_runner();
    EXPECT_FALSE(std::filesystem::is_empty(state() / "containers"));
    expect_clean_after_reap();
}

TEST_F(Killed, AtAnyMomentOfTheStart) {
    int begun = 0;
    int ran = 0;
    for (int delay = 0; delay < 90; delay += 3) {
        start_runner(false);
        std::this_thread::sleep_for(milliseconds(delay));
        begun += static_cast<int>(std::filesystem::exists(state() / "sandbox.json"));
        ran += static_cast<int>(processes_with(name_).size() >= 4);
        kill_runner();
        expect_clean_after_reap();
    }
    EXPECT_GT(begun, ran) << "some were killed while the runtime started";
}

TEST_F(Killed, ReapOfACleanDirectoryDoesNothing) {
    std::filesystem::create_directories(state());
    reap(state());
    sandbox();
    reap(state());
    EXPECT_TRUE(run(probe({})).success()) << "nothing that is needed was taken away";
}

}  // namespace
}  // namespace osb::sandbox::test
