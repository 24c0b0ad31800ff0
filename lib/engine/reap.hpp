// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace osb::engine {

/// In a dead run's directory each sandbox has a directory whose name begins like this.
inline constexpr const char *sandbox_prefix = "sandbox";

/// Ends what a killed osb left outside its directory in the store's tmp/: containers, cgroups. For
/// store::Options::reap.
void reap_run(const std::filesystem::path &run_directory);

}  // namespace osb::engine
