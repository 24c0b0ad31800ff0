// SPDX-License-Identifier: Apache-2.0
#include "lib/base/process.hpp"

#include <charconv>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support.hpp"

namespace osb {
namespace {

using std::chrono::milliseconds;

Command shell(std::string script) {
    return {.argv = {"/bin/sh", "-c", std::move(script)}};
}

bool is_alive(pid_t pid) {
    return ::kill(pid, 0) == 0;
}

TEST(Process, ToldHowItEnded) {
    EXPECT_EQ(Process::spawn(shell("exit 3")).wait(), (ExitStatus{.code = 3}));
    EXPECT_EQ(Process::spawn(shell("kill -9 $$")).wait(), (ExitStatus{.signal = 9}));
    EXPECT_TRUE(Process::spawn(shell("true")).wait().success());
    EXPECT_EQ((ExitStatus{.code = 3}).text(), "exit code 3");
    EXPECT_EQ((ExitStatus{.signal = 9}).text(), "signal 9 (Killed)");
}

TEST(Process, SaysWhatCannotBeStarted) {
    const auto error = [](std::string program) { return test::error_of([&] { Process::spawn({.argv = {program}}); }); };
    EXPECT_EQ(error("no-such-program-anywhere"), "start no-such-program-anywhere: No such file or directory");
    EXPECT_EQ(error("/no/such/program"), "start /no/such/program: No such file or directory");
    EXPECT_EQ(error("/etc/passwd"), "start /etc/passwd: Permission denied");
    EXPECT_EQ(error("/usr"), "start /usr: Permission denied");
    EXPECT_EQ(test::error_of([] { Process::spawn({.argv = {"true"}, .cwd = "/no/such"}); }),
              "start true: No such file or directory");
    test::Scratch scratch;
    write_file(scratch / "script", "#!/no/such/interpreter\n", 0755);
    EXPECT_EQ(error(scratch / "script"), format("start {}: No such file or directory", (scratch / "script").native()));
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "none of them left a child";
    EXPECT_EQ(errno, ECHILD);
}

TEST(Process, GivesArgumentsEnvironmentAndDirectoryAsTheyAre) {
    const Captured captured =
        run_captured({.argv = {"/bin/sh", "-c", "printf '%s|' \"$@\"; pwd; env | sort", "-", "a b", "", "$HOME", "*"},
                      .env = std::vector<std::string>{"ONLY=this", "PWD=/x"},
                      .cwd = "/usr"});
    EXPECT_EQ(captured.out, "a b||$HOME|*|/usr\nONLY=this\nPWD=/usr\n");
}

TEST(Process, PassesTheseDescriptorsAndNoOthers) {
    test::Scratch scratch;
    write_file(scratch / "one", "1");
    write_file(scratch / "two", "2");
    Fd one = open_file(scratch / "one", O_RDONLY);
    Fd two = open_file(scratch / "two", O_RDONLY);
    const Fd leak(::fcntl(one.get(), F_DUPFD, 50));  // without O_CLOEXEC, as a careless library would
    // Crosswise: each goes to the other's number.
    const std::string script = format("cat <&{}; cat <&{}; cd /proc/self/fd && echo *", one.get(), two.get());
    Command command = shell("exec 2>/dev/null; " + script);
    command.fds = {{.fd = two.get(), .as = one.get()}, {.fd = one.get(), .as = two.get()}};
    const Captured captured = run_captured(command);
    EXPECT_EQ(captured.out.substr(0, 2), "21");
    const std::string open_ones = captured.out.substr(2);
    EXPECT_NE(open_ones.find(format(" {}", one.get())), std::string::npos);
    EXPECT_EQ(open_ones.find(format(" {}", leak.get())), std::string::npos) << open_ones;
}

TEST(Process, StandardInputIsEmptyUnlessGiven) {
    Pipe out = Pipe::make();
    Process cat = Process::spawn({.argv = {"cat"}, .out = out.write.get()});
    out.write.reset();
    EXPECT_EQ(read_all(out.read, "cat"), "");
    EXPECT_TRUE(cat.wait().success());
}

TEST(Process, IsKilledWithItsOwner) {
    pid_t pid = -1;
    {
        const Process sleeper = Process::spawn({.argv = {"sleep", "1000"}});
        pid = sleeper.pid();
        EXPECT_TRUE(is_alive(pid));
    }
    EXPECT_FALSE(is_alive(pid)) << "and waited for";
    Process one = Process::spawn({.argv = {"sleep", "1000"}});
    pid = one.pid();
    one = Process::spawn({.argv = {"true"}});
    EXPECT_FALSE(is_alive(pid));
    Process two = std::move(one);
    EXPECT_TRUE(two.wait().success());
}

TEST(Process, DiesWithOsb) {
    Pipe pipe = Pipe::make();
    const pid_t osb = ::fork();
    if (osb == 0) {
        const Process child = Process::spawn({.argv = {"sleep", "1000"}});
        write_all(pipe.write, format("{}\n", child.pid()), "pipe");
        pipe.write.reset();
        ::pause();
    }
    pipe.write.reset();
    std::array<char, 32> room{};
    ASSERT_GT(read_some(pipe.read, std::as_writable_bytes(std::span(room)), "pipe"), 0U);
    pid_t child = -1;
    std::from_chars(room.data(), room.data() + room.size(), child);
    ASSERT_TRUE(is_alive(child));
    ::kill(osb, SIGKILL);
    ::waitpid(osb, nullptr, 0);
    // It is nobody's child here: dead is when /proc says so, or says nothing.
    const auto state = [&] {
        try {
            const std::string stat = read_file(format("/proc/{}/stat", child));
            return stat[stat.rfind(')') + 2];
        } catch (const Error &) {
            return 'X';
        }
    };
    for (int i = 0; i < 500 && state() != 'Z' && state() != 'X'; i++) ::usleep(10'000);
    EXPECT_TRUE(state() == 'Z' || state() == 'X') << state();
}

TEST(Process, SignalsWorkInTheChildWhateverTheyDoHere) {
    // This process ignores SIGPIPE (tests/main.cpp) and now blocks and ignores others.
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, &before);
    const auto old_int = ::signal(SIGINT, SIG_IGN);
    const auto old_usr = ::signal(SIGUSR1, SIG_IGN);
    const auto old_chld = ::signal(SIGALRM, SIG_IGN);
    for (const int number : {SIGTERM, SIGINT, SIGPIPE, SIGUSR1, SIGALRM})
        EXPECT_EQ(Process::spawn(shell(format("kill -{} $$; sleep 5", number))).wait(), (ExitStatus{.signal = number}));
    ::signal(SIGINT, old_int);
    ::signal(SIGUSR1, old_usr);
    ::signal(SIGALRM, old_chld);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

TEST(Process, WaitsNoLongerThanAsked) {
    Process sleeper = Process::spawn({.argv = {"sleep", "1000"}});
    EXPECT_EQ(sleeper.wait_for(milliseconds(20)), std::nullopt);
    sleeper.kill(SIGTERM);
    EXPECT_EQ(sleeper.wait_for(milliseconds(5000)), (ExitStatus{.signal = SIGTERM}));
}

TEST(Process, ItsDescriptorTellsTheEnd) {
    Process child = Process::spawn({.argv = {"true"}});
    pollfd one{.fd = child.pidfd().get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&one, 1, 5000), 1);
    EXPECT_TRUE(child.wait().success());
}

TEST(Process, CanHaveASessionOfItsOwn) {
    Command command{.argv = {"/bin/sh", "-c", "cut -d' ' -f1,6 /proc/$$/stat"}, .new_session = true};
    const Captured captured = run_captured(command);
    const size_t blank = captured.out.find(' ');
    EXPECT_EQ(captured.out.substr(0, blank) + "\n", captured.out.substr(blank + 1)) << "it leads its session";
}

TEST(RunCaptured, TakesBothOutputsAndFeedsTheInput) {
    const std::string input(3'000'000, 'i');
    const Captured captured = run_captured(shell("cat; echo error >&2; exit 4"), input);
    EXPECT_EQ(captured.out, input);
    EXPECT_EQ(captured.err, "error\n");
    EXPECT_EQ(captured.status.code, 4);
}

TEST(RunCaptured, KeepsNoMoreThanTheLimitAndDoesNotBlock) {
    const Captured captured = run_captured(shell("head -c 5000000 /dev/zero"), {}, 1000);
    EXPECT_EQ(captured.out.size(), 1000U);
    EXPECT_TRUE(captured.status.success());
}

TEST(RunCaptured, AProgramMayIgnoreItsInput) {
    EXPECT_TRUE(run_captured({.argv = {"true"}}, std::string(1'000'000, 'i')).status.success());
}

TEST(FindProgram, LooksInPath) {
    EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
    EXPECT_TRUE(find_program("sh"));
    EXPECT_EQ(find_program("no-such-program-anywhere"), std::nullopt);
    EXPECT_EQ(find_program("/etc/passwd"), std::nullopt);
    test::Scratch scratch;
    std::filesystem::create_directories(scratch / "first/tool");  // a directory is no program
    std::filesystem::create_directory(scratch / "second");
    write_file(scratch / "second/tool", "#!/bin/sh\n", 0755);
    const std::string before = std::getenv("PATH");
    ::setenv("PATH", format("{0}/first:{0}/second", scratch.path().native()).c_str(), 1);
    EXPECT_EQ(find_program("tool"), scratch / "second/tool");
    ::setenv("PATH", before.c_str(), 1);
}

}  // namespace
}  // namespace osb
