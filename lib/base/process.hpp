// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "lib/base/fd.hpp"

namespace osb {

/// How a child ended: by exit(code), or by a signal.
struct ExitStatus {
    int code = 0;
    int signal = 0;
    bool success() const noexcept { return code == 0 && signal == 0; }
    /// "exit code 3", "signal 9 (Killed)".
    std::string text() const;
    bool operator==(const ExitStatus &) const = default;
};

/// A descriptor the child gets under the number `as`. Not owned.
struct PassedFd {
    int fd;
    int as;
};

/// A program to start; a value. There is no shell: argv goes to the program as it is.
struct Command {
    std::vector<std::string> argv;                               ///< argv[0] is looked up in PATH unless it has a slash
    std::optional<std::vector<std::string>> env = std::nullopt;  ///< "NAME=value"; nullopt: this process's own
    std::filesystem::path cwd = {};                              ///< empty: this process's own
    int in = -1;                                                 ///< -1: /dev/null
    int out = -1;                                                ///< -1: inherited
    int err = -1;                                                ///< -1: inherited
    std::vector<PassedFd> fds = {};                              ///< all other descriptors are closed in the child
    bool new_session = false;                                    ///< a Ctrl-C on our terminal does not reach it
};

/// A running child: waited for, or killed and waited for in the destructor; never forgotten. The kernel kills it
/// (SIGKILL) when the thread that started it ends, so it must be started by a thread that outlives it.
class Process {
public:
    /// Throws when the program cannot be started ("start NAME: No such file or directory").
    static Process spawn(const Command &command);
    Process(Process &&other) noexcept;
    Process &operator=(Process &&other) noexcept;
    Process(const Process &) = delete;
    Process &operator=(const Process &) = delete;
    ~Process();

    pid_t pid() const noexcept { return pid_; }
    /// Becomes readable (poll) when the child has ended.
    const Fd &pidfd() const noexcept { return pidfd_; }
    ExitStatus wait();
    /// nullopt when it still runs after `time`.
    std::optional<ExitStatus> wait_for(std::chrono::milliseconds time);
    void kill(int signal) const noexcept;

private:
    Process(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    pid_t pid_ = -1;
    Fd pidfd_;
};

/// What a finished child said.
struct Captured {
    ExitStatus status;
    std::string out;
    std::string err;
};

/// Runs to the end and captures both outputs (at most `limit` bytes of each are kept; the rest is read and dropped).
/// `input` is written to its standard input; the caller's program ignores SIGPIPE. A status other than 0 is an outcome,
/// not an Error.
Captured run_captured(Command command, std::string_view input = {}, size_t limit = size_t{64} << 20);

/// Where `program` is in PATH; nullopt when it is not installed.
std::optional<std::filesystem::path> find_program(std::string_view program);

}  // namespace osb
