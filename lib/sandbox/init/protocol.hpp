// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What osb and osb-init, process 1 of a sandbox, agreed on.
///
/// osb-init CAPABILITIES COUNT ENV… PROGRAM ARGUMENT…
///   CAPABILITIES  hexadecimal: what the stage holds
///   COUNT         how many ENV follow: the stage's complete environment
namespace osb::sandbox::protocol {

/// Descriptors osb-init starts with (runc --preserve-fds).
inline constexpr int output_fd = 3;    ///< pipe: the stage's stdout and stderr
inline constexpr int liveness_fd = 4;  ///< pipe: ends when osb is dead or wants the sandbox dead; osb-init exits then
inline constexpr int status_fd = 5;    ///< pipe: Reports
inline constexpr int fd_count = 3;

enum class Event : std::int32_t {
    started = 1,       ///< the stage is about to be executed
    ended = 2,         ///< `code`, or `signal` when it is not 0
    setup_failed = 3,  ///< `code` is errno, `what` says at what; the stage was not started
    exec_failed = 4,   ///< `code` is errno; `ended` follows with 127
};

/// One message; smaller than PIPE_BUF, so it arrives whole.
struct Report {
    Event event{};
    std::int32_t code = 0;
    std::int32_t signal = 0;
    char what[52] = {};
};

}  // namespace osb::sandbox::protocol
