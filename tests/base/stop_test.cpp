// SPDX-License-Identifier: Apache-2.0
#include "lib/base/stop.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "tests/support.hpp"

namespace osb {
namespace {

bool readable(const Fd &fd) {
    pollfd one{.fd = fd.get(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) == 1;
}

TEST(Stop, TheFirstSignalCountsAndStays) {
    Stop stop;
    EXPECT_FALSE(stop.requested());
    EXPECT_FALSE(readable(stop.fd()));
    EXPECT_NO_THROW(stop.check());
    stop.request(SIGTERM);
    stop.request(SIGINT);
    EXPECT_TRUE(stop.requested());
    for (int i = 0; i < 2; i++) {
        EXPECT_TRUE(readable(stop.fd()));
        try {
            stop.check();
            FAIL() << "it was asked for";
        } catch (const Interrupted &interrupted) {
            EXPECT_EQ(interrupted.signal(), SIGTERM);
        }
    }
}

TEST(Stop, IsNoError) {
    Stop stop;
    stop.request(SIGINT);
    EXPECT_THROW(
        {
            try {
                stop.check();
            } catch (const Error &) {
            }
        },
        Interrupted);
}

Stop *handled = nullptr;

TEST(Stop, InASignalHandlerLeavesErrnoAlone) {
    Stop stop;
    handled = &stop;
    // A write to the event that fails is what would show.
    const Fd read_only = open_file("/dev/null", O_RDONLY);
    const Fd keep = stop.fd().duplicate();
    ASSERT_EQ(::dup3(read_only.get(), stop.fd().get(), O_CLOEXEC), stop.fd().get());
    const auto before = ::signal(SIGUSR1, [](int number) { handled->request(number); });
    errno = ERANGE;
    ::raise(SIGUSR1);
    EXPECT_EQ(errno, ERANGE);
    ::signal(SIGUSR1, before);
    EXPECT_TRUE(stop.requested());
}

}  // namespace
}  // namespace osb
