// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/manifest/manifest.hpp"

namespace osb::manifest {

/// The schema (JSON Schema, draft 4) of a whole manifest. What modules take as options is left to their own schemas.
const Json &document_schema(Version version);

}  // namespace osb::manifest
