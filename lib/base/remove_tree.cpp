// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"

namespace osb {
namespace {

/// Directories held open at a time; what lies deeper is first moved to the top. A tree may be nested deeper than there
/// are descriptors, or than a path may be long.
constexpr int most_levels = 64;

struct CloseDir {
    void operator()(DIR *dir) const { ::closedir(dir); }
};

/// Clears the inode flags that forbid changes to a file or directory. Best effort: what then fails says why.
void clear_flags(int fd) {
    int flags = 0;
    if (::ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && (flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) != 0) {
        flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
        ::ioctl(fd, FS_IOC_SETFLAGS, &flags);
    }
}

/// One call of remove_tree. The directory that holds the tree is somebody else's: nothing about it is changed.
class Removal {
public:
    explicit Removal(const Fd &holder) : holder_(holder) {}

    void remove(const std::string &name, mode_t mode) {
        if (S_ISDIR(mode))
            remove_directory(holder_, name.c_str(), 0);
        else
            unlink(holder_, name.c_str(), 0);
    }

private:
    bool is_ours(const Fd &dir) const { return &dir != &holder_; }

    /// Opens a directory that is to be removed; never what is mounted on it, be it of the same file system.
    static int open_unmounted(const Fd &parent, const char *name) {
        open_how how{};
        how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        how.resolve = RESOLVE_NO_XDEV;
        const auto attempt = [&] {
            return static_cast<int>(::syscall(SYS_openat2, parent.get(), name, &how, sizeof how));
        };
        int fd = attempt();
        if (fd == -1 && errno == EACCES) {
            ::fchmodat(parent.get(), name, 0700, 0);
            fd = attempt();
        }
        return fd;
    }

    /// Takes away what may hinder removing the entry.
    void unlock(const Fd &dir, const char *name) const {
        if (is_ours(dir)) clear_flags(dir.get());
        struct stat status {};
        // Only these have flags, and opening a device can do things.
        if (::fstatat(dir.get(), name, &status, AT_SYMLINK_NOFOLLOW) == -1 ||
            !(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)))
            return;
        const Fd entry(::openat(dir.get(), name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
        if (entry) clear_flags(entry.get());
    }

    void unlink(const Fd &dir, const char *name, int flags) const {
        if (::unlinkat(dir.get(), name, flags) == 0 || errno == ENOENT) return;
        if (errno == EPERM || errno == EACCES) {
            unlock(dir, name);
            if (::unlinkat(dir.get(), name, flags) == 0 || errno == ENOENT) return;
        }
        check(-1, "remove {}", name);
    }

    void remove_directory(const Fd &parent, const char *name, int depth) {
        const Fd dir(open_unmounted(parent, name));
        if (!dir && errno == ENOENT) return;
        if (!dir && errno == EXDEV) throw_errno(EBUSY, "remove {}: something is mounted there", name);
        check(dir.get(), "open {}", name);
        struct stat status {};
        if (::fstat(dir.get(), &status) == 0 && (status.st_mode & S_IRWXU) != S_IRWXU) ::fchmod(dir.get(), 0700);
        if (depth == 0) top_ = &dir;
        in_context([&] { empty(dir, depth); }, "{}", name);
        unlink(parent, name, AT_REMOVEDIR);
    }

    void empty(const Fd &dir, int depth) {
        const std::unique_ptr<DIR, CloseDir> list(::fdopendir(check(::fcntl(dir.get(), F_DUPFD_CLOEXEC, 0), "list")));
        if (!list) check(-1, "list");
        unsigned moved = 0;
        do {  // again when something was moved here from below
            moved = moved_;
            ::rewinddir(list.get());
            errno = 0;
            while (const dirent *entry = ::readdir(list.get())) {
                const std::string name = entry->d_name;
                if (name != "." && name != "..") remove_entry(dir, name, entry->d_type, depth);
                errno = 0;
            }
            if (errno != 0) check(-1, "list");
        } while (depth == 0 && moved != moved_);
    }

    void remove_entry(const Fd &dir, const std::string &name, unsigned char type, int depth) {
        if (type == DT_UNKNOWN) {
            struct stat status {};
            if (::fstatat(dir.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(status.st_mode))
                type = DT_DIR;
        }
        if (type != DT_DIR) return unlink(dir, name.c_str(), 0);
        if (depth + 1 >= most_levels && move_to_top(dir, name)) return;
        remove_directory(dir, name.c_str(), depth + 1);
    }

    /// False where it cannot be moved, a mount point for example; then it is dealt with where it is.
    bool move_to_top(const Fd &dir, const std::string &name) {
        const auto attempt = [&] {
            for (;;) {
                const std::string there = format(".moved-{}", ++moved_);
                if (::renameat2(dir.get(), name.c_str(), top_->get(), there.c_str(), RENAME_NOREPLACE) == 0)
                    return true;
                if (errno != EEXIST) return false;
            }
        };
        if (attempt()) return true;
        unlock(dir, name.c_str());
        ::fchmodat(dir.get(), name.c_str(), 0700, 0);
        return attempt();
    }

    const Fd &holder_;
    const Fd *top_ = nullptr;
    unsigned moved_ = 0;
};

}  // namespace

void remove_tree(const Fd &parent, const std::string &name) {
    struct stat status {};
    if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == -1) {
        if (errno == ENOENT) return;
        check(-1, "remove {}", name);
    }
    in_context([&] { Removal(parent).remove(name, status.st_mode); }, "remove tree");
}

void remove_tree(const std::filesystem::path &path) {
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    const Fd fd(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return;
    check(fd.get(), "remove {}: open its directory", path.native());
    remove_tree(fd, path.filename().native());
}

}  // namespace osb
