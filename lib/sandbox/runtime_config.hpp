// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/sandbox/host.hpp"
#include "lib/sandbox/spec.hpp"

namespace osb::sandbox {

/// How a Spec's root stands on the disk: made by RootMaker (root.hpp), or written down by a test.
struct Layout {
    std::filesystem::path root;    ///< what becomes `/`; has a mount point for everything below
    std::vector<Bind> binds = {};  ///< what belongs to the root itself: the host's /usr, files in /etc
    std::filesystem::path init;    ///< osb-init on the host
};

/// The OCI runtime configuration (config.json) for a Spec; a pure function. Throws (Blame::usage) for binds that a Spec
/// must not have and for a relative or missing argv[0].
Json runtime_config(const Spec &spec, const Layout &layout, const Host &host);

}  // namespace osb::sandbox
