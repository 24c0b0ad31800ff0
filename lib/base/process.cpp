// SPDX-License-Identifier: Apache-2.0
#include "lib/base/process.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb {
namespace {

std::vector<char *> pointers(const std::vector<std::string> &texts) {
    std::vector<char *> list;
    list.reserve(texts.size() + 1);
    for (const std::string &text : texts) list.push_back(const_cast<char *>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

/// Everything the child needs, made before fork: between fork and exec only async-signal-safe calls are allowed.
struct Prepared {
    std::string program;
    std::vector<char *> argv;
    std::vector<char *> env;
    std::string cwd;
    std::vector<PassedFd> fds;
    int highest = 2;
    pid_t parent = 0;
    bool new_session = false;
};

[[noreturn]] void run_child(const Prepared &ready, int report) {
    const auto stop = [&] {
        const int number = errno;
        [[maybe_unused]] const ssize_t ignored = ::write(report, &number, sizeof number);
        ::_exit(127);
    };
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != ready.parent) ::_exit(127);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // What we ignore stays ignored beyond exec unless it is undone.
    for (int number = 1; number < NSIG; number++) ::signal(number, SIG_DFL);
    if (ready.new_session) ::setsid();
    // First out of the way of every target number, then onto them.
    report = ::fcntl(report, F_DUPFD_CLOEXEC, ready.highest + 1);
    std::array<int, 32> moved{};
    for (size_t i = 0; i < ready.fds.size(); i++) {
        moved[i] = ::fcntl(ready.fds[i].fd, F_DUPFD_CLOEXEC, ready.highest + 1);
        if (moved[i] == -1) stop();
    }
    for (size_t i = 0; i < ready.fds.size(); i++)
        if (::dup2(moved[i], ready.fds[i].as) == -1) stop();
    for (int number = 3; number <= ready.highest; number++) {
        bool wanted = false;
        for (const PassedFd &passed : ready.fds) wanted = wanted || passed.as == number;
        if (!wanted) ::close(number);
    }
    ::syscall(SYS_close_range, static_cast<unsigned>(ready.highest + 1), ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    if (!ready.cwd.empty() && ::chdir(ready.cwd.c_str()) == -1) stop();
    ::execve(ready.program.c_str(), ready.argv.data(), ready.env.data());
    stop();
    ::_exit(127);
}

ExitStatus status_of(int raw) {
    if (WIFSIGNALED(raw)) return {.code = 0, .signal = WTERMSIG(raw)};
    return {.code = WEXITSTATUS(raw), .signal = 0};
}

}  // namespace

std::string ExitStatus::text() const {
    if (signal != 0) return format("signal {} ({})", signal, ::strsignal(signal));
    return format("exit code {}", code);
}

std::optional<std::filesystem::path> find_program(std::string_view program) {
    if (program.find('/') != std::string_view::npos) {
        if (::access(std::string(program).c_str(), X_OK) == 0) return std::filesystem::path(program);
        return std::nullopt;
    }
    const char *variable = std::getenv("PATH");
    std::string_view rest = variable != nullptr ? variable : "/usr/sbin:/usr/bin:/sbin:/bin";
    while (!rest.empty()) {
        const size_t colon = rest.find(':');
        const auto place = std::filesystem::path(rest.substr(0, colon)) / program;
        struct stat status {};
        if (::access(place.c_str(), X_OK) == 0 && ::stat(place.c_str(), &status) == 0 && S_ISREG(status.st_mode))
            return place;
        rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
    }
    return std::nullopt;
}

Process Process::spawn(const Command &command) {
    OSB_ASSERT(!command.argv.empty());
    const std::string &name = command.argv.front();
    const auto program = find_program(name);
    if (!program) throw_errno(name.find('/') == std::string::npos ? ENOENT : errno, "start {}", name);

    Prepared ready;
    ready.program = program->native();
    ready.argv = pointers(command.argv);
    if (command.env) {
        ready.env = pointers(*command.env);
    } else {
        for (char **entry = environ; *entry != nullptr; entry++) ready.env.push_back(*entry);
        ready.env.push_back(nullptr);
    }
    ready.cwd = command.cwd.native();
    ready.new_session = command.new_session;
    ready.parent = ::getpid();
    Fd null;
    if (command.in == -1) null = open_file("/dev/null", O_RDONLY);
    ready.fds = command.fds;
    ready.fds.push_back({command.in == -1 ? null.get() : command.in, 0});
    ready.fds.push_back({command.out == -1 ? 1 : command.out, 1});
    ready.fds.push_back({command.err == -1 ? 2 : command.err, 2});
    OSB_ASSERT(ready.fds.size() <= 32);
    for (const PassedFd &passed : ready.fds) ready.highest = std::max(ready.highest, passed.as);

    Pipe report = Pipe::make();
    const pid_t pid = check(::fork(), "start {}", name);
    if (pid == 0) run_child(ready, report.write.get());
    report.write.reset();
    Process process(pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
    check(process.pidfd_.get(), "watch {}", name);
    int number = 0;
    const size_t count = read_some(report.read, std::as_writable_bytes(std::span(&number, 1)), "the child's report");
    if (count == sizeof number) throw_errno(number, "start {}", name);
    return process;
}

Process::Process(Process &&other) noexcept : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

Process &Process::operator=(Process &&other) noexcept {
    if (this != &other) {
        const Process old(std::move(*this));
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
    }
    return *this;
}

Process::~Process() {
    if (pid_ == -1) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) == -1 && errno == EINTR) {
    }
}

ExitStatus Process::wait() {
    OSB_ASSERT(pid_ != -1);
    int raw = 0;
    pid_t got = -1;
    do got = ::waitpid(pid_, &raw, 0);
    while (got == -1 && errno == EINTR);
    check(got, "wait for process {}", pid_);
    pid_ = -1;
    return status_of(raw);
}

std::optional<ExitStatus> Process::wait_for(std::chrono::milliseconds time) {
    pollfd ready{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
    int count = -1;
    do count = ::poll(&ready, 1, static_cast<int>(time.count()));
    while (count == -1 && errno == EINTR);
    if (check(count, "wait for process {}", pid_) == 0) return std::nullopt;
    return wait();
}

void Process::kill(int signal) const noexcept {
    if (pid_ != -1) ::kill(pid_, signal);
}

Captured run_captured(Command command, std::string_view input, size_t limit) {
    Pipe in = Pipe::make();
    Pipe out = Pipe::make();
    Pipe err = Pipe::make();
    command.in = in.read.get();
    command.out = out.write.get();
    command.err = err.write.get();
    Process process = Process::spawn(command);
    in.read.reset();
    out.write.reset();
    err.write.reset();
    check(::fcntl(in.write.get(), F_SETFL, O_NONBLOCK), "feed {}", command.argv.front());
    if (input.empty()) in.write.reset();

    Captured captured;
    std::array<std::byte, 65536> room;
    const auto drain = [&](Fd &fd, std::string &text) {
        const size_t count = read_some(fd, room, command.argv.front());
        if (count == 0) fd.reset();
        text.append(reinterpret_cast<const char *>(room.data()), std::min(count, limit - std::min(limit, text.size())));
    };
    while (out.read || err.read || in.write) {
        std::array<pollfd, 3> wait{{{.fd = out.read.get(), .events = POLLIN, .revents = 0},
                                    {.fd = err.read.get(), .events = POLLIN, .revents = 0},
                                    {.fd = in.write.get(), .events = POLLOUT, .revents = 0}}};
        if (::poll(wait.data(), wait.size(), -1) == -1) {
            if (errno == EINTR) continue;
            check(-1, "read from {}", command.argv.front());
        }
        if (wait[0].revents != 0) drain(out.read, captured.out);
        if (wait[1].revents != 0) drain(err.read, captured.err);
        if (wait[2].revents != 0) {
            const ssize_t count = ::write(in.write.get(), input.data(), input.size());
            const int number = errno;
            if (count >= 0) input.remove_prefix(static_cast<size_t>(count));
            if (input.empty() || (count == -1 && number != EAGAIN && number != EINTR)) in.write.reset();
        }
    }
    captured.status = process.wait();
    return captured;
}

}  // namespace osb
