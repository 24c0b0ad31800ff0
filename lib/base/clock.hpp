// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace osb {

/// Seconds since 1970-01-01T00:00:00Z, as SOURCE_DATE_EPOCH counts them.
using EpochSeconds = std::int64_t;

/// The one place osb asks for the time of day.
EpochSeconds now();
/// A steady clock for durations.
std::chrono::steady_clock::time_point steady_now();

/// "2026-01-31T12:00:00Z" (RFC 3339, section 5.6), always in UTC.
std::string to_rfc3339(EpochSeconds time);

/// SOURCE_DATE_EPOCH from the environment; nullopt when unset; throws (Blame::usage) when it is not a number.
std::optional<EpochSeconds> source_date_epoch();

/// Whole seconds of "90", "90s", "15m", "2h", "7d"; throws (Blame::usage) for anything else.
std::chrono::seconds parse_duration(std::string_view text);

}  // namespace osb
