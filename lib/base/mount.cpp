// SPDX-License-Identifier: Apache-2.0
#include "lib/base/mount.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

namespace osb {
namespace {

// glibc 2.36 declares these, older ones do not; the numbers are the kernel's (linux/mount.h).
#ifndef OPEN_TREE_CLONE
constexpr unsigned OPEN_TREE_CLONE = 1;
#endif
constexpr unsigned open_tree_cloexec = O_CLOEXEC;

Fd open_tree_clone(int dir, const char *path, Recursion recursion, std::string_view what) {
    unsigned flags = OPEN_TREE_CLONE | open_tree_cloexec | AT_EMPTY_PATH;
    if (recursion == Recursion::recursive) flags |= AT_RECURSIVE;
    Fd fd(static_cast<int>(check(::syscall(SYS_open_tree, dir, path, flags), "bind {}", what)));
    // A clone of a shared mount is in its peer group: leave it, so that nothing done here shows elsewhere.
    mount_attr attributes{};
    attributes.propagation = MS_PRIVATE;
    check(::syscall(SYS_mount_setattr, fd.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof attributes),
          "make the bind of {} private", what);
    return fd;
}

void set_attributes(const Fd &fd, unsigned long long set, Recursion recursion, std::string_view what) {
    mount_attr attributes{};
    attributes.attr_set = set;
    const int flags = AT_EMPTY_PATH | (recursion == Recursion::recursive ? AT_RECURSIVE : 0);
    check(::syscall(SYS_mount_setattr, fd.get(), "", flags, &attributes, sizeof attributes), "{}", what);
}

/// A file system being configured (fsopen(2)); the kernel's own words are in its message log.
class Context {
public:
    explicit Context(const char *type)
        : type_(type),
          fd_(static_cast<int>(check(::syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), "open file system {}", type))) {}

    void set(const std::string &key, const std::string &value) {
        if (value.empty())
            configure(FSCONFIG_SET_FLAG, key.c_str(), nullptr);
        else
            configure(FSCONFIG_SET_STRING, key.c_str(), value.c_str());
    }
    /// A name for `path` that is short and has nothing to escape; valid until the file system is created. fsconfig(2)
    /// takes no value of 256 bytes or more, and overlayfs takes a backslash or colon in a path for one of its own.
    std::string short_name(const std::filesystem::path &path, size_t limit = 256) {
        const std::string &text = path.native();
        if (text.size() < limit && text.find_first_of(":\\,") == std::string::npos) return text;
        return held_.emplace_back(open_file(path, O_PATH | O_DIRECTORY)).proc_path();
    }
    bool try_set(const std::string &key, const std::string &value) {
        return ::syscall(SYS_fsconfig, fd_.get(), FSCONFIG_SET_STRING, key.c_str(), value.c_str(), 0) == 0;
    }

    Fd create() {
        configure(FSCONFIG_CMD_CREATE, nullptr, nullptr);
        const long fd = ::syscall(SYS_fsmount, fd_.get(), FSMOUNT_CLOEXEC, 0);
        if (fd == -1) refuse("mount", errno);
        return Fd(static_cast<int>(fd));
    }

private:
    void configure(unsigned command, const char *key, const char *value) {
        if (::syscall(SYS_fsconfig, fd_.get(), command, key, value, 0) == -1)
            refuse(key != nullptr
                       ? format("set {}{}{}", key, value != nullptr ? "=" : "", value != nullptr ? value : "")
                       : "create",
                   errno);
    }

    [[noreturn]] void refuse(std::string_view what, int number) const {
        std::string messages;
        char line[512];
        for (ssize_t size = 0; (size = ::read(fd_.get(), line, sizeof line)) > 0;) {
            std::string_view text(line, static_cast<size_t>(size));
            if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
            while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
            messages += format(" ({})", text);
        }
        throw_errno(number, "mount {}: {}{}", type_, what, messages);
    }

    std::string type_;
    Fd fd_;
    std::vector<Fd> held_;
};

}  // namespace

AttachedMount &AttachedMount::operator=(AttachedMount &&other) noexcept {
    if (this != &other) {
        const AttachedMount old(std::move(*this));
        target_ = std::exchange(other.target_, {});
    }
    return *this;
}

AttachedMount::~AttachedMount() {
    if (!target_.empty() && ::umount2(target_.c_str(), MNT_DETACH) == -1)
        log_warning("unmount {}: {}", target_.native(), std::error_code(errno, std::generic_category()).message());
}

void AttachedMount::detach() {
    if (target_.empty()) return;
    check(::umount2(target_.c_str(), MNT_DETACH), "unmount {}", target_.native());
    target_.clear();
}

Mount Mount::bind(const std::filesystem::path &source, Recursion recursion) {
    return Mount(open_tree_clone(AT_FDCWD, source.c_str(), recursion, source.native()));
}

Mount Mount::bind(const Fd &source, Recursion recursion) {
    return Mount(open_tree_clone(source.get(), "", recursion, "an open directory"));
}

Mount Mount::overlay(const OverlaySpec &spec) {
    OSB_ASSERT(!spec.lower.empty());
    Context context("overlay");
    // One lower directory a call (Linux 6.8) knows no limit; before, all have to fit into one value.
    bool appended = true;
    for (const auto &layer : spec.lower) {
        appended = context.try_set("lowerdir+", context.short_name(layer));
        if (!appended) break;
    }
    if (!appended) {
        context = Context("overlay");
        std::string list;
        for (const auto &layer : spec.lower)
            list += (list.empty() ? "" : ":") + context.short_name(layer, 256 / spec.lower.size());
        context.set("lowerdir", list);
    }
    if (spec.upper) {
        OSB_ASSERT(spec.work.has_value());
        context.set("upperdir", context.short_name(*spec.upper));
        context.set("workdir", context.short_name(*spec.work));
    }
    for (const auto &[key, value] : spec.options) context.set(key, value);
    return Mount(context.create());
}

Mount Mount::tmpfs(const std::vector<std::pair<std::string, std::string>> &options) {
    Context context("tmpfs");
    context.set("source", "tmpfs");
    for (const auto &[key, value] : options) context.set(key, value);
    return Mount(context.create());
}

Mount &Mount::read_only(Recursion recursion) {
    set_attributes(fd_, MOUNT_ATTR_RDONLY, recursion, "make a mount read-only");
    return *this;
}

Mount &Mount::without_privileges(Recursion recursion) {
    set_attributes(fd_, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, recursion, "make a mount nosuid,nodev");
    return *this;
}

AttachedMount Mount::attach(const std::filesystem::path &target) && {
    check(::syscall(SYS_move_mount, fd_.get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH), "mount on {}",
          target.native());
    return AttachedMount(target);
}

void enter_private_mount_namespace() {
    check(::unshare(CLONE_NEWNS), "make a mount namespace");
    check(::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr), "keep mounts from leaving the mount namespace");
}

bool is_mount_point(const std::filesystem::path &path) {
    struct statx status {};
    check(::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &status), "stat {}",
          path.native());
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

}  // namespace osb
