// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.hpp"

#include <vector>

#include "lib/base/log.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

TEST(Error, ReadsFromTheOutsideInwards) {
    const Error thrown = test::thrown_by([] {
        in_context([] { in_context([] { throw_errno(ENOSPC, "reflink {}", "usr"); }, "clone base"); }, "stage {}", "a");
    });
    EXPECT_STREQ(thrown.what(), "stage a: clone base: reflink usr: No space left on device");
    EXPECT_TRUE(thrown.is(std::errc::no_space_on_device));
    EXPECT_EQ(thrown.blame(), Blame::environment);
}

TEST(Error, ContextPassesOnResultsAndOtherExceptions) {
    int value = 5;
    int &same = in_context([&]() -> int & { return value; }, "never seen");
    EXPECT_EQ(&same, &value);
    EXPECT_THROW(in_context([] { throw 7; }, "never seen"), int);
}

TEST(Error, CheckTakesErrnoOfTheCall) {
    EXPECT_EQ(check(7, "seven"), 7);
    errno = EPERM;
    EXPECT_EQ(test::error_of([] { check(-1, "open {}", std::string(100, 'x')); }),
              "open " + std::string(100, 'x') + ": Operation not permitted");
}

TEST(Error, ABrokenPromiseOfOursIsABug) {
    const Error thrown = test::thrown_by([] { OSB_ASSERT(1 + 1 == 3); });
    EXPECT_EQ(thrown.blame(), Blame::bug);
    EXPECT_EQ(static_cast<int>(thrown.blame()), 125);
    EXPECT_EQ(std::string(thrown.what()).substr(0, 17), "bug: 1 + 1 == 3 (");
}

TEST(Error, EachBlameHasItsName) {
    EXPECT_STREQ(name_of(Blame::build), "build");
    EXPECT_STREQ(name_of(Blame::usage), "usage");
    EXPECT_STREQ(name_of(Blame::environment), "environment");
    EXPECT_STREQ(name_of(Blame::network), "network");
    EXPECT_STREQ(name_of(Blame::timeout), "timeout");
    EXPECT_STREQ(name_of(Blame::bug), "bug");
}

TEST(Format, SizesForPeople) {
    EXPECT_EQ(human_size(0), "0 B");
    EXPECT_EQ(human_size(999), "999 B");
    EXPECT_EQ(human_size(1000), "1.0 kB");
    EXPECT_EQ(human_size(1'549), "1.5 kB");
    EXPECT_EQ(human_size(999'949), "999.9 kB");
    EXPECT_EQ(human_size(999'950), "1.0 MB");
    EXPECT_EQ(human_size(2'300'000'000), "2.3 GB");
    EXPECT_EQ(human_size(~0ULL), "18446.7 PB");
}

std::vector<std::string> logged;

TEST(Log, GoesToItsTargetFromTheLeastLevelOn) {
    logged.clear();
    set_log_target(
        [](LogLevel level, std::string_view line) { logged.push_back(format("{} {}", static_cast<int>(level), line)); },
        LogLevel::info);
    log_debug("not {}", "seen");
    log_info("some {}", 1);
    log_warning("more {}", 2);
    EXPECT_FALSE(log_enabled(LogLevel::debug));
    EXPECT_TRUE(log_enabled(LogLevel::error));
    set_log_target([](LogLevel, std::string_view) {}, LogLevel::warning);
    EXPECT_EQ(logged, (std::vector<std::string>{"1 some 1", "2 more 2"}));
}

}  // namespace
}  // namespace osb
