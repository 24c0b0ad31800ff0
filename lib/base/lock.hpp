// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "lib/base/fd.hpp"

namespace osb {

enum class LockKind { shared, exclusive };

/// A lock on an open file (flock(2)), held until destroyed, also when a child has inherited the descriptor, and
/// released by the kernel when the process dies. Two Fds opened separately exclude each other also within one process.
class FileLock {
public:
    /// Waits for the lock.
    static FileLock wait(Fd fd, LockKind kind, std::string_view what);
    /// nullopt when somebody else holds it.
    static std::optional<FileLock> try_now(Fd fd, LockKind kind, std::string_view what);

    FileLock(FileLock &&other) noexcept = default;
    FileLock &operator=(FileLock &&other) noexcept;
    FileLock(const FileLock &) = delete;
    FileLock &operator=(const FileLock &) = delete;
    ~FileLock();

    const Fd &fd() const noexcept { return fd_; }

private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace osb
