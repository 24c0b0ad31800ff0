// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "lib/manifest/parse.hpp"

namespace osb::manifest::test_library {

/// A small library of modules: org.osb.test (stage), org.osb.assembler, org.osb.source, org.osb.input, org.osb.device,
/// org.osb.mount and what version 1 needs, with schemas; the runners org.osbuild.debian (the host's) and
/// org.osbuild.linux.
Lookups lookups();

/// Only the runner of the host, so that ids can be compared without any module being known.
Lookups no_lookups();

/// tests/data/manifest/NAME.
std::string data(std::string_view name);

/// "PATH ID: MESSAGE\n" for each problem, in order.
std::string to_text(const std::vector<Problem> &problems);

/// The Manifest of a text; the test fails if there are problems.
Manifest parse_good(std::string_view text, const Lookups &lookups);
/// The problems of a text, as to_text has them; empty if it is good.
std::string problems_of(std::string_view text, const Lookups &lookups);

}  // namespace osb::manifest::test_library
