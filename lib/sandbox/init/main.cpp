// SPDX-License-Identifier: Apache-2.0
// osb-init: process 1 of a sandbox. Does what the runtime cannot, starts the stage, reaps, and takes everything with it
// when the stage ends or osb does (when process 1 of a pid namespace exits, the kernel kills the rest). Plain system
// calls: it runs in any root, even an empty one, and costs a millisecond at most.
#include <cerrno>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sandbox/init/protocol.hpp"

namespace {

using namespace osb::sandbox::protocol;

void report(Event event, int code, int signal, const char *what = "") {
    Report message;
    message.event = event;
    message.code = code;
    message.signal = signal;
    ::strncpy(message.what, what, sizeof message.what - 1);
    [[maybe_unused]] const ssize_t ignored = ::write(status_fd, &message, sizeof message);
}

/// For calls without which the sandbox would not be what it promises.
void must(long result, const char *what) {
    if (result != -1) return;
    report(Event::setup_failed, errno, 0, what);
    ::_exit(125);
}

/// The kernel command line is the host's business; osbuild's stages expect this one.
void fake_kernel_command_line() {
    const char text[] = "root=/dev/osbuild\n";
    const char *file = "/run/osb/cmdline";
    const int fd = ::open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
    must(fd, "write the kernel command line");
    must(::write(fd, text, sizeof text - 1), "write the kernel command line");
    ::close(fd);
    must(::mount(file, "/proc/cmdline", nullptr, MS_BIND, nullptr), "bind /proc/cmdline");
    must(::mount(nullptr, "/proc/cmdline", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 nullptr),
         "make /proc/cmdline read-only");
    ::unlink(file);
}

void furnish() {
    ::umask(0);
    if (::mkdir("/var/tmp", 01777) == -1 && errno != EEXIST) must(-1, "make /var/tmp");
    must(::chmod("/var/tmp", 01777), "make /var/tmp");
    ::umask(022);
    // runc makes these; there is no devpts, and kcore is masked.
    ::unlink("/dev/ptmx");
    ::unlink("/dev/core");
    fake_kernel_command_line();
}

/// Lowers all five sets to `set`. Does nothing where they are that already.
void lower_capabilities(unsigned long long set) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2]{};
    must(::syscall(SYS_capget, &header, data), "read the capabilities");
    const unsigned long long held = data[0].permitted | static_cast<unsigned long long>(data[1].permitted) << 32;
    for (int number = 0; number < 64; number++) {
        if (((held >> number) & 1) == 0 || ((set >> number) & 1) != 0) continue;
        must(::prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "lower the capability ceiling");
        must(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, number, 0, 0), "lower the ambient capabilities");
    }
    if ((held & ~set) == 0) return;
    const auto low = static_cast<unsigned>(held & set);
    const auto high = static_cast<unsigned>((held & set) >> 32);
    data[0] = {.effective = low, .permitted = low, .inheritable = low};
    data[1] = {.effective = high, .permitted = high, .inheritable = high};
    must(::syscall(SYS_capset, &header, data), "lower the capabilities");
}

[[noreturn]] void run_stage(char **argv, char **env, int null) {
    ::dup2(null, 0);
    ::dup2(output_fd, 1);
    ::dup2(output_fd, 2);
    // The status pipe stays until exec, for its failure.
    ::fcntl(status_fd, F_SETFD, FD_CLOEXEC);
    ::close(output_fd);
    ::close(liveness_fd);
    ::syscall(SYS_close_range, static_cast<unsigned>(status_fd + 1), ~0U, 0U);
    ::setsid();
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(argv[0], argv, env);
    report(Event::exec_failed, errno, 0);
    ::_exit(127);
}

/// Reaps whatever dies; the stage's end is ours. The wait status goes to `status`.
bool stage_ended(pid_t stage, int &status) {
    for (;;) {
        int raw = 0;
        const pid_t pid = ::waitpid(-1, &raw, WNOHANG);
        if (pid <= 0) return false;
        if (pid != stage) continue;
        status = raw;
        return true;
    }
}

[[noreturn]] void watch(pid_t stage, int children) {
    for (;;) {
        pollfd events[2] = {{.fd = liveness_fd, .events = POLLIN, .revents = 0},
                            {.fd = children, .events = POLLIN, .revents = 0}};
        if (::poll(events, 2, -1) == -1) continue;
        if (events[1].revents != 0) {
            signalfd_siginfo info;
            [[maybe_unused]] const ssize_t ignored = ::read(children, &info, sizeof info);
            int status = 0;
            if (stage_ended(stage, status)) {
                const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
                report(Event::ended, signal != 0 ? 0 : WEXITSTATUS(status), signal);
                ::_exit(signal != 0 ? 128 + signal : WEXITSTATUS(status));
            }
        }
        if (events[0].revents != 0) ::_exit(128 + SIGKILL);  // nothing is ever written to it: this is its end
    }
}

}  // namespace

int main(int argc, char **argv) {
    if (argc < 4) return 125;
    ::prctl(PR_SET_PDEATHSIG,
            SIGKILL);  // the liveness pipe says it too; this also works should another process hold the pipe
    const unsigned long long capabilities = ::strtoull(argv[1], nullptr, 16);
    const long count = ::strtol(argv[2], nullptr, 10);
    if (count < 0 || count > argc - 4) return 125;

    // The environment must end in a null pointer: it moves one place down, over COUNT.
    char **env = argv + 2;
    for (long i = 0; i < count; i++) env[i] = argv[3 + i];
    env[count] = nullptr;
    char **stage_argv = argv + 3 + count;

    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    must(null, "open /dev/null");
    furnish();
    lower_capabilities(capabilities);

    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    const int children = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    must(children, "watch the stage");
    report(Event::started, 0, 0);
    const pid_t stage = ::fork();
    must(stage, "start the stage");
    if (stage == 0) run_stage(stage_argv, env, null);

    // The stage must neither see our descriptors nor hold us, and the pipe must end when the stage does.
    for (int fd = 0; fd <= 2; fd++) ::dup2(null, fd);
    ::close(output_fd);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    watch(stage, children);
}
