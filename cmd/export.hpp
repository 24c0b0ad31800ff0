// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cmd/commands.hpp"
#include "lib/engine/monitor.hpp"
#include "lib/engine/plan.hpp"
#include "lib/store/object_store.hpp"
#include "oci/export.hpp"

namespace osb::cmd {

/// One export, checked before anything is built so that a slip of the pen does not cost an hour.
struct Export {
    size_t pipeline;  ///< its index in the plan
    oci::Target target;
    oci::ImageSettings settings;  ///< for OCI targets
};

/// What came out of one.
struct Exported {
    std::string pipeline;
    std::string target;
    std::string digest = {};  ///< "sha256:…" of the image manifest or the tar; empty for a directory
    std::uint64_t bytes = 0;  ///< of the tar, or of the image's blobs; 0 for a directory
};

/// Throws (Blame::usage) for targets and settings that cannot be meant, for directories that are in the way.
std::vector<Export> prepare_exports(const RunOptions &options, const engine::Plan &plan);

/// Brings one tree out of the store. What is at the target appears whole or not at all.
Exported export_tree(const Export &what, const engine::Plan &plan, store::ObjectStore &store, engine::Monitor &monitor,
                     const Stop &stop);

}  // namespace osb::cmd
