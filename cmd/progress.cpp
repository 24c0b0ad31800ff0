// SPDX-License-Identifier: Apache-2.0
#include "cmd/progress.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <sys/ioctl.h>
#include <thread>
#include <unistd.h>

#include "cmd/output.hpp"
#include "cmd/progress_state.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/json.hpp"

namespace osb::cmd {
namespace {

using engine::Monitor;
using std::chrono::milliseconds;

void to_stderr(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string seconds_text(milliseconds time) {
    return format("{:.1f} s", static_cast<double>(time.count()) / 1000);
}

std::string short_id(std::string_view id) {
    return std::string(id.substr(0, 12));
}

}  // namespace

/// What the four styles have in common.
class Progress::Display : public Monitor {
public:
    virtual void say(std::string_view line) { to_stderr(std::string(line) + "\n"); }
    virtual void finish() {}
};

namespace {

using Display = Progress::Display;

class SilentDisplay final : public Display {};

/// Lines that stay; of a stage's output whole lines, made printable.
class PlainDisplay : public Display {
public:
    void planned(size_t items, size_t pipelines, size_t stages) override {
        items_ = items;
        if (items > 0) tell(format("fetching {} source items", items));
        if (pipelines == 0)
            tell("nothing to build: the store holds it all");
        else if (pipelines > 1)
            tell(format("building {} pipelines, {} stages", pipelines, stages));
        begin_ = steady_now();
    }
    void fetch_done(std::string_view name, std::uint64_t bytes, bool cached, std::string_view error) override {
        done_++;
        if (!error.empty())
            tell(format("fetching {}: {}", name, error));
        else if (!cached)
            bytes_ += bytes;
        if (done_ == items_)
            tell(format("fetched {} in {}", human_size(bytes_),
                        seconds_text(std::chrono::duration_cast<milliseconds>(steady_now() - begin_))));
    }
    void pipeline_begins(std::string_view pipeline, std::string_view id, size_t stages) override {
        tell(format("pipeline {} ({}): {} stages", pipeline, short_id(id), stages));
    }
    void pipeline_resumed(std::string_view pipeline, size_t skipped) override {
        tell(format("pipeline {}: the first {} are in the store", pipeline, skipped));
    }
    void stage_begins(std::string_view pipeline, std::string_view stage, std::string_view id) override {
        tell(format("{}: {} ({})", pipeline, stage, short_id(id)));
    }
    void stage_output(std::string_view pipeline, std::string_view, std::string_view bytes) override {
        std::string &rest = rests_[std::string(pipeline)];
        rest += bytes;
        size_t start = 0;
        for (size_t end = 0; (end = rest.find('\n', start)) != std::string::npos; start = end + 1)
            show_output(pipeline, std::string_view(rest).substr(start, end - start));
        rest.erase(0, start);
        if (rest.size() > longest_line) flush(pipeline, rest);
    }
    void stage_ends(std::string_view pipeline, std::string_view stage, bool success, milliseconds took) override {
        std::string &rest = rests_[std::string(pipeline)];
        if (!rest.empty()) flush(pipeline, rest);
        tell(format("{}: {} {} after {}", pipeline, stage, success ? "done" : "refused", seconds_text(took)));
    }
    void committed(std::string_view pipeline, std::string_view id, std::string_view treesum) override {
        tell(format("{}: committed {} as {}", pipeline, short_id(id), short_id(treesum)));
    }
    void export_begins(std::string_view pipeline, std::string_view target) override {
        tell(format("exporting {} to {}", pipeline, target));
    }

protected:
    virtual void tell(std::string_view line) { say(line); }
    virtual void show_output(std::string_view pipeline, std::string_view line) {
        say(format("  {} | {}", pipeline, printable(line)));
    }

private:
    static constexpr size_t longest_line = 4096;

    void flush(std::string_view pipeline, std::string &rest) {
        show_output(pipeline, rest);
        rest.clear();
    }

    size_t items_ = 0;
    size_t done_ = 0;
    std::uint64_t bytes_ = 0;
    std::chrono::steady_clock::time_point begin_;
    std::map<std::string, std::string> rests_;
};

/// One live line at the bottom, refreshed five times a second; finished things scroll away above it.
class TtyDisplay final : public PlainDisplay {
public:
    TtyDisplay() : ticker_([this] { tick(); }) { state_.begin = steady_now(); }
    ~TtyDisplay() override { end(); }

    void say(std::string_view line) override {
        const std::scoped_lock lock(mutex_);
        to_stderr(format("\r\033[K{}\n", line));
        draw();
    }
    void finish() override { end(); }

