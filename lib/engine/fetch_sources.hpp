// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "lib/engine/fetch/fetch.hpp"
#include "lib/manifest/manifest.hpp"
#include "lib/store/object_store.hpp"

namespace osb::engine {

/// What became of one source's items.
struct SourceResult {
    std::string type;
    std::vector<FetchResult> items;
    bool success() const;
    /// The first item that could not be had.
    const FetchResult *failed() const;
};

/// Brings the items with these checksums into the store; what is not wanted is not fetched. A source of a type that is
/// not native, and wanted, is an Error.
std::vector<SourceResult> fetch_sources(const manifest::Manifest &manifest, const std::vector<std::string> &wanted,
                                        store::ObjectStore &store, bool offline, Monitor &monitor, const Stop &stop);

}  // namespace osb::engine
