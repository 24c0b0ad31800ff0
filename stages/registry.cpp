// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "stages/module.hpp"

namespace osb::stages {

// One line a module, each in a file of its own.
int run_mkdir(const Arguments &arguments);
int run_noop(const Arguments &arguments);

namespace {

constexpr Module table[] = {
    {"org.osbuild.mkdir", run_mkdir},
    {"org.osbuild.noop", run_noop},
};

}  // namespace

std::span<const Module> modules() {
    return table;
}

const Module *find_module(std::string_view name) {
    const auto *found = std::ranges::find(table, name, &Module::name);
    return found == std::end(table) ? nullptr : found;
}

}  // namespace osb::stages
