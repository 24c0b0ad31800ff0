// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/container.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/sandbox/init/protocol.hpp"

namespace osb::sandbox {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// How long a killed container may take to be gone; only a process stuck in the kernel needs more than an instant.
constexpr milliseconds patience{10'000};

/// What osb-init told so far.
struct Told {
    bool started = false;
    std::optional<ExitStatus> ended;
    int exec_error = 0;
    std::optional<Error> setup_error;
};

class Container {
public:
    Container(const Runtime &runtime, std::string id, const std::filesystem::path &bundle, Sink &output)
        : runtime_(runtime), id_(std::move(id)), bundle_(bundle), output_(output), room_(65536) {
        Pipe out = Pipe::make();
        Pipe status = Pipe::make();
        Pipe alive = Pipe::make();
        const Fd log = open_file(bundle_ / "runtime.err", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        Command command = runtime_.run(id_, bundle_,
                                       {{.fd = out.write.get(), .as = protocol::output_fd},
                                        {.fd = alive.read.get(), .as = protocol::liveness_fd},
                                        {.fd = status.write.get(), .as = protocol::status_fd}});
        command.out = command.err = log.get();
        process_.emplace(Process::spawn(command));
        out_ = std::move(out.read);
        status_ = std::move(status.read);
        alive_ = std::move(alive.write);
    }
    Container(const Container &) = delete;
    Container &operator=(const Container &) = delete;

    /// The fallback when something threw; end() says more.
    ~Container() {
        if (!process_) return;
        try {
            kill();
            forget(process_->wait_for(patience));
        } catch (const std::exception &error) {
            log_warning("{}", error.what());
        }
    }

    const Fd &pidfd() const { return process_->pidfd(); }
    const Fd &out() const { return out_; }
    const Fd &status() const { return status_; }
    const Told &told() const { return told_; }

    /// osb-init takes it as osb's death, exits, and the kernel kills what else is in its pid namespace.
    void kill() { alive_.reset(); }

    void read_output() {
        const size_t count = read_some(out_, room_, "a stage's output");
        if (count == 0)
            out_.reset();
        else
            output_.write(std::span<const std::byte>(room_).first(count));
    }

    void read_status() {
        protocol::Report report;
        const size_t count = read_some(status_, std::as_writable_bytes(std::span(&report, 1)), "osb-init's report");
        if (count == 0) status_.reset();
        if (count != sizeof report) return;
        report.what[sizeof report.what - 1] = '\0';
        switch (report.event) {
            case protocol::Event::started:
                told_.started = true;
                break;
            case protocol::Event::ended:
                told_.ended = ExitStatus{.code = report.code, .signal = report.signal};
                break;
            case protocol::Event::exec_failed:
                told_.exec_error = report.code;
                break;
            case protocol::Event::setup_failed:
                told_.setup_error = Error(static_cast<const char *>(report.what),
                                          std::error_code(report.code, std::generic_category()));
                break;
        }
    }

    /// After the runtime's end: takes what is left in the pipes. `status` nullopt: the runtime does not end.
    ExitStatus end(std::optional<ExitStatus> status) {
        forget(status);
        while (status_ && waiting(status_) > 0) read_status();
        // Nobody inside lives: what is in the pipe now is all there is, even should somebody outside hold its other
        // end.
        for (size_t left = out_ ? waiting(out_) : 0; left > 0;) {
            const size_t count =
                read_some(out_, std::span(room_).first(std::min(left, room_.size())), "a stage's output");
            if (count == 0) break;
            output_.write(std::span<const std::byte>(room_).first(count));
            left -= count;
        }
        return *status;
    }

    std::optional<ExitStatus> wait_for(milliseconds time) { return process_->wait_for(time); }

private:
    /// Ends the runtime, should it be there still, and removes what it leaves when it is killed.
    void forget(std::optional<ExitStatus> status) {
        {
            const Process ended = std::move(*process_);
            process_.reset();
        }
        if (!status || status->signal != 0) runtime_.remove(id_);
        if (!status) fail(Blame::environment, "the processes of sandbox {} do not end", id_);
    }

    static size_t waiting(const Fd &pipe) {
        int count = 0;
        check(::ioctl(pipe.get(), FIONREAD, &count), "look into a pipe");
        return static_cast<size_t>(count);
    }

    const Runtime &runtime_;
    std::string id_;
    const std::filesystem::path &bundle_;
    Sink &output_;
    std::vector<std::byte> room_;
    std::optional<Process> process_;
    Fd out_;
    Fd status_;
    Fd alive_;
    Told told_;
};

enum class Ending { own, timeout, stopped };

/// Carries output and reports until the runtime has ended, or does not end within our patience.
class Watch {
public:
    Watch(Container &container, std::optional<milliseconds> timeout, const Stop &stop)
        : container_(container), stop_(stop) {
        if (timeout) deadline_ = steady_now() + *timeout;
    }

    /// nullopt: it was killed and is still not gone.
    std::optional<ExitStatus> until_end() {
        for (;;) {
            const auto next = killed_ ? killed_ : deadline_;
            std::array<pollfd, 4> events{{{.fd = container_.out().get(), .events = POLLIN, .revents = 0},
                                          {.fd = container_.status().get(), .events = POLLIN, .revents = 0},
                                          {.fd = container_.pidfd().get(), .events = POLLIN, .revents = 0},
                                          {.fd = killed_ ? -1 : stop_.fd().get(), .events = POLLIN, .revents = 0}}};
            const int count = ::poll(events.data(), events.size(), next ? left_until(*next) : -1);
            if (count == -1) {
                if (errno == EINTR) continue;
                check(count, "wait for a stage");
            }
            if (events[2].revents != 0) return container_.wait_for(milliseconds(0));
            if (events[0].revents != 0) container_.read_output();
            if (events[1].revents != 0) container_.read_status();
            if (events[3].revents != 0) kill(Ending::stopped);
            if (next && steady_now() >= *next) {
                if (killed_) return std::nullopt;
                kill(Ending::timeout);
            }
            // The stage has ended: what remains is between osb-init, the kernel and the runtime.
            if (container_.told().ended && !killed_) kill(Ending::own);
        }
    }

    Ending ending() const { return ending_; }

private:
    void kill(Ending why) {
        ending_ = why;
        killed_ = steady_now() + patience;
        container_.kill();
    }

    static int left_until(Clock::time_point time) {
        const auto left = std::chrono::ceil<milliseconds>(time - steady_now()).count();
        return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
    }

    Container &container_;
    const Stop &stop_;
    std::optional<Clock::time_point> deadline_;
    std::optional<Clock::time_point> killed_;
    Ending ending_ = Ending::own;
};

}  // namespace

Outcome run_container(const Runtime &runtime, const std::string &id, const std::filesystem::path &bundle,
                      std::optional<milliseconds> timeout, Sink &output, const Stop &stop) {
    Container container(runtime, id, bundle, output);
    Watch watch(container, timeout, stop);
    const ExitStatus status = container.end(watch.until_end());
    if (watch.ending() == Ending::stopped) stop.check();

    const Told &told = container.told();
    Outcome outcome;
    outcome.timed_out = watch.ending() == Ending::timeout && !told.ended;
    if (told.ended) {
        outcome.status = *told.ended;
        if (told.exec_error != 0) outcome.start_error = std::generic_category().message(told.exec_error);
        return outcome;
    }
    // It was ended: by us, or with osb-init by somebody outside, such as the kernel when memory is short.
    if (outcome.timed_out || told.started) {
        outcome.status = {.code = 0, .signal = SIGKILL};
        return outcome;
    }
    if (told.setup_error) in_context([&] { throw *told.setup_error; }, "prepare the sandbox");
    const std::string words = runtime_words(bundle);
    fail(Blame::environment, "make a sandbox: {}: {}", runtime.program, words.empty() ? status.text() : words);
}

}  // namespace osb::sandbox
