// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/surroundings.hpp"

#include <sys/stat.h>

#include "lib/base/fd.hpp"
#include "lib/base/sha256.hpp"

namespace osb::engine {
namespace {

/// Names this state of the host's /usr: what release it is, and when its package database last changed.
std::string host_state() {
    std::string state;
    for (const char *file : {"/usr/lib/os-release", "/var/lib/dpkg/status", "/var/lib/rpm/rpmdb.sqlite",
                             "/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/pacman/local", "/lib/apk/db/installed"}) {
        struct stat status {};
        if (::stat(file, &status) == -1) continue;
        state += format("{} {} {}.{:09}\n", file, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
    }
    return Sha256::of(state).hex();
}

/// Our own modules are static and touch nothing of the build tree, but this one runs an interpreter from it.
bool uses_build_tree(const Module &module) {
    return !module.native || module.info.name == "org.osb.script";
}

}  // namespace

std::string surroundings_of(const manifest::Pipeline &pipeline, const manifest::Stage &stage,
                            const ModuleLibrary &modules) {
    const Module *module = modules.find(stage.module_class, stage.type);
    if (module == nullptr || module->program.empty()) return "";
    std::string text = "module " + modules.digest_of(module->program);
    if (!module->native) {
        const auto runner = modules.find_runner(pipeline.runner.name.empty() ? ModuleLibrary::host_runner_name()
                                                                             : pipeline.runner.name);
        if (runner) text += format(" runner {} {}", runner->name, modules.digest_of(runner->program));
    }
    static const std::string host = host_state();
    if (!pipeline.build_id && uses_build_tree(*module)) text += " host " + host;
    return text;
}

}  // namespace osb::engine
