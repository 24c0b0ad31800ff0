// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/installation.hpp"

#include <cstdlib>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::engine {
namespace {

struct Program {
    std::error_code code;
    std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", code);
};

/// Asked before main: once this process is in a mount namespace of its own, the kernel tells the path as the namespace
/// it was started in sees it, which is a wrong one where osb runs in a chroot.
const Program program;

}  // namespace

Installation Installation::find() {
    std::filesystem::path libexec;
    if (const char *given = std::getenv("OSB_LIBEXEC"); given != nullptr && *given != '\0') {
        libexec = given;
    } else {
        if (program.code) throw Error("find osb's own program", program.code);
        libexec = program.path.parent_path().parent_path() / "libexec/osb";
    }
    Installation installation{.libexec = libexec};
    if (::access(installation.init().c_str(), X_OK) == -1)
        throw_errno(errno, "osb's own files: {}", installation.init().native());
    return installation;
}

}  // namespace osb::engine
