// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/build_id.hpp"

#include <fcntl.h>

#include "tests/support.hpp"

namespace osb::engine {
namespace {

TEST(BuildId, IsReadFromTheProgramOfTheNativeModules) {
    const auto id = elf_build_id(open_file(std::filesystem::path(OSB_TEST_BUILD) / "libexec/osb/osb-module", O_RDONLY));
    ASSERT_TRUE(id.has_value());
    EXPECT_EQ(id->size(), 40U);
    EXPECT_EQ(id->find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(BuildId, IsNothingForWhatIsNoProgram) {
    const test::Scratch scratch;
    for (const std::string &text : {std::string(), std::string("#!/bin/sh\n"),
                                    std::string("\x7f"
                                                "ELF") +
                                        std::string(200, '\xff')}) {
        write_file(scratch / "file", text);
        EXPECT_FALSE(elf_build_id(open_file(scratch / "file", O_RDONLY)).has_value());
    }
}

}  // namespace
}  // namespace osb::engine
