// SPDX-License-Identifier: Apache-2.0
#include "tests/sandbox/support.hpp"

#include <algorithm>
#include <mutex>
#include <unistd.h>

#include <gmock/gmock.h>

#include "lib/base/log.hpp"
#include "lib/base/process.hpp"

namespace osb::sandbox::test {

namespace fs = std::filesystem;

namespace {

std::mutex lines_mutex;
std::vector<std::string> warned;
std::vector<std::string> told;

void keep_lines(LogLevel level, std::string_view line) {
    const std::lock_guard lock(lines_mutex);
    (level == LogLevel::warning ? warned : told).emplace_back(line);
}

}  // namespace

void SandboxTest::SetUp() {
    OSB_NEEDS(can_sandbox(), "root and runc");
    warned.clear();
    told.clear();
    set_log_target(keep_lines, LogLevel::info);
}

void SandboxTest::TearDown() {
    EXPECT_THAT(warned, ::testing::IsEmpty());
}

const std::vector<std::string> &SandboxTest::told_at_v() {
    return told;
}

bool can_sandbox() {
    return osb::test::is_privileged() && find_program("runc").has_value();
}

fs::path build_dir() {
    return OSB_TEST_BUILD;
}

Sandbox &SandboxTest::sandbox() {
    if (!sandbox_) {
        if (config_.state.empty()) config_.state = state();
        fs::create_directory(config_.state);
        if (config_.init.empty()) config_.init = build_dir() / "libexec/osb/osb-init";
        sandbox_ = std::make_unique<Sandbox>(config_);
    }
    return *sandbox_;
}

Spec SandboxTest::probe(std::vector<std::string> verbs, Root root) {
    verbs.insert(verbs.begin(), "/run/probe");
    return Spec{.root = std::move(root),
                .binds = {{.source = build_dir() / "tests/sandbox-probe", .target = "/run/probe"}},
                .argv = std::move(verbs),
                .env = stage_environment("", std::nullopt),
                .capabilities = default_capabilities()};
}

std::string SandboxTest::output_of(const Spec &spec) {
    StringSink sink;
    const Outcome outcome = run(spec, sink);
    EXPECT_TRUE(outcome.success()) << outcome.status.text() << " " << outcome.start_error << "\n" << sink.text;
    return std::move(sink.text);
}

std::vector<pid_t> processes_with(const std::string &text) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto &entry : fs::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(::getpid())) continue;
        try {
            if (read_file(entry.path() / "cmdline").find(text) != std::string::npos) found.push_back(std::stoi(name));
        } catch (const Error &) {  // it ended meanwhile
        }
    }
    return found;
}

std::vector<fs::path> cgroups_with(const std::string &text) {
    std::vector<fs::path> found;
    std::error_code ignored;
    for (auto place = fs::recursive_directory_iterator("/sys/fs/cgroup", ignored); place != fs::end(place);
         place.increment(ignored))
        if (place->is_directory(ignored) && place->path().filename().native().find(text) != std::string::npos)
            found.push_back(place->path());
    return found;
}

std::vector<std::string> lines(const std::string &text) {
    std::vector<std::string> list;
    for (size_t begin = 0; begin < text.size();) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        list.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return list;
}

}  // namespace osb::sandbox::test
