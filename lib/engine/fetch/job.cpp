// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/job.hpp"

#include <algorithm>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/engine/fetch/url.hpp"

namespace osb::engine {
namespace {

/// However well it goes: a server that sends one byte a connection shall not keep us for ever.
constexpr unsigned most_attempts = 1000;

/// In [0, 1); a guess nobody else makes at the same moment is enough here.
double dice() {
    const auto ticks = static_cast<std::uint64_t>(steady_now().time_since_epoch().count());
    return static_cast<double>((ticks * 6364136223846793005U) >> 40) / static_cast<double>(std::uint64_t{1} << 24);
}

}  // namespace

std::chrono::milliseconds back_off(const FetchOptions &options, unsigned tries, double dice) {
    auto wait = options.first_wait;
    for (unsigned i = 1; i < tries && wait < options.longest_wait; i++) wait *= 2;
    wait = std::min(wait, options.longest_wait);
    return std::chrono::milliseconds(static_cast<std::int64_t>(static_cast<double>(wait.count()) * (0.5 + dice / 2)));
}

void Experience::unreachable(const std::string &server, TimePoint attempt_began) {
    Trouble &trouble = troubles_[server];
    if (attempt_began < trouble.last) return;
    trouble.last = steady_now();
    trouble.failures++;
    trouble.not_before = trouble.last + back_off(options_, trouble.failures, dice());
}

bool Experience::is_down(const std::string &server) const {
    const auto found = troubles_.find(server);
    return found != troubles_.end() && found->second.failures > options_.retries;
}

TimePoint Experience::not_before(const std::string &server) const {
    const auto found = troubles_.find(server);
    return found == troubles_.end() || is_down(server) ? TimePoint() : found->second.not_before;
}

Job::Job(size_t index, const FetchItem &item, const FetchOptions &options, Experience &experience,
         std::function<void(const Job &)> progress)
    : index_(index), item_(item), options_(options), experience_(experience), progress_(std::move(progress)) {
    const auto checksum = Checksum::parse(item.checksum);
    OSB_ASSERT(checksum.has_value() && !item.urls.empty());
    checksum_ = *checksum;
    for (const std::string &url : item.urls) places_.push_back(Place{.url = url, .server = server_of(url)});
}

/// The current place, unless its server is in trouble and there is one nobody had trouble with.
size_t Job::next_place() const {
    if (experience_.is_well(place().server)) return current_;
    const auto better = std::ranges::find_if(places_, [&](const Place &other) {
        return other.tries == 0 && !other.given_up && experience_.is_well(other.server);
    });
    return better == places_.end() ? current_ : static_cast<size_t>(better - places_.begin());
}

TimePoint Job::due() const {
    return std::max(due_, experience_.not_before(places_[next_place()].server));
}

std::optional<Job::Next> Job::prepare() {
    began_ = steady_now();
    current_ = next_place();
    Place &next = places_[current_];
    if (!experience_.is_down(next.server)) return std::nullopt;
    if (next.error.empty()) next.error = format("not tried: {} cannot be reached", next.server);
    next.given_up = true;
    return go_on();
}

HttpRequest Job::request() const {
    const Place &from = place();
    HttpRequest request{.url = from.url,
                        .insecure = item_.insecure,
                        .connect_timeout = options_.connect_timeout,
                        .stall_timeout = options_.stall_timeout};
    if (item_.secrets) request.tls = tls_files_for(*item_.secrets, from.url);
    if (!from.whole_only) {
        request.from = bytes();
        request.validator = from.validator;
    }
    return request;
}

void Job::begins(const HttpResponse &response) {
    experience_.reached(place().server);
    places_[current_].validator = response.validator;
    if (!landing_) landing_ = std::make_unique<Landing>(options_, checksum_);
    // The whole file although a part was asked for: the server cannot do parts, or the file is another one by now.
    if (response.from != landing_->size()) start_over();
    pieces_++;
    if (response.length) {
        landing_->expect(*response.length);
        total_ = response.from + *response.length;
    }
}

void Job::takes(std::span<const std::byte> data) {
    landing_->write(data);
    progress_(*this);
}

void Job::open_local() {
    local_.emplace(path_of_file_url(place().url));
    if (!landing_) landing_ = std::make_unique<Landing>(options_, checksum_);
    start_over();
    pieces_ = 1;
    total_ = local_->size();
    landing_->expect(total_);
}

bool Job::advance_local() {
    const bool more = local_->advance(*landing_);
    progress_(*this);
    return more;
}

Job::Next Job::completed() {
    local_.reset();
    const std::string problem = landing_->mismatch();
    if (problem.empty()) return Next::verified;
    Place &from = places_[current_];
    const bool was_resumed = pieces_ > 1;
    start_over();
    if (!was_resumed) return refused(problem, Blame::build);
    // Not this place's fault alone: the parts may be of different files.
    from.whole_only = true;
    from.error = problem;
    from.blame = Blame::build;
    from.tries++;
    return go_on();
}

Job::Next Job::broken(const HttpEnd &end) {
    Place &from = places_[current_];
    if (end.unreachable)
        experience_.unreachable(from.server, began_);
    else
        experience_.reached(from.server);
    if (end.kind == HttpEnd::Kind::refused) return refused(end.why, Blame::network);
    if (end.retry_after > options_.longest_wait * 12)
        return refused(format("{} and wants us to wait {} s", end.why, end.retry_after.count()), Blame::network);
    from.error = end.why;
    from.blame = Blame::network;
    if (end.kind == HttpEnd::Kind::range) {
        from.whole_only = true;
        start_over();
    } else if (bytes() > most_ && attempts_ < most_attempts) {
        most_ = bytes();
        from.tries = 0;
        attempts_++;
        due_ = {};
        return Next::again;
    }
    from.tries++;
    if (end.retry_after > std::chrono::seconds(0)) from.not_before = steady_now() + end.retry_after;
    from.given_up = from.tries > options_.retries || attempts_ >= most_attempts;
    return go_on();
}

Job::Next Job::refused(const std::string &why, Blame blame) {
    Place &from = places_[current_];
    from.tries++;
    from.given_up = true;
    from.error = why;
    from.blame = blame;
    local_.reset();
    return go_on();
}

Job::Next Job::go_on() {
    attempts_++;
    if (landing_ && landing_->size() == 0) landing_.reset();
    // The place after this one that has seen the fewest attempts; this one itself comes last.
    std::optional<size_t> best;
    for (size_t step = 1; step <= places_.size(); step++) {
        const size_t candidate = (current_ + step) % places_.size();
        if (!places_[candidate].given_up && (!best || places_[candidate].tries < places_[*best].tries))
            best = candidate;
    }
    if (!best) {
        landing_.reset();
        return Next::failed;
    }
    current_ = *best;
    const Place &next = places_[current_];
    due_ = next.tries == 0 ? TimePoint() : steady_now() + back_off(options_, next.tries, dice());
    due_ = std::max(due_, next.not_before);
    return Next::again;
}

void Job::start_over() {
    if (landing_) landing_->restart();
    pieces_ = 0;
}

std::string Job::error() const {
    std::string text;
    for (const Place &place : places_) {
        if (!text.empty()) text += "; ";
        text += format("fetch {}: {}", without_password(place.url), place.error);
        if (place.tries > 1) text += format(" ({} attempts in vain)", place.tries);
    }
    return text;
}

Blame Job::blame() const {
    const bool network = std::ranges::any_of(places_, [](const Place &place) { return place.blame == Blame::network; });
    return network ? Blame::network : Blame::build;
}

}  // namespace osb::engine
