// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/engine/fetch/fetch.hpp"
#include "lib/engine/fetch/landing.hpp"

namespace osb::engine {

/// What became of each item of a source so far; tells the Monitor once an item.
class Ledger {
public:
    explicit Ledger(Monitor &monitor) : monitor_(monitor) {}

    void add(std::string checksum, std::string name) {
        results_.push_back(FetchResult{.checksum = std::move(checksum)});
        names_.push_back(std::move(name));
    }
    const std::string &name(size_t index) const { return names_[index]; }

    void cached(size_t index, std::uint64_t bytes) {
        results_[index].cached = true;
        done(index, bytes);
    }
    void failed(size_t index, std::string error, Blame blame) {
        results_[index].error = std::move(error);
        results_[index].blame = blame;
        done(index, 0);
    }
    /// Publishes what waits for it.
    void publish(Publisher &publisher) {
        for (Publisher::Done &one : publisher.publish()) {
            if (one.error.empty())
                done(one.index, one.size);
            else
                failed(one.index, std::move(one.error), one.blame);
        }
    }
    std::vector<FetchResult> results() && { return std::move(results_); }

private:
    void done(size_t index, std::uint64_t bytes) {
        FetchResult &result = results_[index];
        result.bytes = bytes;
        monitor_.fetch_done(names_[index], bytes, result.cached, result.error);
    }

    Monitor &monitor_;
    std::vector<FetchResult> results_;
    std::vector<std::string> names_;
};

}  // namespace osb::engine
