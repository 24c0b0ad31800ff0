// SPDX-License-Identifier: Apache-2.0
#include "tests/support.hpp"

#include <cstdlib>
#include <unistd.h>

#include "lib/base/fd.hpp"

namespace osb::test {

Scratch::Scratch()
    : dir_(std::getenv("OSB_TEST_DIR") != nullptr ? std::getenv("OSB_TEST_DIR") : "/var/tmp", "osb-test") {}

Error thrown_by(const std::function<void()> &action) {
    try {
        action();
    } catch (const Error &error) {
        return error;
    }
    ADD_FAILURE() << "an Error was expected";
    return Error("no Error was thrown");
}

std::string error_of(const std::function<void()> &action) {
    return thrown_by(action).what();
}

std::string run(const std::vector<std::string> &argv) {
    Captured captured = run_captured({.argv = argv});
    EXPECT_TRUE(captured.status.success()) << argv.front() << ": " << captured.status.text() << "\n" << captured.err;
    return std::move(captured.out);
}

void expect_golden(std::string_view name, std::string_view actual) {
    const auto path = std::filesystem::path(OSB_TEST_DATA) / name;
    if (std::getenv("OSB_REWRITE_GOLDENS") != nullptr) {
        std::filesystem::create_directories(path.parent_path());
        write_file(path, actual);
        return;
    }
    EXPECT_EQ(read_file(path), actual) << "golden file " << name;
}

bool is_privileged() {
    return ::geteuid() == 0 && ::access("/proc/self/ns/mnt", R_OK) == 0;
}

}  // namespace osb::test
