// SPDX-License-Identifier: Apache-2.0
#include "lib/base/clock.hpp"

#include <cstdlib>

#include "tests/support.hpp"

namespace osb {
namespace {

TEST(Clock, PrintsTimesInUtc) {
    ::setenv("TZ", "America/New_York", 1);
    EXPECT_EQ(to_rfc3339(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339(951827696), "2000-02-29T12:34:56Z");
    EXPECT_EQ(to_rfc3339(-1), "1969-12-31T23:59:59Z");
    EXPECT_EQ(to_rfc3339(4102444800), "2100-01-01T00:00:00Z");
    ::unsetenv("TZ");
}

TEST(Clock, ReadsDurations) {
    using std::chrono::seconds;
    EXPECT_EQ(parse_duration("90"), seconds(90));
    EXPECT_EQ(parse_duration("0s"), seconds(0));
    EXPECT_EQ(parse_duration("15m"), seconds(900));
    EXPECT_EQ(parse_duration("2h"), seconds(7200));
    EXPECT_EQ(parse_duration("7d"), seconds(604800));
    for (const char *text :
         {"", "s", "-1", "1.5h", "1h30m", " 5", "5 s", "1w", "99999999999", "99999999999999999999"}) {
        const Error thrown = test::thrown_by([&] { parse_duration(text); });
        EXPECT_EQ(thrown.blame(), Blame::usage) << text;
        EXPECT_EQ(thrown.what(), format("duration {}: write it as 90, 90s, 15m, 2h or 7d", text));
    }
}

TEST(Clock, TakesSourceDateEpochFromTheEnvironment) {
    ::setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    EXPECT_EQ(source_date_epoch(), 1700000000);
    for (const char *text : {"yesterday", "1.5", "-5", "1700000000 "}) {
        ::setenv("SOURCE_DATE_EPOCH", text, 1);
        EXPECT_EQ(test::error_of([] { source_date_epoch(); }),
                  format("SOURCE_DATE_EPOCH: {} is not a count of seconds", text));
    }
    ::setenv("SOURCE_DATE_EPOCH", "", 1);
    EXPECT_EQ(source_date_epoch(), std::nullopt);
    ::unsetenv("SOURCE_DATE_EPOCH");
    EXPECT_EQ(source_date_epoch(), std::nullopt);
}

}  // namespace
}  // namespace osb
