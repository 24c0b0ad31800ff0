// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/describe.hpp"

#include "tests/manifest/library.hpp"
#include "tests/support.hpp"

namespace osb::manifest {
namespace {

// What osbuild 191 printed for each manifest (--inspect), with a library of modules that accept anything.
class Describe : public testing::TestWithParam<const char *> {};

TEST_P(Describe, PrintsWhatOsbuildPrintsWithTheSameIds) {
    const std::string name = GetParam();
    const Manifest manifest = test_library::parse_good(test_library::data(name + ".json"), test_library::no_lookups());
    test::expect_golden("manifest/" + name + ".inspect", to_text(describe(manifest), python_style) + "\n");
}

INSTANTIATE_TEST_SUITE_P(Manifests, Describe,
                         testing::Values("values", "inputs", "devices", "one", "one-empty-tree", "one-empty"));

}  // namespace
}  // namespace osb::manifest
