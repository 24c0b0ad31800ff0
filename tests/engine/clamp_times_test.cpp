// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/clamp_times.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/dir.hpp"
#include "tests/support.hpp"

namespace osb::engine {
namespace {

void set_time(const std::filesystem::path &path, time_t seconds, long nanoseconds) {
    const timespec time{.tv_sec = seconds, .tv_nsec = nanoseconds};
    const timespec times[2] = {time, time};
    check(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), "utimensat");
}

timespec time_of(const std::filesystem::path &path) {
    struct stat status {};
    check(::lstat(path.c_str(), &status), "lstat");
    return status.st_mtim;
}

TEST(ClampTimes, MakesYoungerEntriesAsOldAsTheEpochAndLeavesOlderOnes) {
    const test::Scratch scratch;
    write_file(scratch / "young", "");
    write_file(scratch / "old", "");
    std::filesystem::create_symlink("nowhere", scratch / "link");
    set_time(scratch / "old", 500, 123);
    set_time(scratch / "young", 1000, 1);
    clamp_times(Dir::open(scratch.path()).fd(), 1000);
    EXPECT_EQ(time_of(scratch / "young").tv_sec, 1000);
    EXPECT_EQ(time_of(scratch / "young").tv_nsec, 0);
    EXPECT_EQ(time_of(scratch / "old").tv_sec, 500);
    EXPECT_EQ(time_of(scratch / "old").tv_nsec, 123);
    EXPECT_EQ(time_of(scratch / "link").tv_sec, 1000);
    EXPECT_EQ(time_of(scratch.path()).tv_sec, 1000);
}

}  // namespace
}  // namespace osb::engine
