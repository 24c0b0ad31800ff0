// SPDX-License-Identifier: Apache-2.0
#include "lib/base/spdlog_target.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace osb {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

void to_spdlog(LogLevel level, std::string_view line) {
    spdlog::log(level_of(level), "{}", spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace

void log_through_spdlog(LogLevel least) {
    auto logger = spdlog::stderr_color_mt("osb");
    logger->set_pattern("osb: %^%l%$: %v");
    logger->set_level(level_of(least));
    spdlog::set_default_logger(std::move(logger));
    set_log_target(to_spdlog, least);
}

}  // namespace osb
