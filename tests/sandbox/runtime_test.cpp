// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/runtime.hpp"

#include "lib/base/fd.hpp"
#include "tests/support.hpp"

namespace osb::sandbox {
namespace {

TEST(Runtime, ItsLastErrorIsItsReason) {
    EXPECT_EQ(last_error(R"({"level":"warning","msg":"lame caching"}
{"level":"error","msg":"first"}
{"level":"error","msg":"runc run failed: second","time":"x"}
{"level":"info","msg":"later"}
{"level":"error","ms)"),
              "runc run failed: second");
    EXPECT_EQ(last_error(""), "");
    EXPECT_EQ(last_error("no json\n[1]\n{\"level\":\"error\"}\n"), "");
}

TEST(Runtime, ItsStderrIsItsReasonWhenItsLogHasNone) {
    const test::Scratch bundle;
    EXPECT_EQ(runtime_words(bundle.path()), "");
    write_file(bundle / "runtime.err", "panic: oh\ngoroutine 1\n");
    EXPECT_EQ(runtime_words(bundle.path()), "panic: oh goroutine 1");
    write_file(bundle / "runtime.log", R"({"level":"error","msg":"no"})");
    EXPECT_EQ(runtime_words(bundle.path()), "no");
}

TEST(Runtime, IsToldWhenItHasNoCgroups) {
    const Runtime with{.program = "/usr/bin/runc", .root = "/state", .cgroups = true};
    const Runtime without{.program = "/usr/bin/runc", .root = "/state", .cgroups = false};
    const auto joined = [](const Command &command) {
        std::string line;
        for (const std::string &argument : command.argv) line += argument + " ";
        return line;
    };
    EXPECT_EQ(
        joined(with.run("id", "/bundle", {})),
        "/usr/bin/runc --root /state --log /bundle/runtime.log --log-format json run --no-new-keyring --preserve-fds 3 "
        "--bundle /bundle id ");
    EXPECT_EQ(
        joined(without.run("id", "/bundle", {})),
        "/usr/bin/runc --root /state --log /bundle/runtime.log --log-format json --rootless=true run --no-new-keyring "
        "--preserve-fds 3 --bundle /bundle id ");
}

}  // namespace
}  // namespace osb::sandbox
