// SPDX-License-Identifier: Apache-2.0
// What the tests run in a sandbox: does the small things named by its arguments, one after the other, and prints what
// came of it.
#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <vector>

namespace {

/// "ok" or the errno's name.
const char *answer(long result) {
    return result == -1 ? strerrorname_np(errno) : "ok";
}

void print_file(const char *path) {
    const int fd = open(path, O_RDONLY);
    if (fd == -1) {
        printf("%s: %s\n", path, strerrorname_np(errno));
        return;
    }
    char room[4096];
    for (ssize_t count = 0; (count = read(fd, room, sizeof room)) > 0;)
        fwrite(room, 1, static_cast<size_t>(count), stdout);
    close(fd);
}

std::vector<std::string> names(const char *path) {
    std::vector<std::string> list;
    DIR *dir = opendir(path);
    if (dir == nullptr) return {strerrorname_np(errno)};
    while (const dirent *entry = readdir(dir))
        if (entry->d_name[0] != '.') list.emplace_back(entry->d_name);
    closedir(dir);
    std::sort(list.begin(), list.end());
    return list;
}

void print_descriptors() {
    for (int fd = 0; fd < 1024; fd++) {
        char target[256];
        const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
        if (size > 0) printf("%d %.*s\n", fd, static_cast<int>(size), target);
    }
}

void connect_out() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    inet_pton(AF_INET, "8.8.8.8", &address.sin_addr);
    printf("connect %s\n", answer(connect(fd, reinterpret_cast<sockaddr *>(&address), sizeof address)));
    close(fd);
}

void print_calls() {
    const int fd = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    printf("keyctl %s\n", answer(syscall(SYS_keyctl, 0, -3, 1)));
    printf("add_key %s\n", answer(syscall(SYS_add_key, "user", "osb", "x", 1, -2)));
    printf("bpf %s\n", answer(syscall(SYS_bpf, 5, nullptr, 0)));
    printf("kexec_load %s\n", answer(syscall(SYS_kexec_load, 0, 0, nullptr, 0)));
    printf("finit_module %s\n", answer(syscall(SYS_finit_module, -1, "", 0)));
    printf("reboot %s\n", answer(syscall(SYS_reboot, 0, 0, 0, nullptr)));
    printf("clock_settime %s\n", answer(syscall(SYS_clock_settime, 99, nullptr)));
    printf("io_uring_setup %s\n", answer(syscall(SYS_io_uring_setup, 0, nullptr)));
    printf("userfaultfd %s\n", answer(syscall(SYS_userfaultfd, -1)));
    printf("open_by_handle_at %s\n", answer(syscall(SYS_open_by_handle_at, -1, nullptr, 0)));
    printf("ptrace %s\n", answer(syscall(SYS_ptrace, 16 /* PTRACE_ATTACH */, 1, nullptr, nullptr)));
    printf("fsync %s\n", answer(fsync(fd)));
    printf("fsync of nothing %s\n", answer(fsync(-1)));
    printf("fdatasync %s\n", answer(fdatasync(-1)));
    printf("syncfs %s\n", answer(syncfs(-1)));
    printf("mount %s\n", answer(mount("none", "/tmp", "tmpfs", 0, nullptr)));
#if defined __x86_64__
    long pid = 0;
    asm volatile("int $0x80" : "=a"(pid) : "a"(20 /* getpid of i386 */) : "memory", "r8", "r9", "r10", "r11");
    printf("i386 getpid %s\n", pid == getpid() ? "ok" : "differs");
    long keyctl = 0;
    asm volatile("int $0x80"
                 : "=a"(keyctl)
                 : "a"(288 /* keyctl of i386 */), "b"(99)
                 : "memory", "r8", "r9", "r10", "r11");
    printf("i386 keyctl %s\n", keyctl == -EPERM ? "EPERM" : "something else");
#endif
}

void flood(long long bytes) {
    std::vector<char> block(1 << 16);
    for (size_t i = 0; i < block.size(); i++) block[i] = static_cast<char>(i * 7);  // every byte there is
    while (bytes > 0) {
        const ssize_t count = write(1, block.data(), std::min<size_t>(block.size(), static_cast<size_t>(bytes)));
        if (count <= 0) exit(1);
        bytes -= count;
    }
}

/// A process of its own session that ignores what can be ignored, holds stdout, and stays.
void leave_daemon() {
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    for (int number = 1; number < 32; number++) signal(number, SIG_IGN);
    for (;;) pause();
}

int take(const std::string &verb, const char *value) {
    if (verb == "print")
        fputs(value, stdout);
    else if (verb == "error")
        fputs(value, stderr);
    else if (verb == "cat")
        print_file(value);
    else if (verb == "exit")
        exit(atoi(value));
    else if (verb == "signal")
        raise(atoi(value));
    else if (verb == "sleep")
        usleep(static_cast<useconds_t>(atof(value) * 1e6));
    else if (verb == "flood")
        flood(atoll(value));
    else if (verb == "ls")
        for (const std::string &name : names(value)) printf("%s\n", name.c_str());
    else if (verb == "touch")
        printf("touch %s %s\n", value, answer(open(value, O_WRONLY | O_CREAT, 0644)));
    else if (verb == "mkdir")
        printf("mkdir %s %s\n", value, answer(mkdir(value, 0755)));
    else if (verb == "open")
        printf("open %s %s\n", value, answer(open(value, O_RDWR)));
    else if (verb == "remount") {
        printf("remount %s %s\n", value, answer(mount(nullptr, value, nullptr, MS_REMOUNT, nullptr)));
        printf("remount of the bind %s %s\n", value,
               answer(mount(nullptr, value, nullptr, MS_REMOUNT | MS_BIND, nullptr)));
    } else if (verb == "mode") {
        struct stat status {};
        stat(value, &status);
        printf("%o %s\n", status.st_mode, value);
    } else if (verb == "loop-node") {
        printf("mknod %s\n", answer(mknod(value, S_IFBLK | 0600, makedev(7, 0))));
        printf("open %s\n", answer(open(value, O_RDONLY)));
    } else if (verb == "is-mount") {
        struct statx status {};
        statx(AT_FDCWD, value, 0, STATX_BASIC_STATS, &status);
        printf("%s %s\n", value, (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0 ? "mount" : "no mount");
    } else
        return 1;
    fflush(stdout);
    return 0;
}

int take(const std::string &verb) {
    utsname machine{};
    if (verb == "env")
        for (char **entry = environ; *entry != nullptr; entry++) printf("%s\n", *entry);
    else if (verb == "descriptors")
        print_descriptors();
    else if (verb == "connect")
        connect_out();
    else if (verb == "calls")
        print_calls();
    else if (verb == "daemon")
        leave_daemon();
    else if (verb == "kill-init")
        for (const int number : {SIGTERM, SIGSTOP, SIGKILL}) kill(1, number);
    else if (verb == "hostname" && uname(&machine) == 0)
        printf("%s\n", machine.nodename);
    else if (verb == "ids") {
        gid_t groups[8];
        printf("pid %d session %d uid %d gid %d groups %d umask %o\n", getpid(), getsid(0) == getpid(), getuid(),
               getgid(), getgroups(8, groups), umask(022));
    } else
        return 1;
    fflush(stdout);
    return 0;
}

}  // namespace

int main(int argc, char **argv) {
    setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
    for (int i = 1; i < argc; i++) {
        const std::string verb = argv[i];
        if (take(verb) == 0) continue;
        if (i + 1 == argc || take(verb, argv[++i]) != 0) {
            fprintf(stderr, "probe: %s?\n", verb.c_str());
            return 99;
        }
    }
    return 0;
}
