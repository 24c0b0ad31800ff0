// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/base/dir.hpp"
#include "lib/base/format.hpp"
#include "lib/base/sha256.hpp"
#include "lib/engine/fetch/fetch.hpp"
#include "tests/support.hpp"

namespace osb::engine {

inline std::string sha256_name(std::string_view content) {
    return "sha256:" + Sha256::of(content).hex();
}

/// Bytes that do not repeat.
inline std::string noise(size_t size, std::uint64_t seed = 1) {
    std::string text(size, '\0');
    for (char &c : text) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        c = static_cast<char>(seed >> 56);
    }
    return text;
}

class Recorder final : public Monitor {
public:
    struct Done {
        std::uint64_t bytes = 0;
        bool cached = false;
        std::string error;
        int times = 0;
    };
    void fetch_progress(std::string_view, std::uint64_t bytes, std::uint64_t total) override {
        EXPECT_TRUE(total == 0 || bytes <= total);
        progress++;
    }
    void fetch_done(std::string_view name, std::uint64_t bytes, bool cached, std::string_view error) override {
        Done &one = done[std::string(name)];
        one = {.bytes = bytes, .cached = cached, .error = std::string(error), .times = one.times + 1};
    }
    int progress = 0;
    std::map<std::string, Done> done;
};

/// A store of which only `sources` and `tmp` matter here. Waits are short, so that tests are.
struct FetchStore {
    FetchStore() : FetchStore(std::filesystem::path()) {}
    explicit FetchStore(const std::filesystem::path &at) {
        const auto root = at.empty() ? scratch.path() : at;
        options.sources = root / "sources";
        options.scratch = root / "tmp";
        options.first_wait = std::chrono::milliseconds(10);
        options.longest_wait = std::chrono::milliseconds(100);
        std::filesystem::create_directories(options.scratch);
    }
    std::vector<FetchResult> fetch(const std::vector<FetchItem> &items) {
        return fetch_curl(items, options, monitor, stop);
    }
    FetchResult fetch(const FetchItem &item) { return fetch(std::vector{item}).at(0); }
    FetchResult fetch(std::string_view content, std::vector<std::string> urls) {
        return fetch(FetchItem{.checksum = sha256_name(content), .urls = std::move(urls)});
    }
    std::filesystem::path place(std::string_view checksum) const {
        return options.sources / "org.osbuild.files" / checksum;
    }
    std::string content(std::string_view checksum) const { return read_file(place(checksum)); }
    /// Names of all that is under final names.
    std::vector<std::string> finished() const { return Dir::open(options.sources / "org.osbuild.files").names(); }
    bool nothing_in_flight() const { return Dir::open(options.scratch).names().empty(); }

    test::Scratch scratch;
    FetchOptions options;
    Recorder monitor;
    Stop stop;
};

}  // namespace osb::engine
