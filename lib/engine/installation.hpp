// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace osb::engine {

/// Where osb's own parts lie, found from where the running program lies, so that an installation can be moved and the
/// build folder works like one.
struct Installation {
    std::filesystem::path
        libexec;  ///< osb-init, and the native modules as a library directory (stages/, inputs/, sources/)
    std::filesystem::path init() const { return libexec / "osb-init"; }

    /// PREFIX/libexec/osb for PREFIX/bin/osb; $OSB_LIBEXEC overrides it.
    static Installation find();
};

}  // namespace osb::engine
