// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/manifest/manifest.hpp"

namespace osb::manifest {

/// The manifest with ids, as osbuild's --inspect prints it (in python_style): a version 1 manifest in the form of
/// version 1. As there, source epochs, device parents and options of sources are left out.
Json describe(const Manifest &manifest);

}  // namespace osb::manifest
