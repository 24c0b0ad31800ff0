// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/process.hpp"
#include "tests/support.hpp"

namespace osb::test {

/// The osb program that was built with these tests.
std::filesystem::path osb_program();

/// Runs it. stdout and stderr are captured; a status other than 0 is for the caller to judge.
Captured run_osb(std::vector<std::string> arguments, std::string_view input = {},
                 std::vector<std::string> more_env = {});

/// Runs it and expects exit code 0; the test fails with what it said otherwise. Returns its standard output.
std::string osb(std::vector<std::string> arguments);

/// A store that must be whole and at rest: every ref leads to an object whose content is what its name says, and tmp/
/// is empty. Says what is wrong; empty when all is well. No store at all is well.
std::string trouble_in_store(const std::filesystem::path &store);

/// Replaces every `from` in `text`.
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace osb::test
