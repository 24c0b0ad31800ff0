// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/manifest/parse.hpp"
#include "lib/manifest/problems.hpp"

namespace osb::manifest {

/// Checks the document's shape and every module in it against the module's schema. Problems of the shape stop nothing:
/// what can still be recognised is checked as well.
void check_document(const Json &document, Version version, const Lookups &lookups, Problems &problems);

}  // namespace osb::manifest
