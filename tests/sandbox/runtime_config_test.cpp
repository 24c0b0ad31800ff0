// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/runtime_config.hpp"

#include "lib/base/json.hpp"
#include "lib/sandbox/capabilities.hpp"
#include "tests/support.hpp"

namespace osb::sandbox {
namespace {

constexpr JsonStyle readable{.keys = JsonStyle::Keys::as_they_are, .spaces = JsonStyle::Spaces::python, .indent = 2};

void expect_config(std::string_view golden, const Spec &spec, const Layout &layout, const Host &host) {
    test::expect_golden(golden, to_text(runtime_config(spec, layout, host), readable) + "\n");
}

const Host full_host{
    .architecture = "x86_64", .capabilities = ~CapabilitySet{0}, .cgroups = true, .fuse = true, .selinux = true};

/// A stage as the engine asks for it.
Spec stage() {
    return Spec{
        .root = BuildTree{"/store/objects/tree"},
        .binds = {{.source = "/store/tmp/run/tree", .target = "/run/osbuild/tree", .access = Access::read_write},
                  {.source = "/store/tmp/run/inputs", .target = "/run/osbuild/inputs"},
                  {.source = "/usr/lib/osbuild", .target = "//run/osbuild/./lib/"}},
        .argv = {"/run/osbuild/runner/org.osbuild.debian", "/run/osbuild/bin/org.osbuild.noop"},
        .env = stage_environment("xterm", 1700000000),
        .capabilities = default_capabilities(),
        .var = "/store/tmp/run/var"};
}

const Layout layout{.root = "/store/tmp/run/root",
                    .binds = {{.source = "/store/objects/tree/etc/mke2fs.conf", .target = "/etc/mke2fs.conf"}},
                    .init = "/usr/libexec/osb/osb-init"};

TEST(RuntimeConfig, OfAStageInABuildTree) {
    expect_config("sandbox/config-build-tree.json", stage(), layout, full_host);
}

TEST(RuntimeConfig, OfAStageWithDevices) {
    Spec spec = stage();
    spec.dev = "/store/tmp/run/dev";
    spec.devices = {{.type = 'b', .major = 7, .minor = std::nullopt},
                    {.type = 'c', .major = 10, .minor = 237, .access = "rw"}};
    spec.capabilities.push_back("CAP_SYS_PTRACE");
    expect_config("sandbox/config-devices.json", spec, layout, full_host);
}

TEST(RuntimeConfig, OfALeanStageOnALeanHost) {
    const Spec spec{.root = EmptyRoot{},
                    .binds = {},
                    .argv = {"/run/program"},
                    .env = {},
                    .capabilities = {"CAP_CHOWN", "CAP_BPF"}};
    const Host host{.architecture = "aarch64",
                    .capabilities = capability_set({"CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_SETPCAP"}),
                    .cgroups = false};
    expect_config("sandbox/config-lean.json", spec, {.root = "/skeleton", .init = "/osb-init"}, host);
}

TEST(RuntimeConfig, WantsAnAbsoluteProgram) {
    Spec spec = stage();
    spec.argv = {"sh"};
    EXPECT_EQ(test::error_of([&] { runtime_config(spec, layout, full_host); }),
              "the program of a sandbox needs an absolute path");
    spec.argv = {};
    EXPECT_EQ(test::error_of([&] { runtime_config(spec, layout, full_host); }),
              "the program of a sandbox needs an absolute path");
}

}  // namespace
}  // namespace osb::sandbox
