// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/output_log.hpp"

#include <fcntl.h>

#include "tests/support.hpp"

namespace osb::engine {
namespace {

struct Log {
    test::Scratch scratch;
    std::string heard;
    OutputLog log{open_file(scratch / "log", O_WRONLY | O_CREAT, 0600), "log",
                  [this](std::string_view text) { heard += text; }};
};

TEST(OutputLog, KeepsEveryByteInTheFileAndTellsTheListener) {
    Log it;
    const std::string bytes("\xff\x00 half \xc3", 9);
    it.log.write(bytes);
    it.log.write(std::string_view("\xa9\n"));
    EXPECT_EQ(read_file(it.scratch / "log"), bytes + "\xa9\n");
    EXPECT_EQ(it.heard, bytes + "\xa9\n");
    EXPECT_EQ(it.log.text(), bytes + "\xa9\n");
}

TEST(OutputLog, KeepsOnlyTheEndInMemoryAndSaysHowMuchIsHidden) {
    Log it;
    const std::string piece(1 << 16, 'x');
    for (int i = 0; i < 100; i++) it.log.write(piece);
    it.log.write(std::string_view("the end\n"));
    const std::string text = it.log.text();
    const std::uint64_t hidden = 100 * piece.size() + 8 - OutputLog::kept_bytes;
    const std::string notice = format("[...{} bytes hidden...]\n", hidden);
    EXPECT_EQ(text.substr(0, notice.size()), notice);
    EXPECT_EQ(text.size(), notice.size() + OutputLog::kept_bytes);
    EXPECT_TRUE(text.ends_with("xthe end\n"));
    EXPECT_EQ(it.log.size(), 100 * piece.size() + 8);
}

TEST(OutputLog, GivesTheLastLines) {
    Log it;
    EXPECT_EQ(it.log.last_lines(3), "");
    it.log.write(std::string_view("one\ntwo\nthree\n\n"));
    EXPECT_EQ(it.log.last_lines(2), "two\nthree");
    EXPECT_EQ(it.log.last_lines(9), "one\ntwo\nthree");
}

}  // namespace
}  // namespace osb::engine
