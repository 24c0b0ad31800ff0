// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lib/base/error.hpp"
#include "lib/base/stop.hpp"
#include "lib/engine/monitor.hpp"

namespace osb::engine {

/// One item of the source org.osbuild.curl: bytes known by their checksum, and where they may be had.
struct FetchItem {
    std::string checksum;           ///< "ALGORITHM:HEX": md5, sha1, sha256, sha384 or sha512
    std::vector<std::string> urls;  ///< http, https or file; mirrors of the same bytes, in the order they are tried
    bool insecure = false;          ///< accept any certificate
    std::optional<std::string> secrets =
        std::nullopt;  ///< "org.osbuild.rhsm" or "org.osbuild.mtls": a client certificate
};

/// One item of the source org.osbuild.inline: bytes written into the manifest itself.
struct InlineItem {
    std::string checksum;  ///< as in FetchItem
    enum class Encoding { base64, lzma_base64 } encoding = Encoding::base64;
    std::string data;
};

/// The `items` of a source, read from the manifest (contract section 9). Pure. Beyond osbuild's format a curl item may
/// carry
/// `"mirrors": [URL, …]`, tried after its `url`. Throws (Blame::usage) at the first item that is not as it should be.
std::vector<FetchItem> curl_items(const nlohmann::ordered_json &items);
std::vector<InlineItem> inline_items(const nlohmann::ordered_json &items);

struct FetchOptions {
    std::filesystem::path sources;  ///< STORE/sources; items end as SOURCES/org.osbuild.files/CHECKSUM
    std::filesystem::path
        scratch;            ///< an existing directory of this run's own in STORE/tmp: bytes in flight are only here
    bool offline = false;   ///< use only what is there
    unsigned parallel = 8;  ///< items in flight at a time
    unsigned retries = 5;  ///< fruitless attempts at one URL after the first; one that brought new bytes is not counted
    std::chrono::milliseconds first_wait{500};  ///< before the first retry; doubles with each, with jitter
    std::chrono::milliseconds longest_wait{
        10'000};  ///< where the doubling ends; also bounds a server's Retry-After, twelvefold
    std::chrono::seconds connect_timeout{30};
    std::chrono::seconds stall_timeout{30};  ///< slower than 1000 bytes a second for so long is a broken connection
};

/// What became of one item.
struct FetchResult {
    std::string checksum;
    bool cached = false;         ///< it was there before
    std::uint64_t bytes = 0;     ///< its size, when it is there now
    std::string error = {};      ///< empty: the item is in the store, verified and synced
    Blame blame = Blame::build;  ///< with `error`: network (DNS, HTTP, credentials), build (other bytes, no such file),
                                 ///< environment (disk)
};

/// Brings the items into the store and answers for all of them in their order; a failed item is an outcome, not an
/// Error.
///
/// An item appears under its final name complete, verified while its bytes passed, synced, mode 0644 and with mtime 0,
/// so that a tree made from it does not depend on the day of the download. Of what fails nothing stays, in `scratch`
/// neither. What is there already is not read again; its access time is set to now, for whoever removes what was not
/// used for long. A broken transfer is resumed where it broke. Several processes may fetch the same item into the same
/// store.
///
/// Proxies come from the usual environment variables or OSBUILD_SOURCES_CURL_PROXY. Throws Interrupted soon after a
/// stop was asked for, Error when `sources` or `scratch` cannot be used at all.
std::vector<FetchResult> fetch_curl(const std::vector<FetchItem> &items, const FetchOptions &options, Monitor &monitor,
                                    const Stop &stop);

/// The same for items that are in the manifest; with Blame::build when their data is not what the checksum says.
std::vector<FetchResult> store_inline(const std::vector<InlineItem> &items, const FetchOptions &options,
                                      Monitor &monitor, const Stop &stop);

/// What a Monitor is told as the item's name: the last part of its first URL, or its checksum where that is empty.
std::string display_name(const FetchItem &item);

}  // namespace osb::engine
