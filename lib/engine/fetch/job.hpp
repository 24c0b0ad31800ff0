// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/engine/fetch/checksum.hpp"
#include "lib/engine/fetch/fetch.hpp"
#include "lib/engine/fetch/http.hpp"
#include "lib/engine/fetch/landing.hpp"
#include "lib/engine/fetch/local_copy.hpp"

namespace osb::engine {

using TimePoint = std::chrono::steady_clock::time_point;

/// One of the places an item may be had from, and our experience with it.
struct Place {
    std::string url;
    std::string server;  ///< server_of(url)
    unsigned tries = 0;  ///< in vain, since it last gave us bytes
    bool given_up = false;
    bool whole_only = false;  ///< resuming went wrong here
    std::string validator = {};
    TimePoint not_before = {};
    std::string error = {};  ///< what was last wrong
    Blame blame = Blame::network;
};

/// How long to wait before attempt number `tries` + 1: doubling, capped, with jitter so that many clients spread out.
/// `dice` is in [0, 1).
std::chrono::milliseconds back_off(const FetchOptions &options, unsigned tries, double dice);

/// What the jobs of one run learn for each other about servers that cannot be connected to: they back off together, and
/// give up together, so that a dead server costs its timeouts once and not once an item.
class Experience {
public:
    explicit Experience(const FetchOptions &options) : options_(options) {}

    /// Attempts that run at the same time and fail are one failure.
    void unreachable(const std::string &server, TimePoint attempt_began);
    void reached(const std::string &server) { troubles_.erase(server); }

    bool is_well(const std::string &server) const { return !troubles_.contains(server); }
    bool is_down(const std::string &server) const;
    /// Before this nobody should ask the server again.
    TimePoint not_before(const std::string &server) const;

private:
    struct Trouble {
        unsigned failures = 0;
        TimePoint last = {};
        TimePoint not_before = {};
    };
    const FetchOptions &options_;
    std::map<std::string, Trouble, std::less<>> troubles_;
};

/// One item being fetched: decides where the next attempt goes, and when. Knows nothing of the transfer's mechanics.
class Job final : public HttpReceiver {
public:
    Job(size_t index, const FetchItem &item, const FetchOptions &options, Experience &experience,
        std::function<void(const Job &)> progress);

    size_t index() const noexcept { return index_; }
    const Place &place() const noexcept { return places_[current_]; }
    /// When the next attempt may begin.
    TimePoint due() const;
    /// Whether it holds a file open in the scratch directory.
    bool has_landing() const noexcept { return landing_ != nullptr; }
    std::uint64_t bytes() const noexcept { return landing_ ? landing_->size() : 0; }
    std::uint64_t total() const noexcept { return total_; }

    enum class Next { verified, again, failed };
    /// Settles where the attempt goes that begins now; an answer means that it goes nowhere.
    std::optional<Next> prepare();
    HttpRequest request() const;
    void begins(const HttpResponse &response) override;
    void takes(std::span<const std::byte> data) override;

    /// Opens the local file this attempt is about.
    void open_local();
    /// Copies a piece of it; false at the end.
    bool advance_local();

    /// All bytes came.
    Next completed();
    /// The attempt ended before that.
    Next broken(const HttpEnd &end);
    /// This place will never do.
    Next refused(const std::string &why, Blame blame);

    std::unique_ptr<Landing> take_landing() && { return std::move(landing_); }
    /// After Next::failed: what was wrong with every place.
    std::string error() const;
    Blame blame() const;

private:
    size_t next_place() const;
    Next go_on();
    void start_over();

    size_t index_;
    const FetchItem &item_;
    const FetchOptions &options_;
    Experience &experience_;
    std::function<void(const Job &)> progress_;
    Checksum checksum_;
    std::vector<Place> places_;
    size_t current_ = 0;
    TimePoint due_ = {};
    TimePoint began_ = {};
    unsigned attempts_ = 0;
    unsigned pieces_ = 0;     ///< responses the landing is made of
    std::uint64_t most_ = 0;  ///< the farthest a landing ever came
    std::uint64_t total_ = 0;
    std::unique_ptr<Landing> landing_;
    std::optional<LocalCopy> local_;
};

}  // namespace osb::engine
