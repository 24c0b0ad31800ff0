// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <exception>

#include "lib/base/fd.hpp"

namespace osb {

/// Thrown where work ends because somebody asked for it (Ctrl-C, SIGTERM). Not an Error: no handler of errors may eat
/// it.
class Interrupted : public std::exception {
public:
    explicit Interrupted(int signal) : signal_(signal) {}
    const char *what() const noexcept override { return "interrupted"; }
    /// SIGINT, SIGTERM …; exit code is 128 + this.
    int signal() const noexcept { return signal_; }

private:
    int signal_;
};

/// A wish to stop, shared by all threads of a run. Whoever waits for something else polls fd() as well.
class Stop {
public:
    Stop();
    /// From any thread, also from a signal handler. The first signal counts.
    void request(int signal) noexcept;
    bool requested() const noexcept { return signal_.load() != 0; }
    /// Throws Interrupted when a stop was requested.
    void check() const;
    /// Becomes and stays readable once a stop was requested.
    const Fd &fd() const noexcept { return event_; }

private:
    std::atomic<int> signal_{0};
    Fd event_;
};

}  // namespace osb
