// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "lib/base/format.hpp"

namespace osb {

enum class LogLevel { debug, info, warning, error };

/// Takes one finished line. Replaced once at start by cmd (spdlog to stderr); until then lines go plainly to stderr.
using LogTarget = void (*)(LogLevel level, std::string_view line);
void set_log_target(LogTarget target, LogLevel least);

void log_line(LogLevel level, std::string_view line);
bool log_enabled(LogLevel level) noexcept;

template <typename... Args>
void log_debug(fmt::format_string<Args...> text, Args &&...args) {
    if (log_enabled(LogLevel::debug)) log_line(LogLevel::debug, format_message(text, fmt::make_format_args(args...)));
}
template <typename... Args>
void log_info(fmt::format_string<Args...> text, Args &&...args) {
    if (log_enabled(LogLevel::info)) log_line(LogLevel::info, format_message(text, fmt::make_format_args(args...)));
}
template <typename... Args>
void log_warning(fmt::format_string<Args...> text, Args &&...args) {
    log_line(LogLevel::warning, format_message(text, fmt::make_format_args(args...)));
}

}  // namespace osb
