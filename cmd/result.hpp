// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "cmd/export.hpp"
#include "lib/base/json.hpp"
#include "lib/engine/build.hpp"
#include "lib/engine/fetch_sources.hpp"

namespace osb::cmd {

/// All that a run has to tell at its end.
struct RunReport {
    std::vector<engine::SourceResult> sources = {};
    engine::BuildResult build = {};
    std::vector<Exported> exports = {};
    Json metadata = Json::object();  ///< {pipeline: {stage type: …}}
};

/// The record `--json` prints: osbuild's result format of version 2, with `exports` and `error.class` added.
Json result_record(const RunReport &report);

/// The first source item that could not be had; nullptr: all are there.
struct FailedItem {
    const engine::SourceResult *source;
    const engine::FetchResult *item;
};
std::optional<FailedItem> failed_item(const RunReport &report);

}  // namespace osb::cmd
