// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_writer.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "oci/tar_header.hpp"

namespace osb::oci {
namespace {

/// Stays in the CPU's cache between read(2) and whatever the sink does with it, and writes of this size are not slower
/// than larger ones (on ext4 those of 1 MiB took up to twice the time, for memory in large folios).
constexpr size_t buffer_size = size_t{1} << 16;
constexpr std::uint64_t progress_step = std::uint64_t{1} << 20;

/// Collects small pieces and reads file content into the same buffer, so that nothing is copied twice.
class Output {
public:
    Output(Sink &out, const std::function<void(std::uint64_t)> &progress) : out_(out), progress_(progress) {}

    void put(std::string_view text) {
        while (!text.empty()) {
            const std::span<std::byte> room = free_room();
            const size_t count = std::min(room.size(), text.size());
            std::memcpy(room.data(), text.data(), count);
            used_ += count;
            text.remove_prefix(count);
        }
    }
    void put_zeroes(size_t count) {
        while (count > 0) {
            const std::span<std::byte> room = free_room();
            const size_t now = std::min(room.size(), count);
            std::memset(room.data(), 0, now);
            used_ += now;
            count -= now;
        }
    }
    /// Up to `limit` bytes from a file; 0 at its end.
    size_t put_from(const Fd &fd, std::uint64_t limit, const std::string &path) {
        const std::span<std::byte> room = free_room();
        const size_t count =
            read_some(fd, room.first(static_cast<size_t>(std::min<std::uint64_t>(room.size(), limit))), path);
        used_ += count;
        return count;
    }
    void flush() {
        if (used_ == 0) return;
        out_.write(std::span(buffer_).first(used_));
        flushed_ += used_;
        used_ = 0;
        if (progress_ && flushed_ - told_ >= progress_step) tell();
    }
    void finish() {
        flush();
        if (progress_ && flushed_ != told_) tell();
    }
    std::uint64_t size() const { return flushed_ + used_; }

private:
    void tell() {
        told_ = flushed_;
        progress_(told_);
    }
    std::span<std::byte> free_room() {
        if (used_ == buffer_.size()) flush();
        return std::span(buffer_).subspan(used_);
    }

    Sink &out_;
    const std::function<void(std::uint64_t)> &progress_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(buffer_size);
    size_t used_ = 0;
    std::uint64_t flushed_ = 0;
    std::uint64_t told_ = 0;
};

/// What belongs to the file, not to the file system or overlay it happens to lie on.
bool is_portable(std::string_view xattr) {
    if (xattr.starts_with("trusted.overlay.") || xattr.starts_with("user.overlay.")) return false;
    return xattr.starts_with("user.") || xattr.starts_with("trusted.") || xattr.starts_with("security.") ||
           xattr == "system.posix_acl_access" || xattr == "system.posix_acl_default";
}

/// A capability set by root of a user namespace carries that root's id (linux/capability.h, struct vfs_ns_cap_data: the
/// plain revision 2 and four bytes). Inside an image root is 0, and readers expect revision 2.
void make_capability_plain(std::string &value) {
    constexpr size_t size_of_revision_2 = 20;
    constexpr size_t revision_byte = 3;  // the highest of a little-endian word
    if (value.size() != size_of_revision_2 + 4 || value[revision_byte] != 3) return;
    value.resize(size_of_revision_2);
    value[revision_byte] = 2;
}

class Writer {
public:
    Writer(Sink &out, const TarOptions &options) : options_(options), out_(out, options.progress) {}

    void add(const TreeEntry &entry) {
        if (entry.is_root() && options_.root == TarOptions::RootEntry::omit) return;
        if (options_.select && !options_.select(entry)) return;
        if (S_ISSOCK(entry.status.st_mode)) {
            log_info("/{}: a socket, which a tar cannot hold", entry.path);
            summary_.sockets_skipped++;
            return;
        }
        if (options_.whiteout_names == TarOptions::WhiteoutNames::refuse && entry.name.starts_with(".wh."))
            fail(Blame::build,
                 "/{}: a name that begins with .wh. means a removal in an image layer and cannot be put in one",
                 entry.path);
        write(entry);
    }

