// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace osb::cmd {

/// What is going on, as the live line tells it. Pure: time is given, text comes out.
struct ProgressState {
    using Clock = std::chrono::steady_clock;

    struct Running {
        size_t stages = 0;   ///< of the pipeline
        size_t current = 0;  ///< the one that runs, from 1
        std::string stage = {};
        Clock::time_point since = {};
    };

    Clock::time_point begin = {};
    size_t items = 0;  ///< to fetch
    size_t items_done = 0;
    std::uint64_t bytes_done = 0;
    std::map<std::string, std::uint64_t, std::less<>> in_flight = {};  ///< item → bytes so far
    Clock::time_point fetch_begin = {};
    std::map<std::string, Running, std::less<>> pipelines = {};  ///< those that run
    std::string exporting = {};

    std::uint64_t fetched_bytes() const;
    bool fetching() const { return items_done < items; }
    /// One line of at most `width` columns, without a line end.
    std::string line(Clock::time_point now, size_t width) const;
};

}  // namespace osb::cmd
