// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch_sources.hpp"

#include <algorithm>
#include <unordered_set>

#include "lib/base/error.hpp"

namespace osb::engine {

const FetchResult *SourceResult::failed() const {
    const auto found = std::ranges::find_if(items, [](const FetchResult &item) { return !item.error.empty(); });
    return found == items.end() ? nullptr : &*found;
}

bool SourceResult::success() const {
    return failed() == nullptr;
}

std::vector<SourceResult> fetch_sources(const manifest::Manifest &manifest, const std::vector<std::string> &wanted,
                                        store::ObjectStore &store, bool offline, Monitor &monitor, const Stop &stop) {
    std::vector<SourceResult> results;
    if (wanted.empty()) return results;
    const std::unordered_set<std::string> names(wanted.begin(), wanted.end());
    const TempDir scratch = store.scratch("fetch");
    const FetchOptions options{.sources = store.sources(), .scratch = scratch.path(), .offline = offline};
    for (const manifest::Source &source : manifest.sources) {
        Json items = Json::object();
        for (const auto &[checksum, item] : source.items.get_ref<const Json::object_t &>())
            if (names.contains(checksum)) items.get_ref<Json::object_t &>().Container::emplace_back(checksum, item);
        if (items.empty()) continue;
        in_context(
            [&] {
                SourceResult result{.type = source.type, .items = {}};
                if (source.type == "org.osbuild.curl")
                    result.items = fetch_curl(curl_items(items), options, monitor, stop);
                else if (source.type == "org.osbuild.inline")
                    result.items = store_inline(inline_items(items), options, monitor, stop);
                else
                    fail(Blame::environment, "sources of this type are not supported yet");
                results.push_back(std::move(result));
            },
            "source {}", source.type);
    }
    return results;
}

}  // namespace osb::engine