    void planned(size_t items, size_t, size_t) override {
        const std::scoped_lock lock(mutex_);
        state_.items = items;
        state_.fetch_begin = steady_now();
    }
    void fetch_progress(std::string_view name, std::uint64_t bytes, std::uint64_t) override {
        const std::scoped_lock lock(mutex_);
        state_.in_flight[std::string(name)] = bytes;
    }
    void fetch_done(std::string_view name, std::uint64_t bytes, bool cached, std::string_view error) override {
        const std::scoped_lock lock(mutex_);
        if (const auto found = state_.in_flight.find(name); found != state_.in_flight.end())
            state_.in_flight.erase(found);
        state_.items_done++;
        if (!cached && error.empty()) state_.bytes_done += bytes;
    }
    void pipeline_begins(std::string_view pipeline, std::string_view, size_t stages) override {
        const std::scoped_lock lock(mutex_);
        state_.pipelines[std::string(pipeline)] = {.stages = stages, .current = 0, .stage = {}, .since = steady_now()};
    }
    void pipeline_resumed(std::string_view pipeline, size_t skipped) override {
        const std::scoped_lock lock(mutex_);
        state_.pipelines[std::string(pipeline)].current = skipped;
    }
    void stage_begins(std::string_view pipeline, std::string_view stage, std::string_view) override {
        const std::scoped_lock lock(mutex_);
        auto &running = state_.pipelines[std::string(pipeline)];
        running.current++;
        running.stage = stage;
        running.since = steady_now();
    }
    void stage_output(std::string_view, std::string_view, std::string_view) override {}
    void pipeline_ends(std::string_view pipeline, bool) override {
        const std::scoped_lock lock(mutex_);
        if (const auto found = state_.pipelines.find(pipeline); found != state_.pipelines.end())
            state_.pipelines.erase(found);
    }
    void export_begins(std::string_view, std::string_view target) override {
        const std::scoped_lock lock(mutex_);
        state_.exporting = target;
    }
    void export_ends(std::string_view, std::string_view, std::string_view, std::uint64_t) override {
        const std::scoped_lock lock(mutex_);
        state_.exporting.clear();
    }

private:
    static size_t width() {
        winsize size{};
        if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10) return size.ws_col - size_t{1};
        return 79;
    }
    /// With the lock held.
    void draw() const {
        if (!over_) to_stderr("\r\033[K" + printable(state_.line(steady_now(), width())));
        std::fflush(stderr);
    }
    void tick() {
        std::unique_lock lock(mutex_);
        while (!over_) {
            draw();
            wake_.wait_for(lock, milliseconds(200), [this] { return over_; });
        }
    }
    void end() {
        {
            const std::scoped_lock lock(mutex_);
            if (over_) return;
            over_ = true;
            to_stderr("\r\033[K");
        }
        wake_.notify_all();
        ticker_.join();
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    bool over_ = false;
    ProgressState state_;
    std::thread ticker_;
};

/// One record a line.
class JsonDisplay final : public Display {
public:
    void say(std::string_view line) override { put({{"event", "message"}, {"text", line}}); }
    void planned(size_t items, size_t pipelines, size_t stages) override {
        put({{"event", "planned"}, {"items", items}, {"pipelines", pipelines}, {"stages", stages}});
    }
    void fetch_progress(std::string_view name, std::uint64_t bytes, std::uint64_t total) override {
        put({{"event", "fetch_progress"}, {"name", name}, {"bytes", bytes}, {"total", total}});
    }
    void fetch_done(std::string_view name, std::uint64_t bytes, bool cached, std::string_view error) override {
        put({{"event", "fetch_done"}, {"name", name}, {"bytes", bytes}, {"cached", cached}, {"error", error}});
    }
    void pipeline_begins(std::string_view pipeline, std::string_view id, size_t stages) override {
        put({{"event", "pipeline_begins"}, {"pipeline", pipeline}, {"id", id}, {"stages", stages}});
    }
    void pipeline_resumed(std::string_view pipeline, size_t skipped) override {
        put({{"event", "pipeline_resumed"}, {"pipeline", pipeline}, {"stages_skipped", skipped}});
    }
    void stage_begins(std::string_view pipeline, std::string_view stage, std::string_view id) override {
        put({{"event", "stage_begins"}, {"pipeline", pipeline}, {"stage", stage}, {"id", id}});
    }
    void stage_output(std::string_view pipeline, std::string_view stage, std::string_view bytes) override {
        put({{"event", "stage_output"}, {"pipeline", pipeline}, {"stage", stage}, {"text", bytes}});
    }
    void stage_ends(std::string_view pipeline, std::string_view stage, bool success, milliseconds took) override {
        put({{"event", "stage_ends"},
             {"pipeline", pipeline},
             {"stage", stage},
             {"success", success},
             {"milliseconds", took.count()}});
    }
    void committed(std::string_view pipeline, std::string_view id, std::string_view treesum) override {
        put({{"event", "committed"}, {"pipeline", pipeline}, {"id", id}, {"treesum", treesum}});
    }
    void pipeline_ends(std::string_view pipeline, bool success) override {
        put({{"event", "pipeline_ends"}, {"pipeline", pipeline}, {"success", success}});
    }
    void export_begins(std::string_view pipeline, std::string_view target) override {
        put({{"event", "export_begins"}, {"pipeline", pipeline}, {"target", target}});
    }
    void export_ends(std::string_view pipeline, std::string_view target, std::string_view digest,
                     std::uint64_t bytes) override {
        put({{"event", "export_ends"},
             {"pipeline", pipeline},
             {"target", target},
             {"digest", digest},
             {"bytes", bytes}});
    }

private:
    static void put(const Json &record) { to_stderr(to_text(record, python_style) + "\n"); }
};

std::unique_ptr<Display> make_display(ProgressStyle style) {
    if (style == ProgressStyle::automatic) {
        const char *term = std::getenv("TERM");
        const bool terminal = ::isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
        style = terminal ? ProgressStyle::tty : ProgressStyle::plain;
    }
    switch (style) {
        case ProgressStyle::tty:
            return std::make_unique<TtyDisplay>();
        case ProgressStyle::json:
            return std::make_unique<JsonDisplay>();
        case ProgressStyle::none:
            return std::make_unique<SilentDisplay>();
        case ProgressStyle::plain:
        case ProgressStyle::automatic:
            break;
    }
    return std::make_unique<PlainDisplay>();
}

}  // namespace

Progress::Progress(ProgressStyle style) : display_(make_display(style)) {}
Progress::~Progress() = default;
engine::Monitor &Progress::monitor() noexcept {
    return *display_;
}
void Progress::say(std::string_view line) {
    display_->say(line);
}
void Progress::finish() {
    display_->finish();
}

}  // namespace osb::cmd
