// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ostream>
#include <span>
#include <string>

namespace osb::test {

/// One stage run on one start tree. Its outcome is in tests/data/stages, and was compared with osbuild's
/// (parity_test.cpp).
struct Case {
    const char *name;
    const char *module;
    const char *options;
    const char *tree = "";  ///< shell commands that make the start tree
};

inline void PrintTo(const Case &one, std::ostream *out) {
    *out << one.name;
}

std::span<const Case> cases();

}  // namespace osb::test
