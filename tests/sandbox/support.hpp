// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

#include "lib/sandbox/sandbox.hpp"
#include "tests/support.hpp"

namespace osb::sandbox::test {

/// Real sandboxes need root and an OCI runtime.
bool can_sandbox();

std::filesystem::path build_dir();

/// A Sandbox in a scratch directory and what a test needs around it.
class SandboxTest : public ::testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;
    /// What this test logged at level info. A warning fails it.
    static const std::vector<std::string> &told_at_v();

    /// The Sandbox of this test, made at its first use.
    Sandbox &sandbox();
    std::filesystem::path state() const { return scratch_ / "state"; }
    std::filesystem::path scratch() const { return scratch_.path(); }

    /// The test probe in a root, with the contract's environment and capabilities.
    static Spec probe(std::vector<std::string> verbs, Root root = EmptyRoot{});
    /// The output of a program that must end well.
    std::string output_of(const Spec &spec);
    Outcome run(const Spec &spec) { return run(spec, ignored_); }
    Outcome run(const Spec &spec, Sink &output) { return sandbox().run(spec, output, stop_); }

    Config config_{};
    Stop stop_;

private:
    osb::test::Scratch scratch_;
    std::unique_ptr<Sandbox> sandbox_;
    FunctionSink ignored_{[](auto) {}};
};

/// Processes whose command line contains `text`, ourselves excluded.
std::vector<pid_t> processes_with(const std::string &text);
/// All cgroups on this machine whose name contains `text`.
std::vector<std::filesystem::path> cgroups_with(const std::string &text);
/// The lines of a text.
std::vector<std::string> lines(const std::string &text);

}  // namespace osb::sandbox::test
