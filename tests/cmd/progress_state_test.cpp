// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress_state.hpp"

#include "tests/support.hpp"

namespace osb::cmd {
namespace {

using std::chrono::seconds;

ProgressState::Clock::time_point at(int second) {
    return ProgressState::Clock::time_point(seconds(1000 + second));
}

TEST(ProgressLine, TellsDownloadsWithSpeed) {
    ProgressState state;
    state.begin = state.fetch_begin = at(0);
    state.items = 90;
    state.items_done = 12;
    state.bytes_done = 30'000'000;
    state.in_flight["a"] = 10'000'000;
    EXPECT_EQ(state.line(at(20), 100), "[00:20] fetch 12/90 40.0 MB 2.0 MB/s");
}

TEST(ProgressLine, TellsEachPipelineWithItsStageAndTime) {
    ProgressState state;
    state.begin = at(0);
    state.pipelines["build"] = {.stages = 3, .current = 2, .stage = "org.osb.deb", .since = at(60)};
    state.pipelines["os"] = {.stages = 1, .current = 0, .stage = {}, .since = at(0)};
    EXPECT_EQ(state.line(at(75), 100), "[01:15] | build 2/3 org.osb.deb 15s | os 0/1");
    EXPECT_EQ(state.line(at(75), 12), "[01:15] | bu");
}

}  // namespace
}  // namespace osb::cmd
