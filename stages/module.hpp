// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace osb::stages {

class Arguments;

/// A native module: a stage that runs in any build tree, also in an empty one. All modules are one static program,
/// osb-module, which looks at the last component of argv[0] to see which of them it is.
struct Module {
    std::string_view name;  ///< "org.osbuild.mkdir"
    /// Does the work; what it returns is the exit code, 0 for success. An Error thrown becomes one sentence on standard
    /// error and exit code 1.
    int (*run)(const Arguments &arguments);
};

/// Every module there is, sorted by name. The table is in registry.cpp; a new module adds its declaration and its line
/// there, and its meta/stages/NAME.meta.json.
std::span<const Module> modules();

/// nullptr when there is none of that name.
const Module *find_module(std::string_view name);

}  // namespace osb::stages
