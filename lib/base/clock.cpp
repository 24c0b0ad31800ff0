// SPDX-License-Identifier: Apache-2.0
#include "lib/base/clock.hpp"

#include <charconv>
#include <cstdlib>
#include <ctime>

#include "lib/base/error.hpp"

namespace osb {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

}  // namespace

EpochSeconds now() {
    return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::chrono::steady_clock::time_point steady_now() {
    return std::chrono::steady_clock::now();
}

std::string to_rfc3339(EpochSeconds time) {
    const std::time_t value = time;
    std::tm parts{};
    if (::gmtime_r(&value, &parts) == nullptr) fail(Blame::usage, "time {}: out of range", time);
    return format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                  parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<EpochSeconds> source_date_epoch() {
    const char *text = std::getenv("SOURCE_DATE_EPOCH");
    if (text == nullptr || *text == '\0') return std::nullopt;
    const auto value = whole_number(text);
    if (!value || *value < 0) fail(Blame::usage, "SOURCE_DATE_EPOCH: {} is not a count of seconds", text);
    return value;
}

std::chrono::seconds parse_duration(std::string_view text) {
    std::int64_t unit = 1;
    std::string_view digits = text;
    if (!text.empty()) {
        switch (text.back()) {
            case 's':
                unit = 1;
                break;
            case 'm':
                unit = 60;
                break;
            case 'h':
                unit = 3600;
                break;
            case 'd':
                unit = 86400;
                break;
            default:
                unit = 0;
        }
        if (unit != 0)
            digits.remove_suffix(1);
        else
            unit = 1;
    }
    const auto value = whole_number(digits);
    if (!value || *value < 0 || *value > 1'000'000'000)
        fail(Blame::usage, "duration {}: write it as 90, 90s, 15m, 2h or 7d", text);
    return std::chrono::seconds(*value * unit);
}

}  // namespace osb
