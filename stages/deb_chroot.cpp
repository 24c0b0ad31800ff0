// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_chroot.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/mount.hpp"
#include "lib/base/process.hpp"

namespace osb::stages {
namespace {

/// Attaching needs a path whose last component is no link: /proc/self/fd/N is one, /proc/self/fd/N/. is not.
std::filesystem::path here(const Dir &dir) {
    return dir.fd().proc_path() + "/.";
}

/// The mounts are never taken off: the namespace ends with the process.
class Mounts {
public:
    explicit Mounts(const Dir &tree) : tree_(enter(tree)) {}
    const Dir &tree() const noexcept { return tree_; }

    /// On a directory of the tree itself, never on what a link of the tree leads to. Returns what is there from now on.
    Dir put(Mount mount, const TreePath &path) {
        if (!tree_.exists(path)) tree_.make_dirs(path);
        std::move(mount).attach(here(tree_.open_dir(path, Symlinks::refuse))).stay();
        return tree_.open_dir(path, Symlinks::refuse);
    }
    void put_file(Mount mount, const Dir &dir, const std::string &name) {
        dir.write_file(TreePath(name), "");
        std::move(mount).attach(dir.fd().proc_path() + "/" + name).stay();
    }

private:
    /// The tree as the new namespace has it: what was opened before belongs to the old one, where nothing may be
    /// mounted from here.
    static Dir enter(const Dir &tree) {
        const auto path = std::filesystem::read_symlink(tree.fd().proc_path());
        check(::unshare(CLONE_NEWNS), "enter a mount namespace");
        check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
              "keep mounts from leaving the mount namespace");
        return Dir::open(path);
    }

    Dir tree_;
};

void furnish_dev(Mounts &mounts) {
    const Dir dev = mounts.put(Mount::tmpfs({{"mode", "755"}}), TreePath("dev"));
    for (const char *name : {"null", "zero", "full", "random", "urandom", "tty"}) {
        const auto source = std::filesystem::path("/dev") / name;
        if (::access(source.c_str(), F_OK) == 0) mounts.put_file(Mount::bind(source), dev, name);
    }
    // Shells need these for <(…) and /dev/stdin.
    const std::array<std::pair<const char *, const char *>, 4> links = {{{"/proc/self/fd", "fd"},
                                                                         {"/proc/self/fd/0", "stdin"},
                                                                         {"/proc/self/fd/1", "stdout"},
                                                                         {"/proc/self/fd/2", "stderr"}}};
    for (const auto &[target, name] : links) check(::symlinkat(target, dev.fd().get(), name), "make /dev/{}", name);
    dev.make_dirs(TreePath("shm"), 01777);
}

void furnish_tmp(Mounts &mounts, const std::map<std::string, std::filesystem::path> &archives) {
    const Dir tmp = mounts.put(Mount::tmpfs({{"mode", "1777"}}), TreePath("tmp"));
    // Found before the real one: init scripts and maintainer scripts that start daemons without asking policy-rc.d.
    const TreePath stub("osb-deb/bin/start-stop-daemon");
    tmp.make_dirs(stub.parent());
    tmp.write_file(stub, "#!/bin/sh\nexit 0\n");
    check(::fchmod(tmp.open_file(stub, O_RDONLY).get(), 0755), "make {} executable", stub.text());
    const Dir shelf = tmp.make_dirs(TreePath("osb-deb/archives"));
    for (const auto &[name, file] : archives) mounts.put_file(std::move(Mount::bind(file).read_only()), shelf, name);
}

[[noreturn]] void run_child(const Dir &tree, const std::map<std::string, std::filesystem::path> &archives,
                            const std::function<void()> &work, const Fd &report) {
    try {
        // Scripts write the host's name into configuration files and keys.
        check(::unshare(CLONE_NEWUTS), "enter a namespace for the host name");
        constexpr std::string_view host_name = "localhost";
        check(::sethostname(host_name.data(), host_name.size()), "set the host name");
        Mounts mounts(tree);
        mounts.put(Mount::bind("/proc", Recursion::recursive), TreePath("proc"));
        if (::access("/sys/kernel", F_OK) == 0)
            mounts.put(std::move(Mount::bind("/sys", Recursion::recursive).read_only(Recursion::recursive)),
                       TreePath("sys"));
        furnish_dev(mounts);
        furnish_tmp(mounts, archives);
        check(::fchdir(mounts.tree().fd().get()), "enter the tree");
        check(::chroot("."), "make the tree the root");
        ::umask(022);
        work();
        ::_exit(0);
    } catch (const std::exception &error) {
        write_all(report, error.what(), "the report");
    }
    ::_exit(1);
}

/// Splits output into lines as it passes and keeps the last of them.
class LastLines {
public:
    void add(std::string_view text) {
        for (const char letter : text) {
            if (letter != '\n') {
                if (line_.size() < longest) line_ += letter;
            } else {
                lines_.push_back(std::move(line_));
                line_.clear();
                if (lines_.size() > 2 * kept) lines_.erase(lines_.begin(), lines_.end() - kept);
            }
        }
    }
    std::vector<std::string> finish() && {
        if (!line_.empty()) lines_.push_back(std::move(line_));
        return std::move(lines_);
    }

private:
    static constexpr size_t kept = 200;
    static constexpr size_t longest = 4096;
    std::vector<std::string> lines_;
    std::string line_;
};

}  // namespace

