// SPDX-License-Identifier: Apache-2.0
#include "lib/store/run.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "lib/base/dir.hpp"
#include "tests/store/trees.hpp"

namespace osb::store::detail {
namespace {

using test::names_in;
using test::Scratch;
using Path = std::filesystem::path;

TEST(Run, IsLockedFromItsFirstInstantWhileOthersReap) {
    const Scratch scratch;
    std::atomic<bool> stop{false};
    std::vector<std::thread> reapers;
    for (int i = 0; i < 3; i++)
        reapers.emplace_back([&] {
            while (!stop) reap_dead_runs(scratch.path(), {});
        });
    int lost = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    while (std::chrono::steady_clock::now() < end) {
        const detail::Run run = detail::Run::make(scratch.path());
        if (!std::filesystem::exists(run.path())) lost++;
        std::filesystem::remove(run.path());
    }
    stop = true;
    for (std::thread &thread : reapers) thread.join();
    EXPECT_EQ(lost, 0);
    EXPECT_TRUE(names_in(scratch.path()).empty());
}

TEST(Run, IsMadeAgainWhenItWasTakenForDeadBeforeItWasLocked) {
    const Scratch scratch;
    static int times = 0;
    const auto before = run_not_yet_locked;
    run_not_yet_locked = [](const Path &run) {
        if (times++ < 3) reap_dead_runs(run.parent_path(), {});
    };
    {
        const detail::Run run = detail::Run::make(scratch.path());
        run_not_yet_locked = before;
        EXPECT_EQ(times, 4);
        EXPECT_EQ(names_in(scratch.path()), (std::vector<std::string>{run.path().filename()}));
        reap_dead_runs(scratch.path(), {});
        EXPECT_TRUE(std::filesystem::exists(run.path()));
    }
    reap_dead_runs(scratch.path(), {});
    EXPECT_TRUE(names_in(scratch.path()).empty());
}

TEST(Reaping, OfOneDeadRunIsDoneByOne) {
    const Scratch scratch;
    for (int i = 0; i < 500; i++) std::filesystem::create_directories(scratch / format("run-{}/object/tree", i));
    std::mutex mutex;
    std::map<Path, int> calls;
    std::vector<std::thread> reapers;
    for (int i = 0; i < 6; i++)
        reapers.emplace_back([&] {
            reap_dead_runs(scratch.path(), [&](const Path &run) {
                const std::lock_guard lock(mutex);
                calls[run]++;
            });
        });
    for (std::thread &thread : reapers) thread.join();
    EXPECT_EQ(calls.size(), 500U);
    for (const auto &[run, count] : calls) EXPECT_EQ(count, 1) << run;
    EXPECT_TRUE(names_in(scratch.path()).empty());
}

TEST(Reaping, LeavesNothingAlsoOfWhatIsNoRun) {
    const Scratch scratch;
    write_file(scratch / ".new-123456", "half a file");
    std::filesystem::create_symlink("/etc", scratch / "link");
    std::filesystem::create_directories(scratch / "foreign/directory");
    reap_dead_runs(scratch.path(), {});
    EXPECT_TRUE(names_in(scratch.path()).empty());
    EXPECT_TRUE(std::filesystem::exists("/etc/passwd"));
}

}  // namespace
}  // namespace osb::store::detail
