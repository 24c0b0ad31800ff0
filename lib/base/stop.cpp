// SPDX-License-Identifier: Apache-2.0
#include "lib/base/stop.hpp"

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb {

Stop::Stop() : event_(osb::check(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "make an event descriptor")) {}

void Stop::request(int signal) noexcept {
    int none = 0;
    if (!signal_.compare_exchange_strong(none, signal)) return;
    const std::uint64_t one = 1;
    const int number = errno;  // a signal handler leaves it as it was
    [[maybe_unused]] const ssize_t ignored = ::write(event_.get(), &one, sizeof one);
    errno = number;
}

void Stop::check() const {
    if (const int signal = signal_.load()) throw Interrupted(signal);
}

}  // namespace osb
