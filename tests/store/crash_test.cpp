// SPDX-License-Identifier: Apache-2.0
// Promises 9 and 10 of design.md, section 4: what a crash leaves, and several processes on one store. Everything that
// only needs processes runs on a tmpfs, where syncing costs nothing.
#include <chrono>
#include <fcntl.h>
#include <random>
#include <set>
#include <signal.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/lock.hpp"
#include "lib/store/object_store.hpp"
#include "lib/store/publish.hpp"
#include "tests/store/trees.hpp"

namespace osb::store {
namespace {

using test::names_in;
using test::Scratch;
using test::write_into;
using Path = std::filesystem::path;
using Clock = std::chrono::steady_clock;

/// Told by a child through a pipe, waited for by its parent.
class Signal {
public:
    void give() const { write_all(pipe_.write, std::string_view("!"), "pipe"); }
    void wait() const {
        std::byte byte{};
        read_some(pipe_.read, std::span(&byte, 1), "pipe");
    }

private:
    Pipe pipe_ = Pipe::make();
};

class Crash : public ::testing::Test {
protected:
    void SetUp() override {
        OSB_NEEDS(test::is_privileged(), "root");
        system = test::FileSystem::make("tmpfs", "1G");
        OSB_NEEDS(system, "tmpfs");
        root = system->path() / "store";
    }
    std::unique_ptr<test::FileSystem> system;
    Path root;
};

class Promise9 : public Crash {};
class Promise10 : public Crash {};

/// Starts a child that does `action` in the store, says so, and waits to be killed; kills it.
void die_after(const std::function<void()> &action) {
    const Signal ready;
    const pid_t child = test::in_child([&] {
        action();
        ready.give();
        ::pause();
    });
    ready.wait();
    ::kill(child, SIGKILL);
    EXPECT_TRUE(WIFSIGNALED(test::wait_for(child)));
}

TEST_F(Promise9, TheNextRunRemovesWhatAKilledOneLeft) {
    die_after([&] {
        auto *store = new ObjectStore(root);  // not ended by anything but SIGKILL
        auto *object = new Object(store->new_object());
        auto *writer = new Writer(object->write());
        test::make_rich_tree(writer->path());
        auto *bundle = new TempDir(store->scratch("bundle"));
        write_file(bundle->path() / "config.json", "{}");
    });
    ASSERT_EQ(names_in(root / "tmp").size(), 1U);
    const ObjectStore store(root);
    EXPECT_TRUE(names_in(root / "tmp").empty());
    EXPECT_TRUE(store.refs().empty());
}

TEST_F(Promise9, TheSandboxIsAskedBeforeADeadRunIsRemoved) {
    die_after([&] {
        auto *store = new ObjectStore(root);
        write_file(store->run_directory() / "runtime-state", "container 7");
    });
    std::vector<std::string> asked;
    const ObjectStore store(root,
                            {.reap = [&](const Path &run) { asked.push_back(read_file(run / "runtime-state")); }});
    EXPECT_EQ(asked, (std::vector<std::string>{"container 7"}));
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

TEST_F(Promise9, WhatTheSandboxCannotEndStaysForTheNextRun) {
    die_after([&] { (new ObjectStore(root))->run_directory(); });
    {
        const ObjectStore store(root, {.reap = [](const Path &) { fail(Blame::environment, "the cgroup is busy"); }});
    }
    EXPECT_EQ(names_in(root / "tmp").size(), 1U);
    const ObjectStore store(root);
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

TEST_F(Promise9, MountsOfADeadRunInOurOwnNamespaceAreTakenOff) {
    Path run;
    {
        ObjectStore store(root);
        run = store.root() / "tmp/run-1-dead here";
    }
    // As a process leaves it that has no mount namespace of its own.
    std::filesystem::create_directories(run / "object/view");
    std::filesystem::create_directory(system->path() / "precious");
    write_file(system->path() / "precious/file", "text");
    auto *lost = new AttachedMount(Mount::bind(system->path() / "precious").attach(run / "object/view"));
    (void)lost;
    const ObjectStore store(root);
    EXPECT_TRUE(names_in(root / "tmp").empty());
    EXPECT_EQ(read_file(system->path() / "precious/file"), "text");
}

TEST_F(Promise9, ALivingRunIsLeftAlone) {
    ObjectStore first(root);
    Object object = first.new_object();
    write_into(object, "file", "text");
    { const ObjectStore second(root); }
    const pid_t child = test::in_child([&] { const ObjectStore third(root); });
    EXPECT_TRUE(test::ended_well(test::wait_for(child)));
    EXPECT_EQ(test::read_from(object, "file"), "text");
    EXPECT_EQ(names_in(root / "tmp").size(), 1U);
}

/// A commit killed at one of its steps. The steps are those a child takes through the one seam there is, and random
/// instants.
TEST_F(Promise9, ACommitKilledAtItsRenameLeavesNoRef) {
    for (const bool after : {false, true}) {
        const std::string id = after ? "after" : "before";
        const pid_t child = test::in_child([&] {
            ObjectStore store(root);
            Object object = store.new_object();
            write_into(object, "file", id);
            detail::rename_object =
                after ? [](const char *from, const char *to) { return ::rename(from, to) | ::raise(SIGKILL); }
                      : [](const char *, const char *) { return ::raise(SIGKILL); };
            store.commit(object, id);
        });
        EXPECT_TRUE(WIFSIGNALED(test::wait_for(child)));
        const ObjectStore store(root);
        EXPECT_FALSE(store.contains(id)) << "the ref comes after the object";
        EXPECT_TRUE(names_in(root / "tmp").empty());
        EXPECT_EQ(test::expect_valid(root), after ? 1U : 0U);
    }
}

/// Commits one content after the other until it is killed.
void commit_for_ever(const Path &root, unsigned seed) {
    ObjectStore store(root);
    Object object = store.new_object();
    for (unsigned i = 0;; i++) {
        {
            const Writer writer = object.write();
            write_file(writer.path() / format("{}", i % 7),
                       std::string(1000 * (i % 50), static_cast<char>('a' + seed % 26)));
            std::filesystem::create_directories(writer.path() / "a/b/c");
            std::error_code ignored;
            std::filesystem::create_hard_link(writer.path() / "0", writer.path() / "a/b/c/link", ignored);
        }
        store.set_note(format("id-{}", i % 5), format("{}", i));
        store.commit(object, format("id-{}", i % 5));
    }
}

TEST_F(Promise9, AtWhateverInstantItIsKilledTheStoreIsValid) {
    const auto seed = static_cast<unsigned>(Clock::now().time_since_epoch().count());
    SCOPED_TRACE(format("seed {}", seed));
    std::mt19937 random(seed);
    size_t objects = 0;
    const auto end = Clock::now() + std::chrono::seconds(4);
    for (unsigned round = 0; Clock::now() < end; round++) {
        const pid_t child = test::in_child([&] { commit_for_ever(root, round); });
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 40000));
        ::kill(child, SIGKILL);
        EXPECT_TRUE(WIFSIGNALED(test::wait_for(child)));
        const ObjectStore store(root);
        EXPECT_TRUE(names_in(root / "tmp").empty()) << "round " << round;
        if (round % 10 == 0) objects = test::expect_valid(root);
        for (const Ref &ref : store.refs()) EXPECT_TRUE(ref.complete) << ref.id;
        ASSERT_FALSE(HasFailure());
    }
    objects = test::expect_valid(root);
    EXPECT_GT(objects, 10U) << "the children were killed before they did anything";
}

TEST_F(Promise9, AFewTimesOnARealDiskToo) {
    const Scratch scratch;
    for (unsigned round = 0; round < 4; round++) {
        const pid_t child = test::in_child([&] { commit_for_ever(scratch / "store", round); });
        std::this_thread::sleep_for(std::chrono::milliseconds(100 + 60 * round));
        ::kill(child, SIGKILL);
        test::wait_for(child);
        const ObjectStore store(scratch / "store");
        EXPECT_TRUE(names_in(scratch / "store/tmp").empty());
        test::expect_valid(scratch / "store");
    }
}

/// Two processes run `action` at the same instant; both must end well.
void race(const std::function<void(int)> &action) {
    const Signal ready;
    const Pipe start = Pipe::make();
    std::vector<pid_t> children;
    for (int i = 0; i < 2; i++)
        children.push_back(test::in_child([&] {
            ready.give();
            std::byte byte{};
            read_some(start.read, std::span(&byte, 1), "pipe");
            action(i);
        }));
    ready.wait();
    ready.wait();
    write_all(start.write, std::string_view("go"), "pipe");
    for (const pid_t child : children) EXPECT_TRUE(test::ended_well(test::wait_for(child)));
}

TEST_F(Promise10, TwoProcessesCommitTheSameIdAndContentAtOnce) {
    { const ObjectStore store(root); }
    for (int round = 0; round < 60; round++) {
        const std::string id = format("id-{}", round);
        race([&](int) {
            ObjectStore store(root);
            Object object = store.new_object();
            write_into(object, "file", id);
            const std::string sum = store.commit(object, id);
            EXPECT_EQ(store.treesum_of(id), sum);
            EXPECT_EQ(object.base(), id);
            EXPECT_EQ(test::inode_of(object.read().path() / "file"),
                      test::inode_of(root / "objects" / sum / "tree/file"))
                << "both are based on the winner";
            write_into(object, "more", "both go on");
            store.close();
        });
        ASSERT_FALSE(HasFailure()) << "round " << round;
    }
    EXPECT_EQ(test::expect_valid(root), 60U);
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

TEST_F(Promise10, TwoProcessesCommitOneIdWithDifferentContent) {
    for (int round = 0; round < 30; round++) {
        race([&](int number) {
            ObjectStore store(root);
            Object object = store.new_object();
            write_into(object, "file", format("{} {}", round, number));
            store.commit(object, "id");
            EXPECT_EQ(test::read_from(object, "file"), format("{} {}", round, number)) << "each stays on its own";
        });
    }
    EXPECT_EQ(test::expect_valid(root), 60U);
}

TEST_F(Promise10, RunsBeginWhileOthersReap) {
    // Every opening looks for dead runs while every other one is just making its own.
    std::vector<pid_t> children;
    for (int i = 0; i < 6; i++)
        children.push_back(test::in_child([&] {
            for (int round = 0; round < 150; round++) {
                ObjectStore store(root);
                Object object = store.new_object();
                write_into(object, "file", "text");
                EXPECT_EQ(test::read_from(object, "file"), "text");
            }
        }));
    for (const pid_t child : children) EXPECT_TRUE(test::ended_well(test::wait_for(child)));
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

TEST_F(Promise10, ThreadsShareAStore) {
    ObjectStore store(root);
    std::vector<std::thread> threads;
    for (int number = 0; number < 8; number++)
        threads.emplace_back([&, number] {
            for (int round = 0; round < 20; round++) {
                Object object = store.new_object();
                write_into(object, "file", format("{}", round));
                store.commit(object, format("{}-{}", number, round));
                EXPECT_EQ(test::read_from(store.get(format("{}-{}", number, round)), "file"), format("{}", round));
            }
        });
    for (std::thread &thread : threads) thread.join();
    EXPECT_EQ(store.refs().size(), 160U);
    EXPECT_EQ(test::expect_valid(root), 20U);
    EXPECT_TRUE(names_in(root / "tmp").empty());
}

TEST_F(Promise10, WhatIsInUseIsLocked) {
    ObjectStore store(root);
    Object object = store.new_object();
    const std::string sum = store.commit(object, "id");
    const auto is_free = [&] {
        Fd fd = open_file(root / "objects" / sum, O_RDONLY | O_DIRECTORY);
        return FileLock::try_now(std::move(fd), LockKind::exclusive, sum).has_value();
    };
    EXPECT_FALSE(is_free()) << "it is the base of the object that was committed";
    object.cleanup();
    EXPECT_TRUE(is_free());
    die_after([&] { new Object((new ObjectStore(root))->new_object("id")); });
    EXPECT_TRUE(is_free()) << "the lock of a process ends with it";
}

TEST_F(Promise10, SeveralProcessesBuildReadAndDieForAWhile) {
    const auto seed = static_cast<unsigned>(Clock::now().time_since_epoch().count());
    SCOPED_TRACE(format("seed {}", seed));
    std::mt19937 random(seed);
    const auto work = [&](unsigned own_seed) {
        std::mt19937 own(own_seed);
        const auto end = Clock::now() + std::chrono::seconds(3);
        while (Clock::now() < end) {
            ObjectStore store(root);
            const auto id = [&] { return format("id-{}", own() % 6); };
            const std::string base = id();
            Object object = store.contains(base) ? store.new_object(base) : store.new_object();
            for (unsigned step = own() % 4; step > 0; step--) {
                write_into(object, format("{}", own() % 5),
                           std::string(own() % 3000, static_cast<char>('a' + own() % 3)));
                store.commit(object, id());
            }
            for (const Ref &ref : store.refs()) EXPECT_TRUE(ref.complete) << ref.id;
        }
    };
    std::vector<pid_t> lasting;
    for (unsigned i = 0; i < 3; i++)
        lasting.push_back(test::in_child([&, child_seed = static_cast<unsigned>(random())] { work(child_seed); }));
    const auto end = Clock::now() + std::chrono::seconds(2);
    while (Clock::now() < end) {
        const pid_t child = test::in_child([&, child_seed = static_cast<unsigned>(random())] { work(child_seed); });
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 60000));
        ::kill(child, SIGKILL);
        EXPECT_TRUE(WIFSIGNALED(test::wait_for(child)));
    }
    for (const pid_t child : lasting) EXPECT_TRUE(test::ended_well(test::wait_for(child)));
    const ObjectStore store(root);
    EXPECT_TRUE(names_in(root / "tmp").empty());
    EXPECT_GT(test::expect_valid(root), 10U);
}

}  // namespace
}  // namespace osb::store
