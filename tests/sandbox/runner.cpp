// SPDX-License-Identifier: Apache-2.0
// An osb reduced to one sandbox, for tests that kill it: CGROUPS STATE INIT PROBE VERBS…
#include <cstdio>

#include "lib/base/mount.hpp"
#include "lib/sandbox/sandbox.hpp"

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    try {
        osb::enter_private_mount_namespace();
        osb::sandbox::Sandbox sandbox({.state = argv[2],
                                       .init = argv[3],
                                       .cgroups = std::string_view(argv[1]) == "cgroups"
                                                      ? osb::sandbox::Cgroups::automatic
                                                      : osb::sandbox::Cgroups::none});
        osb::sandbox::Spec spec{.root = osb::sandbox::EmptyRoot{},
                                .binds = {{.source = argv[4], .target = "/run/probe"}}};
        spec.argv = {"/run/probe"};
        spec.argv.insert(spec.argv.end(), argv + 5, argv + argc);
        spec.capabilities = osb::sandbox::default_capabilities();
        const osb::Stop stop;
        osb::StringSink sink;
        return sandbox.run(spec, sink, stop).status.code;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
