// SPDX-License-Identifier: Apache-2.0
#include "lib/store/run.hpp"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <stdlib.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

namespace osb::store::detail {
namespace {

bool is_at(const Fd &open, const std::filesystem::path &path) {
    struct stat here {};
    struct stat there {};
    return ::fstat(open.get(), &here) == 0 && ::lstat(path.c_str(), &there) == 0 && here.st_dev == there.st_dev &&
           here.st_ino == there.st_ino;
}

/// mountinfo writes blanks and the like as \ooo (proc_pid_mountinfo(5)).
std::string unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// Takes off what a dead process had mounted below `directory`. That happens only to those that had no mount namespace
/// of their own: what was mounted in one is gone with it.
void detach_mounts_below(const std::filesystem::path &directory) {
    const std::string below = std::filesystem::canonical(directory).native() + "/";
    const std::string table = read_file("/proc/self/mountinfo");
    std::vector<std::string> targets;
    for (std::string_view rest = table; !rest.empty();) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        for (int field = 0; field < 4; field++) line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
        std::string target = unescape(line.substr(0, line.find(' ')));
        if (target.starts_with(below)) targets.push_back(std::move(target));
    }
    // What was mounted last stands on the others.
    for (auto target = targets.rbegin(); target != targets.rend(); ++target)
        check(::umount2(target->c_str(), MNT_DETACH | UMOUNT_NOFOLLOW), "unmount {}", *target);
}

void reap(const Fd &tmp, const std::filesystem::path &path, const Reap &hook) {
    const std::string name = path.filename();
    Fd fd(::openat(tmp.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd && errno == ENOENT) return;
    if (!fd && (errno == ENOTDIR || errno == ELOOP)) return remove_tree(tmp, name);  // only directories belong to runs
    check(fd.get(), "open {}", path.native());
    const auto lock = FileLock::try_now(std::move(fd), LockKind::exclusive, path.native());
    if (!lock || !is_at(lock->fd(), path)) return;  // alive, or just removed by somebody else
    log_info("remove {}, left by a run that did not end well", path.native());
    detach_mounts_below(path);
    if (hook) hook(path);
    remove_tree(tmp, name);
}

}  // namespace

void (*run_not_yet_locked)(const std::filesystem::path &run_directory) = [](const std::filesystem::path &) {};

Run Run::make(const std::filesystem::path &tmp) {
    while (true) {
        std::string name = (tmp / format("run-{}-XXXXXX", ::getpid())).native();
        if (::mkdtemp(name.data()) == nullptr) check(-1, "make a run's directory in {}", tmp.native());
        Fd fd(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd && errno == ENOENT) continue;
        check(fd.get(), "open {}", name);
        run_not_yet_locked(name);
        FileLock lock = FileLock::wait(std::move(fd), LockKind::exclusive, name);
        // Until it was locked it looked dead; whoever took it for that has removed it.
        if (!is_at(lock.fd(), name)) continue;
        // Nothing made in it may inherit from a default ACL that somebody gave to the store's directory.
        if (::removexattr(name.c_str(), "system.posix_acl_default") == -1 && errno != ENODATA && errno != ENOTSUP)
            check(-1, "remove the default ACL of {}", name);
        return {name, std::move(lock)};
    }
}

void reap_dead_runs(const std::filesystem::path &tmp, const Reap &hook) {
    const Dir dir = Dir::open(tmp);
    for (const std::string &name : dir.names()) {
        try {
            reap(dir.fd(), tmp / name, hook);
        } catch (const std::exception &error) {
            log_warning("remove what a dead run left in {}: {}", (tmp / name).native(), error.what());
        }
    }
}

}  // namespace osb::store::detail
