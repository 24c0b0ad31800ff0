// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress_state.hpp"

#include "lib/base/format.hpp"

namespace osb::cmd {
namespace {

long long seconds_between(ProgressState::Clock::time_point from, ProgressState::Clock::time_point to) {
    return std::chrono::duration_cast<std::chrono::seconds>(to - from).count();
}

}  // namespace

std::uint64_t ProgressState::fetched_bytes() const {
    std::uint64_t sum = bytes_done;
    for (const auto &[name, bytes] : in_flight) sum += bytes;
    return sum;
}

std::string ProgressState::line(Clock::time_point now, size_t width) const {
    const long long elapsed = seconds_between(begin, now);
    std::string text = format("[{:02}:{:02}]", elapsed / 60, elapsed % 60);
    if (fetching()) {
        const auto took = std::chrono::duration<double>(now - fetch_begin).count();
        const auto speed = took > 0 ? static_cast<double>(fetched_bytes()) / took : 0.0;
        text += format(" fetch {}/{} {} {}/s", items_done, items, human_size(fetched_bytes()),
                       human_size(static_cast<std::uint64_t>(speed)));
    }
    for (const auto &[name, running] : pipelines) {
        text += format(" | {} {}/{}", name, running.current, running.stages);
        if (!running.stage.empty()) text += format(" {} {}s", running.stage, seconds_between(running.since, now));
    }
    if (!exporting.empty()) text += " | export " + exporting;
    if (text.size() > width) text.resize(width);
    return text;
}

}  // namespace osb::cmd
