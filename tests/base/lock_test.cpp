// SPDX-License-Identifier: Apache-2.0
#include "lib/base/lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "tests/support.hpp"

namespace osb {
namespace {

struct LockFile {
    test::Scratch scratch;
    Fd open() const { return open_file(scratch / "lock", O_RDWR | O_CREAT, 0644); }
    bool is_free(LockKind kind) const { return FileLock::try_now(open(), kind, "lock").has_value(); }
};

TEST(FileLock, ExcludesOthersUntilItsEnd) {
    LockFile file;
    {
        const FileLock lock = FileLock::wait(file.open(), LockKind::exclusive, "lock");
        EXPECT_FALSE(file.is_free(LockKind::exclusive));
        EXPECT_FALSE(file.is_free(LockKind::shared));
    }
    EXPECT_TRUE(file.is_free(LockKind::exclusive));
}

TEST(FileLock, SharedLocksShare) {
    LockFile file;
    const FileLock lock = FileLock::wait(file.open(), LockKind::shared, "lock");
    EXPECT_TRUE(file.is_free(LockKind::shared));
    EXPECT_FALSE(file.is_free(LockKind::exclusive));
}

TEST(FileLock, MovesWithItsOwner) {
    LockFile one;
    LockFile two;
    std::optional<FileLock> outer;
    {
        FileLock inner = FileLock::wait(one.open(), LockKind::exclusive, "lock");
        outer = std::move(inner);
    }
    EXPECT_FALSE(one.is_free(LockKind::shared));
    outer = FileLock::wait(two.open(), LockKind::exclusive, "lock");
    EXPECT_TRUE(one.is_free(LockKind::exclusive)) << "assigned over, the first ends";
    EXPECT_FALSE(two.is_free(LockKind::shared));
}

TEST(FileLock, ADeadProcessHoldsNothing) {
    LockFile file;
    Pipe ready = Pipe::make();
    const pid_t child = ::fork();
    if (child == 0) {
        const FileLock lock = FileLock::wait(file.open(), LockKind::exclusive, "lock");
        write_all(ready.write, "x", "pipe");
        ::pause();
    }
    ready.write.reset();
    std::byte one;
    ASSERT_EQ(read_some(ready.read, std::span(&one, 1), "pipe"), 1U);
    EXPECT_FALSE(file.is_free(LockKind::shared));
    std::thread killer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        ::kill(child, SIGKILL);
    });
    const FileLock lock = FileLock::wait(file.open(), LockKind::exclusive, "lock");
    killer.join();
    ::waitpid(child, nullptr, 0);
}

TEST(FileLock, EndsThoughAChildInheritedTheFile) {
    LockFile file;
    Pipe hold = Pipe::make();
    std::optional<FileLock> lock = FileLock::wait(file.open(), LockKind::exclusive, "lock");
    const pid_t child = ::fork();
    if (child == 0) {
        hold.write.reset();
        std::byte one;
        read_some(hold.read, std::span(&one, 1), "pipe");
        ::_exit(0);
    }
    lock.reset();
    EXPECT_TRUE(file.is_free(LockKind::exclusive));
    hold.write.reset();
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace osb
