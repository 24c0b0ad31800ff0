// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "lib/base/mount.hpp"

/// Every test program runs in a mount namespace of its own, as osb does: what a failed test leaves mounted goes with
/// it.
int main(int argc, char **argv) {
    ::testing::InitGoogleTest(&argc, argv);
    ::signal(SIGPIPE, SIG_IGN);
    ::umask(022);
    try {
        osb::enter_private_mount_namespace();
    } catch (const std::exception &error) {
        std::fprintf(stderr, "note: %s; tests that mount will be skipped\n", error.what());
    }
    return RUN_ALL_TESTS();
}
