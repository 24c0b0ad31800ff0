// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/base/log.hpp"

namespace osb {

/// Sends the log through spdlog to stderr: "osb: warning: …" lines, coloured on a terminal. Called once by main.
void log_through_spdlog(LogLevel least);

}  // namespace osb
