// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/fetch.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <poll.h>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/engine/fetch/job.hpp"
#include "lib/engine/fetch/landing.hpp"
#include "lib/engine/fetch/ledger.hpp"
#include "lib/engine/fetch/url.hpp"

namespace osb::engine {
namespace {

using std::chrono::milliseconds;

/// How often an item's progress is told, and how long a complete file waits for others to be published with.
constexpr milliseconds progress_pace{100};
constexpr milliseconds publish_pace{1000};

/// The jobs of one call: ready → at work (network or local) → verified, waiting for its next attempt, or failed.
class Fetcher {
public:
    Fetcher(const std::vector<FetchItem> &items, const FetchOptions &options, Monitor &monitor, const Stop &stop)
        : items_(items),
          options_(options),
          monitor_(monitor),
          stop_(stop),
          ledger_(monitor),
          publisher_(options),
          experience_(options) {
        for (const FetchItem &item : items) ledger_.add(item.checksum, display_name(item));
        told_.resize(items.size());
    }

    std::vector<FetchResult> run() {
        for (size_t i = 0; i < items_.size(); i++) admit(i);
        while (!jobs_.empty()) {
            stop_.check();
            begin_what_is_due();
            if (http_)
                for (const HttpEnd &end : http_->advance()) settle(*find(end.ticket), end);
            advance_local();
            publish_if_due();
            wait();
        }
        ledger_.publish(publisher_);
        return std::move(ledger_).results();
    }

private:
    /// Answers for what is in the store, or cannot be had; makes a Job of the rest.
    void admit(size_t index) {
        const FetchItem &item = items_[index];
        const auto checksum = Checksum::parse(item.checksum);
        OSB_ASSERT(checksum.has_value() && !item.urls.empty());
        try {
            if (const auto size = size_in_store(options_, *checksum)) return ledger_.cached(index, *size);
        } catch (const Error &error) {
            return ledger_.failed(index, error.what(), error.blame());
        }
        if (options_.offline)
            return ledger_.failed(index,
                                  format("{} ({}) is not in the store, and offline nothing is fetched", item.checksum,
                                         without_password(item.urls.front())),
                                  Blame::network);
        jobs_.push_back(
            std::make_unique<Job>(index, item, options_, experience_, [this](const Job &job) { tell(job); }));
        idle_.push_back(jobs_.back().get());
    }

    Job *find(size_t index) const {
        return std::ranges::find_if(jobs_, [&](const auto &job) { return job->index() == index; })->get();
    }

    /// How many more attempts may begin now, and how many more items may begin: those that wait for their next attempt
    /// with a part of their bytes keep a file open.
    struct Room {
        size_t attempts = 0;
        size_t items = 0;
        bool is_for(const Job &job) const { return attempts > 0 && (items > 0 || job.has_landing()); }
    };
    Room room() const {
        const size_t parallel = std::max(1U, options_.parallel);
        const size_t busy = at_work_ + local_.size();
        const auto parts =
            static_cast<size_t>(std::ranges::count_if(idle_, [](const Job *job) { return job->has_landing(); }));
        return {.attempts = parallel - std::min(parallel, busy), .items = parallel * 8 - std::min(parallel * 8, parts)};
    }

    void begin_what_is_due() {
        const TimePoint time = steady_now();
        for (;;) {
            const Room free = room();
            const auto next =
                std::ranges::find_if(idle_, [&](const Job *job) { return job->due() <= time && free.is_for(*job); });
            if (free.attempts == 0 || next == idle_.end()) return;
            Job &job = **next;
            idle_.erase(next);
            begin(job);
        }
    }

    void begin(Job &job) {
        try {
            if (const auto next = job.prepare()) return settle(job, *next);
            if (is_file_url(job.place().url)) {
                job.open_local();
                local_.push_back(&job);
            } else {
                if (!http_) http_ = std::make_unique<HttpClient>(std::max(1U, options_.parallel));
                http_->start(job.index(), job.request(), job);
                at_work_++;
            }
        } catch (const Error &error) {
            settle(job, error);
        }
    }