    TarSummary finish() {
        out_.put_zeroes(tar_end_size);
        out_.finish();
        summary_.bytes = out_.size();
        return summary_;
    }

private:
    void write(const TreeEntry &from) {
        TarEntry entry{.name = from.path,
                       .mode = from.status.st_mode & 07777,
                       .uid = from.status.st_uid,
                       .gid = from.status.st_gid};
        set_time(entry, from.status.st_mtim);
        summary_.entries++;
        if (!from.is_directory() && from.status.st_nlink > 1) {
            const auto [first, is_new] = first_names_.try_emplace({from.status.st_dev, from.status.st_ino}, from.path);
            if (!is_new) {
                entry.type = TarType::hard_link;
                entry.link = first->second;
                out_.put(tar_header(entry));
                return;
            }
        }
        set_type(entry, from);
        for (Xattr &xattr : read_xattrs(from)) {
            if (!is_portable(xattr.first) || (options_.keep_xattr && !options_.keep_xattr(xattr.first))) continue;
            if (xattr.first == "security.capability") make_capability_plain(xattr.second);
            entry.xattrs.push_back(std::move(xattr));
        }
        out_.put(tar_header(entry));
        if (entry.size > 0) write_content(from, entry.size);
    }

    void set_time(TarEntry &entry, const timespec &time) const {
        entry.mtime = time.tv_sec;
        if (options_.clamp_mtime)
            entry.mtime = std::min<std::int64_t>(entry.mtime, *options_.clamp_mtime);
        else if (options_.fractions == TarOptions::Fractions::keep)
            entry.mtime_nanoseconds = static_cast<std::uint32_t>(time.tv_nsec);
    }

    static void set_type(TarEntry &entry, const TreeEntry &from) {
        const mode_t mode = from.status.st_mode;
        if (S_ISDIR(mode)) {
            entry.type = TarType::directory;
            entry.name += from.is_root() ? "./" : "/";
        } else if (S_ISLNK(mode)) {
            entry.type = TarType::symlink;
            entry.link = from.link_target();
        } else if (S_ISFIFO(mode)) {
            entry.type = TarType::fifo;
        } else if (from.is_device()) {
            entry.type = S_ISCHR(mode) ? TarType::character_device : TarType::block_device;
            entry.device_major = major(from.status.st_rdev);
            entry.device_minor = minor(from.status.st_rdev);
        } else {
            entry.size = static_cast<std::uint64_t>(from.status.st_size);
        }
    }

    void write_content(const TreeEntry &from, std::uint64_t size) {
        const Fd fd = from.open();
        if (size > buffer_size) ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
        const bool has_holes = static_cast<std::uint64_t>(from.status.st_blocks) * 512 < size;
        for (std::uint64_t at = 0; at < size;) {
            const Extent data = has_holes ? next_data(fd, at, size) : Extent{0, size};
            out_.put_zeroes(data.begin - at);
            for (at = data.begin; at < data.end;) {
                const size_t count = out_.put_from(fd, data.end - at, from.path);
                if (count == 0) fail(Blame::environment, "/{}: became shorter while it was read", from.path);
                at += count;
            }
        }
        struct stat after {};
        check(::fstat(fd.get(), &after), "stat /{}", from.path);
        if (static_cast<std::uint64_t>(after.st_size) != size)
            fail(Blame::environment, "/{}: became {} while it was read", from.path,
                 static_cast<std::uint64_t>(after.st_size) > size ? "longer" : "shorter");
        out_.put_zeroes(tar_padding(size));
    }

    struct Extent {
        std::uint64_t begin;
        std::uint64_t end;
    };

    /// What is not a hole at or after `at` (empty at `size` when all the rest is one); the file is positioned there.
    static Extent next_data(const Fd &fd, std::uint64_t at, std::uint64_t size) {
        const off_t begin = ::lseek(fd.get(), static_cast<off_t>(at), SEEK_DATA);
        if (begin == -1 && errno == ENXIO) return {size, size};
        const off_t end = begin == -1 ? -1 : ::lseek(fd.get(), begin, SEEK_HOLE);
        const Extent data = end == -1 ? Extent{at, size}  // a file system that does not say
                                      : Extent{static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(end)};
        check(::lseek(fd.get(), static_cast<off_t>(data.begin), SEEK_SET), "seek");
        return {std::min(data.begin, size), std::min(data.end, size)};
    }

    const TarOptions &options_;
    Output out_;
    TarSummary summary_;
    std::map<std::pair<dev_t, ino_t>, std::string> first_names_;
};

}  // namespace

TarSummary write_tar(const Fd &root, Sink &out, const TarOptions &options) {
    Writer writer(out, options);
    walk_tree(root, [&](const TreeEntry &entry) { writer.add(entry); });
    return writer.finish();
}

}  // namespace osb::oci
