// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/manifest/manifest.hpp"

namespace osb::manifest {

/// The schema (JSON Schema, draft 4) that one module's part of a manifest of that version must satisfy; null when the
/// module has none for the version. A stage's covers the whole stage: its type, options, inputs, devices and mounts.
Json effective_schema(const ModuleInfo &info, Version version);

}  // namespace osb::manifest