    void settle(Job &job, const HttpEnd &end) {
        at_work_--;
        if (end.kind != HttpEnd::Kind::thrown)
            return settle(job, end.kind == HttpEnd::Kind::complete ? job.completed() : job.broken(end));
        try {
            std::rethrow_exception(end.thrown);
        } catch (const Error &error) {
            settle(job, error);
        }
    }

    /// The environment failed us (the disk is full …): no other place helps this item, and no other item will fare
    /// better.
    void settle(Job &job, const Error &error) {
        if (error.blame() == Blame::bug) throw error;
        if (error.blame() != Blame::environment) return settle(job, job.refused(error.what(), error.blame()));
        ledger_.failed(job.index(), error.what(), error.blame());
        drop(job);
        while (!idle_.empty()) {
            ledger_.failed(idle_.front()->index(), format("not fetched, because of this: {}", error.what()),
                           error.blame());
            Job &other = *idle_.front();
            idle_.pop_front();
            drop(other);
        }
    }

    void settle(Job &job, Job::Next next) {
        switch (next) {
            case Job::Next::again:
                idle_.push_front(&job);
                return;
            case Job::Next::verified:
                if (publisher_.waiting() == 0) publish_at_ = steady_now() + publish_pace;
                publisher_.add(job.index(), std::move(job).take_landing());
                break;
            case Job::Next::failed:
                ledger_.failed(job.index(), job.error(), job.blame());
                break;
        }
        drop(job);
    }

    void drop(const Job &job) {
        std::erase_if(jobs_, [&](const auto &owned) { return owned.get() == &job; });
    }

    void advance_local() {
        const std::vector<Job *> copies = std::exchange(local_, {});
        for (Job *job : copies) {
            try {
                if (job->advance_local())
                    local_.push_back(job);
                else
                    settle(*job, job->completed());
            } catch (const Error &error) {
                settle(*job, error);
            }
        }
    }

    void publish_if_due() {
        if (publisher_.waiting() >= Publisher::plenty || (publisher_.waiting() > 0 && steady_now() >= publish_at_))
            ledger_.publish(publisher_);
    }

    void wait() {
        if (jobs_.empty() || !local_.empty()) return;
        TimePoint until = steady_now() + milliseconds(1000);
        if (publisher_.waiting() > 0) until = std::min(until, publish_at_);
        const Room free = room();
        for (const Job *job : idle_)
            if (free.is_for(*job)) until = std::min(until, job->due());
        const auto time = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - steady_now()));
        if (http_) return http_->wait(time, stop_.fd());
        pollfd interrupt{.fd = stop_.fd().get(), .events = POLLIN, .revents = 0};
        ::poll(&interrupt, 1, static_cast<int>(time.count()));
    }

    void tell(const Job &job) {
        const TimePoint time = steady_now();
        if (time - told_[job.index()] < progress_pace) return;
        told_[job.index()] = time;
        monitor_.fetch_progress(ledger_.name(job.index()), job.bytes(), job.total());
    }

    const std::vector<FetchItem> &items_;
    const FetchOptions &options_;
    Monitor &monitor_;
    const Stop &stop_;
    Ledger ledger_;
    Publisher publisher_;
    Experience experience_;
    std::vector<TimePoint> told_;
    std::vector<std::unique_ptr<Job>> jobs_;
    std::deque<Job *> idle_;    ///< not at work: new, or waiting for the next attempt
    std::vector<Job *> local_;  ///< being copied from this host
    size_t at_work_ = 0;        ///< being transferred
    TimePoint publish_at_ = {};
    std::unique_ptr<HttpClient> http_;  // last: its transfers refer to the jobs
};

}  // namespace

std::vector<FetchResult> fetch_curl(const std::vector<FetchItem> &items, const FetchOptions &options, Monitor &monitor,
                                    const Stop &stop) {
    make_files_directory(options);
    return Fetcher(items, options, monitor, stop).run();
}

}  // namespace osb::engine