void in_tree(const Dir &tree, const std::map<std::string, std::filesystem::path> &archives,
             const std::function<void()> &work) {
    Pipe report = Pipe::make();
    const pid_t parent = ::getpid();
    const pid_t child = check(::fork(), "start a process for the tree");
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        run_child(tree, archives, work, report.write);
    }
    report.write.reset();
    const std::string words = read_all(report.read, "the report");
    int status = 0;
    while (::waitpid(child, &status, 0) == -1 && errno == EINTR) {
    }
    if (!words.empty()) throw Error(words, Blame::build);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(Blame::build, "the process in the tree was killed");
}

TreePrograms::TreePrograms(EpochSeconds epoch)
    : environment_{{"PATH", "/tmp/osb-deb/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                   {"HOME", "/root"},
                   {"LC_ALL", "C"},
                   {"LANGUAGE", "C"},
                   {"TERM", "dumb"},
                   {"TZ", "UTC"},
                   {"DEBIAN_FRONTEND", "noninteractive"},
                   {"DEBCONF_NONINTERACTIVE_SEEN", "true"},
                   {"DEBCONF_NOWARNINGS", "yes"},
                   {"SYSTEMD_OFFLINE", "1"},
                   {"PERL_HASH_SEED", "0"},
                   {"PERL_PERTURB_KEYS", "0"},
                   {"PYTHONHASHSEED", "0"},
                   {"SOURCE_DATE_EPOCH", std::to_string(epoch)}} {}

TreePrograms::Result TreePrograms::run(const std::vector<std::string> &argv,
                                       const std::map<std::string, std::string> &more) const {
    Command command{.argv = argv, .env = std::vector<std::string>()};
    std::map<std::string, std::string> environment = more;
    environment.insert(environment_.begin(), environment_.end());
    for (const auto &[name, value] : environment) command.env->push_back(name + "=" + value);
    Pipe pipe = Pipe::make();
    command.out = pipe.write.get();
    command.err = pipe.write.get();
    Process process = Process::spawn(command);
    pipe.write.reset();
    // A daemon that a script left behind holds the pipe open for ever, so the program's end counts, not the pipe's.
    LastLines last;
    const Fd out(::dup(STDOUT_FILENO));
    std::array<std::byte, 16384> room;
    const auto pass_on = [&] {
        const size_t count = read_some(pipe.read, room, argv.front());
        const std::string_view text(reinterpret_cast<const char *>(room.data()), count);
        write_all(out, text, "standard output");
        last.add(text);
        return count;
    };
    bool ended = false;
    for (bool open = true; open;) {
        std::array<pollfd, 2> wait{{{.fd = pipe.read.get(), .events = POLLIN, .revents = 0},
                                    {.fd = ended ? -1 : process.pidfd().get(), .events = POLLIN, .revents = 0}}};
        const int count = ::poll(wait.data(), wait.size(), ended ? 0 : -1);
        if (count == -1 && errno == EINTR) continue;
        check(count, "wait for {}", argv.front());
        if (wait[0].revents != 0)
            open = pass_on() != 0;
        else if (ended)
            break;
        if (wait[1].revents != 0) ended = true;
    }
    const ExitStatus status = process.wait();
    return {.success = status.success(), .how = status.text(), .lines = std::move(last).finish()};
}

}  // namespace osb::stages
