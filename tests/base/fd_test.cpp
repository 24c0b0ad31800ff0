// SPDX-License-Identifier: Apache-2.0
#include "lib/base/fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "tests/support.hpp"

namespace osb {
namespace {

bool is_open(int number) {
    return ::fcntl(number, F_GETFD) != -1;
}

TEST(Fd, ClosesOnceAtTheEndOfItsOwner) {
    int number = -1;
    {
        Fd one = open_file("/dev/null", O_RDONLY);
        number = one.get();
        Fd two = std::move(one);
        EXPECT_FALSE(one);  // NOLINT: this is what is tested
        EXPECT_TRUE(is_open(number));
        Fd three;
        three = std::move(two);
        EXPECT_EQ(three.get(), number);
        Fd &same = three;
        three = std::move(same);
        EXPECT_TRUE(is_open(number)) << "moved onto itself it stays";
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, AssignmentClosesWhatWasThere) {
    Fd one = open_file("/dev/null", O_RDONLY);
    const int first = one.get();
    one = open_file("/dev/zero", O_RDONLY);
    EXPECT_NE(one.get(), first);
    EXPECT_FALSE(is_open(first));
    const int second = one.release();
    EXPECT_FALSE(one);
    EXPECT_TRUE(is_open(second));
    ::close(second);
}

TEST(Fd, ZeroIsADescriptorLikeAnyOther) {
    const Fd keep(::dup(0));
    ::close(0);
    {
        const Fd zero = open_file("/dev/null", O_RDONLY);
        EXPECT_EQ(zero.get(), 0);
        EXPECT_TRUE(zero);
    }
    EXPECT_FALSE(is_open(0));
    ::dup2(keep.get(), 0);
}

TEST(Fd, EveryDescriptorClosesOnExec) {
    const Fd file = open_file("/dev/null", O_RDONLY);
    const Pipe pipe = Pipe::make();
    const Fd copy = file.duplicate();
    for (const Fd *fd : {&file, &pipe.read, &pipe.write, &copy})
        EXPECT_EQ(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(file.proc_path(), format("/proc/self/fd/{}", file.get()));
}

TEST(Fd, NamesWhatCannotBeOpened) {
    const Error thrown = test::thrown_by([] { open_file("/nowhere/at/all", O_RDONLY); });
    EXPECT_STREQ(thrown.what(), "open /nowhere/at/all: No such file or directory");
    EXPECT_TRUE(thrown.is(std::errc::no_such_file_or_directory));
    EXPECT_EQ(test::error_of([] { write_all(open_file("/dev/full", O_WRONLY), "x", "the report"); }),
              "write the report: No space left on device");
}

TEST(Fd, WritesAndReadsThroughShortOperations) {
    Pipe pipe = Pipe::make();
    const std::string whole(1'000'000, 'x');
    std::thread writer([&] {
        write_all(pipe.write, whole, "pipe");
        pipe.write.reset();
    });
    EXPECT_EQ(read_all(pipe.read, "pipe"), whole);
    writer.join();
}

TEST(Fd, ReadsNoMoreThanTheLimit) {
    test::Scratch scratch;
    write_file(scratch / "f", std::string(1000, 'x'));
    EXPECT_EQ(read_file(scratch / "f", 1000).size(), 1000U);
    EXPECT_EQ(test::error_of([&] { read_file(scratch / "f", 999); }),
              format("read {}: larger than 999 B", (scratch / "f").native()));
}

TEST(Fd, WriteFileReplacesTheContentInPlace) {
    test::Scratch scratch;
    write_file(scratch / "f", "a long text", 0600);
    write_file(scratch / "f", "short");
    EXPECT_EQ(read_file(scratch / "f"), "short");
    struct stat status {};
    ASSERT_EQ(::stat((scratch / "f").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

}  // namespace
}  // namespace osb
