// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/sink.hpp"
#include "lib/base/stop.hpp"
#include "lib/sandbox/runtime.hpp"
#include "lib/sandbox/sandbox.hpp"

namespace osb::sandbox {

/// Runs a bundle, whose process 1 is osb-init, to its end; Sandbox::run says what comes back and what is thrown. In any
/// case nothing of the container lives and the runtime has forgotten it when this returns or throws.
Outcome run_container(const Runtime &runtime, const std::string &id, const std::filesystem::path &bundle,
                      std::optional<std::chrono::milliseconds> timeout, Sink &output, const Stop &stop);

}  // namespace osb::sandbox
