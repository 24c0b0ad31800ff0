// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_unpack.hpp"

#include <fcntl.h>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utility>

#include "lib/base/error.hpp"
#include "oci/tar_reader.hpp"

namespace osb::oci {
namespace {

template <typename... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args &&...args) {
    throw Error(format_message(text, fmt::make_format_args(args...)), Blame::build);
}

/// A name for a sentence: control characters and backslashes escaped, so that an archive cannot write to a terminal.
std::string printable(std::string_view name) {
    std::string text;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f || c == '\\')
            text += format("\\x{:02x}", byte);
        else
            text += c;
    }
    return text;
}

/// Where a name of the archive belongs; `subject` is "its name" or "its link".
TreePath checked_path(std::string_view name, const char *subject) {
    if (name.starts_with('/')) refuse("{} is absolute", subject);
    for (std::string_view rest = name; !rest.empty();) {
        const std::string_view component = rest.substr(0, rest.find('/'));
        if (component == "..") refuse("{} has a .. component", subject);
        rest.remove_prefix(std::min(component.size() + 1, rest.size()));
    }
    return TreePath(name);
}

/// Without the first `count` components; nullopt when nothing is left.
std::optional<TreePath> stripped(const TreePath &path, unsigned count) {
    std::string_view rest = path.text();
    for (unsigned i = 0; i < count; i++) {
        const size_t slash = rest.find('/');
        if (slash == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(slash + 1);
    }
    return TreePath(rest);
}

using Inode = std::pair<dev_t, ino_t>;

class Unpacker {
public:
    Unpacker(const Dir &into, const UnpackOptions &options) : into_(into), options_(options) {}

    void add(const TarEntry &entry, TarReader &reader) {
        const std::optional<TreePath> path = stripped(checked_path(entry.name, "its name"), options_.strip_components);
        if (!path || (options_.select && !options_.select(path->text()))) return;
        summary_.entries++;
        if (entry.type == TarType::directory)
            add_directory(*path, entry);
        else if (path->is_root())
            refuse("it stands for the tree itself and is no directory");
        else
            add_other(*path, entry, reader);
    }

    /// Directories last: what is put into them changes their time, and a mode may keep us out.
    UnpackSummary finish() {
        for (auto found = directories_.rbegin(); found != directories_.rend(); ++found) {
            const auto &[text, entry] = *found;
            in_context(
                [&] {
                    const Fd dir = into_.open_file(TreePath(text), O_RDONLY | O_DIRECTORY, 0, Symlinks::refuse);
                    set_metadata(dir, entry);
                },
                "{}", printable(entry.name));
        }
        return summary_;
    }

private:
    void add_directory(const TreePath &path, const TarEntry &entry) {
        if (!path.is_root()) {
            const Fd &parent = parent_of(path);
            const std::string name = path.name();
            if (const std::optional<struct stat> there = status_of(parent, name); there && !S_ISDIR(there->st_mode)) {
                if (S_ISLNK(there->st_mode) && options_.directory_links == UnpackOptions::DirectoryLinks::keep &&
                    is_directory_behind(path, *there))
                    return;
                make_room(parent, path);
            }
            if (::mkdirat(parent.get(), name.c_str(), 0700) == -1 && errno != EEXIST) check(-1, "make directory");
        }
        directories_.insert_or_assign(path.text(), entry);
    }

    bool is_directory_behind(const TreePath &path, const struct stat &link) const {
        if (our_links_.contains({link.st_dev, link.st_ino})) return false;
        const std::optional<struct stat> target = into_.status(path, Symlinks::follow);
        return target && S_ISDIR(target->st_mode);
    }

    void add_other(const TreePath &path, const TarEntry &entry, TarReader &reader) {
        const Fd &parent = parent_of(path);
        const std::string name = path.name();
        if (entry.type == TarType::hard_link) {
            add_hard_link(path, entry);
            return;
        }
        make_room(parent, path);
        switch (entry.type) {
            case TarType::file: {
                const Fd file(check(
                    ::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
                    "create"));
                write_content(file, entry, reader);
                set_metadata(file, entry);
                return;
            }
            case TarType::symlink:
                check(::symlinkat(entry.link.c_str(), parent.get(), name.c_str()), "make symlink");
                note_link(parent, name);
                break;
            case TarType::fifo:
                check(::mkfifoat(parent.get(), name.c_str(), 0600), "make fifo");
                break;
            default: {
                const mode_t type = entry.type == TarType::character_device ? S_IFCHR : S_IFBLK;
                check(::mknodat(parent.get(), name.c_str(), type | 0600,
                                ::makedev(entry.device_major, entry.device_minor)),
                      "make device {}:{}", entry.device_major, entry.device_minor);
            }
        }
        set_metadata(parent, name, entry);
    }

    void add_hard_link(const TreePath &path, const TarEntry &entry) {
        const std::optional<TreePath> target =
            stripped(checked_path(entry.link, "its link"), options_.strip_components);
        if (!target || target->is_root()) refuse("links to {}, which is not in the tree", printable(entry.link));
        if (*target == path) refuse("links to itself");
        const Fd target_parent = open_parent(*target, Missing::error);
        const std::string target_name = target->name();
        const std::optional<struct stat> there = target_parent ? status_of(target_parent, target_name) : std::nullopt;
        if (!there || S_ISDIR(there->st_mode))
            refuse("links to {}, which is no file of the tree", printable(entry.link));
        const Fd &parent = parent_of(path);
        make_room(parent, path);
        check(::linkat(target_parent.get(), target_name.c_str(), parent.get(), path.name().c_str(), 0), "link to {}",
              printable(entry.link));
    }

    void write_content(const Fd &file, const TarEntry &entry, TarReader &reader) {
        std::uint64_t end = 0;
        reader.read_content([&](std::uint64_t offset, std::span<const std::byte> data) {
            if (offset != end) check(::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET), "seek");
            write_all(file, data, "its content");
            end = offset + data.size();
            summary_.bytes += data.size();
        });
        if (end != entry.size) check(::ftruncate(file.get(), static_cast<off_t>(entry.size)), "set its size");
    }

    /// Removes what stands at `path`.
    void make_room(const Fd &parent, const TreePath &path) {
        const std::string name = path.name();
        if (::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT) return;
        if (errno != EISDIR) check(-1, "replace what is there");
        if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == -1) {
            if (errno == ENOTEMPTY || errno == EEXIST) refuse("a directory that is not empty is in its place");
            check(-1, "replace the directory that is there");
        }
        directories_.erase(path.text());
    }

    void note_link(const Fd &parent, const std::string &name) {
        if (const std::optional<struct stat> status = status_of(parent, name))
            our_links_.emplace(status->st_dev, status->st_ino);
    }

    enum class Missing { make, error };

    /// The directory that holds `path`, made where it is missing (or none, with Missing::error).
    Fd open_parent(const TreePath &path, Missing missing) const {
        const TreePath parent = path.parent();
        refuse_our_links(parent);
        if (missing == Missing::make) return into_.make_dirs(parent).fd().duplicate();
        if (!into_.status(parent, Symlinks::follow)) return {};
        return into_.open_dir(parent).fd().duplicate();
    }

    /// Entries mostly come directory by directory, so the last one is kept open.
    const Fd &parent_of(const TreePath &path) {
        if (const TreePath wanted = path.parent(); !parent_ || wanted != parent_path_) {
            parent_ = open_parent(path, Missing::make);
            parent_path_ = wanted;
        }
        return parent_;
    }

    /// Symlinks that were there before lead to somewhere in the tree; one that this archive made has no good reason to
    /// be gone through by the same archive.
    void refuse_our_links(const TreePath &directory) const {
        if (our_links_.empty()) return;
        for (TreePath part = directory; !part.is_root(); part = part.parent()) {
            const std::optional<struct stat> status = into_.status(part);
            if (status && S_ISLNK(status->st_mode) && our_links_.contains({status->st_dev, status->st_ino}))
                refuse("passes through {}, a symlink of the same archive", printable(part.text()));
        }
    }

    static std::optional<struct stat> status_of(const Fd &parent, const std::string &name) {
        struct stat status {};
        if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return status;
        if (errno != ENOENT) check(-1, "stat");
        return std::nullopt;
    }

    uid_t owner(std::uint64_t id) const {
        if (id >= std::numeric_limits<uid_t>::max()) refuse("owner {} is out of range", id);
        return static_cast<uid_t>(id);
    }

    static std::array<timespec, 2> times(const TarEntry &entry) {
        const timespec time{.tv_sec = entry.mtime, .tv_nsec = static_cast<long>(entry.mtime_nanoseconds)};
        return {time, time};
    }

    bool keeps(const Xattr &xattr) const { return !options_.keep_xattr || options_.keep_xattr(xattr.first); }

    // chown clears setuid and file capabilities, so it comes first; times come last.
    void set_metadata(const Fd &fd, const TarEntry &entry) const {
        if (options_.owners == UnpackOptions::Owners::as_archived)
            check(::fchown(fd.get(), owner(entry.uid), owner(entry.gid)), "set owner {}:{}", entry.uid, entry.gid);
        check(::fchmod(fd.get(), entry.mode), "set mode {:o}", entry.mode);
        for (const Xattr &xattr : entry.xattrs)
            if (keeps(xattr))
                check(::fsetxattr(fd.get(), xattr.first.c_str(), xattr.second.data(), xattr.second.size(), 0), "set {}",
                      printable(xattr.first));
        check(::futimens(fd.get(), times(entry).data()), "set time");
    }

    /// The same for what cannot be opened: symlinks, devices, fifos.
    void set_metadata(const Fd &parent, const std::string &name, const TarEntry &entry) const {
        if (options_.owners == UnpackOptions::Owners::as_archived)
            check(::fchownat(parent.get(), name.c_str(), owner(entry.uid), owner(entry.gid), AT_SYMLINK_NOFOLLOW),
                  "set owner {}:{}", entry.uid, entry.gid);
        if (entry.type != TarType::symlink)
            check(::fchmodat(parent.get(), name.c_str(), entry.mode, 0), "set mode {:o}", entry.mode);
        for (const Xattr &xattr : entry.xattrs)
            if (keeps(xattr))
                check(::lsetxattr((parent.proc_path() + "/" + name).c_str(), xattr.first.c_str(), xattr.second.data(),
                                  xattr.second.size(), 0),
                      "set {}", printable(xattr.first));
        check(::utimensat(parent.get(), name.c_str(), times(entry).data(), AT_SYMLINK_NOFOLLOW), "set time");
    }

    const Dir &into_;
    const UnpackOptions &options_;
    UnpackSummary summary_;
    std::map<std::string, TarEntry> directories_;
    std::set<Inode> our_links_;
    Fd parent_;
    TreePath parent_path_;
};

}  // namespace

UnpackSummary unpack_tar(const Fd &archive, std::string_view what, const Dir &into, const UnpackOptions &options) {
    return in_context(
        [&] {
            TarReader reader(archive, options.progress);
            Unpacker unpacker(into, options);
            while (const std::optional<TarEntry> entry = reader.next())
                in_context([&] { unpacker.add(*entry, reader); }, "{}", printable(entry->name));
            return unpacker.finish();
        },
        "unpack {}", what);
}

UnpackSummary unpack_tar(const std::filesystem::path &archive, const Dir &into, const UnpackOptions &options) {
    return unpack_tar(open_file(archive, O_RDONLY), archive.native(), into, options);
}

}  // namespace osb::oci
