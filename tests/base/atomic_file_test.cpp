// SPDX-License-Identifier: Apache-2.0
#include "lib/base/atomic_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

std::vector<std::string> names_in(const std::filesystem::path &path) {
    return Dir::open(path).names();
}

TEST(AtomicFile, ShowsWhenItIsCommittedAndNotBefore) {
    test::Scratch scratch;
    AtomicFile file(scratch / "f");
    file.write("one ");
    file.write("two");
    EXPECT_FALSE(std::filesystem::exists(scratch / "f"));
    file.commit();
    EXPECT_EQ(read_file(scratch / "f"), "one two");
    EXPECT_EQ(names_in(scratch.path()), std::vector<std::string>{"f"});
}

TEST(AtomicFile, ReplacesAndWhoeverReadsTheOldOneKeepsIt) {
    test::Scratch scratch;
    write_file(scratch / "f", "old");
    const Fd reader = open_file(scratch / "f", O_RDONLY);
    AtomicFile file(scratch / "f");
    file.write("new");
    file.commit(Durability::lazy);
    EXPECT_EQ(read_file(scratch / "f"), "new");
    EXPECT_EQ(read_all(reader, "old"), "old");
}

TEST(AtomicFile, AbandonedLeavesNothing) {
    test::Scratch scratch;
    write_file(scratch / "f", "old");
    { AtomicFile(scratch / "f").write("new"); }
    EXPECT_EQ(read_file(scratch / "f"), "old");
    EXPECT_EQ(names_in(scratch.path()), std::vector<std::string>{"f"});
}

TEST(AtomicFile, HasExactlyTheModeAskedFor) {
    test::Scratch scratch;
    const mode_t before = ::umask(077);
    AtomicFile file(scratch / "f", 0664);
    file.commit();
    ::umask(before);
    struct stat status {};
    ASSERT_EQ(::stat((scratch / "f").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0664U);
}

TEST(AtomicFile, CanBeWrittenElsewhereAndNamedLate) {
    test::Scratch scratch;
    std::filesystem::create_directory(scratch / "tmp");
    std::filesystem::create_directory(scratch / "blobs");
    AtomicFile file(scratch / "blobs/unknown", 0644, scratch / "tmp");
    file.write("x");
    EXPECT_EQ(names_in(scratch / "tmp").size(), 1U);
    EXPECT_TRUE(names_in(scratch / "blobs").empty());
    file.commit_as(scratch / "blobs/digest");
    EXPECT_TRUE(names_in(scratch / "tmp").empty());
    EXPECT_EQ(names_in(scratch / "blobs"), std::vector<std::string>{"digest"});
    EXPECT_EQ(test::thrown_by([&] { file.commit(); }).blame(), Blame::bug) << "it is committed once";
}

TEST(AtomicFile, ACommitThatIsRefusedLeavesNothing) {
    test::Scratch scratch;
    std::filesystem::create_directories(scratch / "f/not-empty");
    {
        AtomicFile file(scratch / "f");
        const Error thrown = test::thrown_by([&] { file.commit(); });
        EXPECT_TRUE(thrown.is(std::errc::is_a_directory)) << thrown.what();
    }
    EXPECT_EQ(names_in(scratch.path()), std::vector<std::string>{"f"});
    EXPECT_EQ(test::error_of([&] { AtomicFile(scratch / "none/f"); }),
              format("create a temporary file for {}: No such file or directory", (scratch / "none/f").native()));
}

TEST(AtomicFile, KilledInTheMiddleTheOldContentStands) {
    test::Scratch scratch;
    std::filesystem::create_directory(scratch / "tmp");
    write_file(scratch / "f", "old");
    const pid_t child = ::fork();
    if (child == 0) {
        AtomicFile file(scratch / "f", 0644, scratch / "tmp");
        file.write("half of the new cont");
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(read_file(scratch / "f"), "old");
    EXPECT_EQ(names_in(scratch / "tmp").size(), 1U) << "the litter lies in the scratch directory only";
    EXPECT_EQ(names_in(scratch.path()), (std::vector<std::string>{"f", "tmp"}));
}

}  // namespace
}  // namespace osb
