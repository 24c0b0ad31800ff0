// SPDX-License-Identifier: Apache-2.0
#include "lib/base/log.hpp"

#include <atomic>
#include <cstdio>

namespace osb {
namespace {

void to_stderr(LogLevel, std::string_view line) {
    std::fwrite(line.data(), 1, line.size(), stderr);
    std::fputc('\n', stderr);
}

std::atomic<LogTarget> current_target{to_stderr};
std::atomic<LogLevel> least_level{LogLevel::warning};

}  // namespace

void set_log_target(LogTarget target, LogLevel least) {
    current_target = target;
    least_level = least;
}

bool log_enabled(LogLevel level) noexcept {
    return level >= least_level.load();
}

void log_line(LogLevel level, std::string_view line) {
    if (log_enabled(level)) current_target.load()(level, line);
}

}  // namespace osb
