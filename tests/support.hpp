// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/base/process.hpp"
#include "lib/base/temp_dir.hpp"

namespace osb::test {

/// A directory for one test, gone afterwards. On $OSB_TEST_DIR, else /var/tmp: a real disk, where overlayfs can have an
/// upper.
class Scratch {
public:
    Scratch();
    const std::filesystem::path &path() const { return dir_.path(); }
    std::filesystem::path operator/(std::string_view name) const { return dir_.path() / name; }

private:
    TempDir dir_;
};

/// The sentence of the Error that `action` throws; the test fails when it throws none.
std::string error_of(const std::function<void()> &action);
/// The whole Error, for its code and blame.
Error thrown_by(const std::function<void()> &action);

/// Runs a program; the test fails with its output when its status is not 0. Returns its standard output.
std::string run(const std::vector<std::string> &argv);

/// Compares `actual` with the golden file tests/data/NAME. OSB_REWRITE_GOLDENS=1 writes it instead; review the diff.
void expect_golden(std::string_view name, std::string_view actual);

/// Whether this process may do what root may (mount, mknod, chown).
bool is_privileged();

}  // namespace osb::test

/// Skips the test, saying what this environment lacks; skipped tests are counted by the runner.
#define OSB_NEEDS(condition, what) \
    if (!(condition)) GTEST_SKIP() << "this environment lacks " << (what)
