// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/reap.hpp"

#include "lib/sandbox/sandbox.hpp"

namespace osb::engine {

void reap_run(const std::filesystem::path &run_directory) {
    for (const auto &entry : std::filesystem::directory_iterator(run_directory))
        if (entry.path().filename().native().starts_with(sandbox_prefix)) sandbox::reap(entry.path());
}

}  // namespace osb::engine
