// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/installation.hpp"

#include <cstdlib>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::engine {

Installation Installation::find() {
    std::filesystem::path libexec;
    if (const char *given = std::getenv("OSB_LIBEXEC"); given != nullptr && *given != '\0') {
        libexec = given;
    } else {
        std::error_code code;
        const auto program = std::filesystem::read_symlink("/proc/self/exe", code);
        if (code) throw Error("find osb's own program", code);
        libexec = program.parent_path().parent_path() / "libexec/osb";
    }
    Installation installation{.libexec = libexec};
    if (::access(installation.init().c_str(), X_OK) == -1)
        throw_errno(errno, "osb's own files: {}", installation.init().native());
    return installation;
}

}  // namespace osb::engine
