// SPDX-License-Identifier: Apache-2.0
#include "lib/base/lock.hpp"

#include <sys/file.h>
#include <utility>

#include "lib/base/error.hpp"

namespace osb {
namespace {
int operation(LockKind kind) {
    return kind == LockKind::shared ? LOCK_SH : LOCK_EX;
}
}  // namespace

FileLock::~FileLock() {
    // Closing alone would leave the lock to a child between fork and exec.
    if (fd_) ::flock(fd_.get(), LOCK_UN);
}

FileLock &FileLock::operator=(FileLock &&other) noexcept {
    if (this != &other) {
        const FileLock old(std::move(*this));
        fd_ = std::move(other.fd_);
    }
    return *this;
}

FileLock FileLock::wait(Fd fd, LockKind kind, std::string_view what) {
    int result = -1;
    do result = ::flock(fd.get(), operation(kind));
    while (result == -1 && errno == EINTR);
    check(result, "lock {}", what);
    return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::try_now(Fd fd, LockKind kind, std::string_view what) {
    if (::flock(fd.get(), operation(kind) | LOCK_NB) == -1) {
        if (errno == EWOULDBLOCK) return std::nullopt;
        check(-1, "lock {}", what);
    }
    return FileLock(std::move(fd));
}

}  // namespace osb
