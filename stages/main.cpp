// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <signal.h>
#include <string_view>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/module.hpp"

namespace {

std::string_view base_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

int usage() {
    std::fprintf(stderr, "osb-module is started by osb under the name of the module it is to be; it can be:\n");
    for (const osb::stages::Module &module : osb::stages::modules())
        std::fprintf(stderr, "  %.*s\n", static_cast<int>(module.name.size()), module.name.data());
    return 2;
}

}  // namespace

int main(int argc, char **argv) {
    const osb::stages::Module *module = argc > 0 ? osb::stages::find_module(base_name(argv[0])) : nullptr;
    if (module == nullptr) return usage();
    ::signal(SIGPIPE, SIG_IGN);
    try {
        return module->run(osb::stages::Arguments::read());
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
