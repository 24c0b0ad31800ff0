// SPDX-License-Identifier: Apache-2.0
#include "oci/tar_reader.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <sys/stat.h>
#include <tuple>
#include <vector>

#include <archive.h>
#include <archive_entry.h>

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

namespace osb::oci {
namespace {

constexpr size_t buffer_size = size_t{1} << 18;

struct FreeArchive {
    void operator()(archive *handle) const { archive_read_free(handle); }
};

/// GNU tar's escapes in the keys of extended attributes; see xattr_key() in tar_header.cpp.
std::string decoded(std::string_view key) {
    std::string name;
    for (; !key.empty(); key.remove_prefix(1)) {
        const bool is_escape = key.starts_with("%3D") || key.starts_with("%25");
        name += is_escape ? (key[1] == '3' ? '=' : '%') : key[0];
        if (is_escape) key.remove_prefix(2);
    }
    return name;
}

void append_number(std::string &to, std::uint32_t number, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) to += static_cast<char>(number >> (8 * i) & 0xff);
}

/// The value of system.posix_acl_* (linux/posix_acl_xattr.h: version 2, then tag, permissions and id of each entry in
/// order, all little-endian) from an ACL that the archive has as text; nullopt when there is none or it names users by
/// name only.
std::optional<std::string> acl_value(archive_entry *entry, int type) {
    if (archive_entry_acl_reset(entry, type) == 0) return std::nullopt;
    static constexpr std::array<std::pair<int, std::uint32_t>, 6> tags{{{ARCHIVE_ENTRY_ACL_USER_OBJ, 0x01},
                                                                        {ARCHIVE_ENTRY_ACL_USER, 0x02},
                                                                        {ARCHIVE_ENTRY_ACL_GROUP_OBJ, 0x04},
                                                                        {ARCHIVE_ENTRY_ACL_GROUP, 0x08},
                                                                        {ARCHIVE_ENTRY_ACL_MASK, 0x10},
                                                                        {ARCHIVE_ENTRY_ACL_OTHER, 0x20}}};
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> parts;
    int entry_type = 0, permissions = 0, tag = 0, id = 0;
    const char *name = nullptr;
    while (archive_entry_acl_next(entry, type, &entry_type, &permissions, &tag, &id, &name) == ARCHIVE_OK) {
        const auto known = std::ranges::find(tags, tag, &std::pair<int, std::uint32_t>::first);
        if (known == tags.end()) return std::nullopt;
        const bool has_id = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
        if (has_id && id < 0) {
            log_warning("an ACL names users or groups without their numbers and is left out");
            return std::nullopt;
        }
        parts.emplace_back(known->second, has_id ? static_cast<std::uint32_t>(id) : ~0U,
                           static_cast<std::uint32_t>(permissions & 7));
    }
    std::ranges::sort(parts);
    std::string value;
    append_number(value, 2, 4);
    for (const auto &[kind, owner, allowed] : parts) {
        append_number(value, kind, 2);
        append_number(value, allowed, 2);
        append_number(value, owner, 4);
    }
    return value;
}

std::vector<Xattr> xattrs_of(archive_entry *entry) {
    std::vector<Xattr> attributes;
    archive_entry_xattr_reset(entry);
    const char *name = nullptr;
    const void *value = nullptr;
    size_t size = 0;
    while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
        if (name != nullptr)
            attributes.emplace_back(decoded(name), std::string(static_cast<const char *>(value), size));
    if (auto acl = acl_value(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS))
        attributes.emplace_back("system.posix_acl_access", *acl);
    if (auto acl = acl_value(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT))
        attributes.emplace_back("system.posix_acl_default", *acl);
    std::ranges::sort(attributes);
    return attributes;
}

TarType type_of(archive_entry *entry) {
    if (archive_entry_hardlink(entry) != nullptr) return TarType::hard_link;
    switch (archive_entry_filetype(entry)) {
        case AE_IFREG:
            return TarType::file;
        case AE_IFDIR:
            return TarType::directory;
        case AE_IFLNK:
            return TarType::symlink;
        case AE_IFCHR:
            return TarType::character_device;
        case AE_IFBLK:
            return TarType::block_device;
        case AE_IFIFO:
            return TarType::fifo;
        default:
            fail(Blame::build, "an entry of a type a tar cannot have");
    }
}

}  // namespace

class TarReader::State {
public:
    State(const Fd &file, const std::function<void(std::uint64_t)> &progress)
        : file_(file), progress_(progress), buffer_(buffer_size), archive_(archive_read_new()) {
        if (!archive_) throw_errno(ENOMEM, "prepare to read a tar");
        // Each pulls its library into the static programs; so these and no more.
        archive_read_support_format_tar(archive_.get());
        archive_read_support_filter_gzip(archive_.get());
        archive_read_support_filter_xz(archive_.get());
        archive_read_support_filter_zstd(archive_.get());
        archive_read_support_filter_bzip2(archive_.get());
        if (archive_read_open(archive_.get(), this, nullptr, read_more, nullptr) != ARCHIVE_OK) refuse();
    }

    std::optional<TarEntry> next() {
        const std::int64_t end_of_content = skip_content();
        archive_entry *entry = nullptr;
        const int result = archive_read_next_header(archive_.get(), &entry);
        if (result == ARCHIVE_EOF) {
            // libarchive takes the end of the file for the end of the archive; a file cut between two entries looks
            // like that.
            if (archive_filter_bytes(archive_.get(), 0) - end_of_content < static_cast<std::int64_t>(tar_block_size))
                fail(Blame::build, "the archive is truncated: it ends without an end mark");
            return std::nullopt;
        }
        // A warning is about a name that is not in this process's character set; the bytes are there nevertheless.
        if (result != ARCHIVE_OK && result != ARCHIVE_WARN) refuse();
        in_entry_ = true;
        return converted(entry);
    }

    void read_content(const std::function<void(std::uint64_t, std::span<const std::byte>)> &take) {
        const void *data = nullptr;
        size_t size = 0;
        la_int64_t offset = 0;
        int result = ARCHIVE_OK;
        while ((result = archive_read_data_block(archive_.get(), &data, &size, &offset)) == ARCHIVE_OK)
            take(static_cast<std::uint64_t>(offset), std::span(static_cast<const std::byte *>(data), size));
        if (result != ARCHIVE_EOF) refuse();
    }

private:
    static la_ssize_t read_more(archive *handle, void *self, const void **data) {
        auto &state = *static_cast<State *>(self);
        try {
            const size_t count = read_some(state.file_, state.buffer_, "the archive");
            state.bytes_read_ += count;
            if (state.progress_) state.progress_(state.bytes_read_);
            *data = state.buffer_.data();
            return static_cast<la_ssize_t>(count);
        } catch (...) {
            // No exception may pass through libarchive; refuse() throws it on.
            state.failure_ = std::current_exception();
            archive_set_error(handle, EIO, "stopped");
            return ARCHIVE_FATAL;
        }
    }

    [[noreturn]] void refuse() {
        if (failure_) std::rethrow_exception(failure_);
        const char *why = archive_error_string(archive_.get());
        const std::string_view words = why == nullptr ? "" : why;
        if (words.starts_with("Unrecognized archive format")) fail(Blame::build, "not a tar archive");
        if (words.find("runcated") != std::string_view::npos) fail(Blame::build, "the archive is truncated");
        fail(Blame::build, "the archive is damaged: {}", words);
    }

    /// Moves to the end of the entry; where that is in the plain tar.
    std::int64_t skip_content() {
        if (in_entry_ && archive_read_data_skip(archive_.get()) < ARCHIVE_WARN) refuse();
        in_entry_ = false;
        return archive_filter_bytes(archive_.get(), 0);
    }

    /// libarchive (3.6) reads "-5.5" as -5 and half a second; seen as -6 and half a second forward it is right.
    static void set_time(TarEntry &entry, std::int64_t seconds, long nanoseconds) {
        const bool is_before_1970 = seconds < 0 && nanoseconds != 0;
        entry.mtime = is_before_1970 ? seconds - 1 : seconds;
        entry.mtime_nanoseconds =
            static_cast<std::uint32_t>(is_before_1970 ? 1'000'000'000 - nanoseconds : nanoseconds);
    }

    static TarEntry converted(archive_entry *from) {
        const char *name = archive_entry_pathname(from);
        if (name == nullptr || *name == '\0') fail(Blame::build, "an entry without a name");
        TarEntry entry{.name = name, .type = type_of(from), .mode = archive_entry_perm(from)};
        entry.uid = static_cast<std::uint64_t>(archive_entry_uid(from));
        entry.gid = static_cast<std::uint64_t>(archive_entry_gid(from));
        set_time(entry, archive_entry_mtime(from), archive_entry_mtime_nsec(from));
        const char *link =
            entry.type == TarType::hard_link ? archive_entry_hardlink(from) : archive_entry_symlink(from);
        if (link != nullptr) entry.link = link;
        if (entry.type == TarType::file) entry.size = static_cast<std::uint64_t>(archive_entry_size(from));
        if (entry.type == TarType::character_device || entry.type == TarType::block_device) {
            entry.device_major = static_cast<std::uint32_t>(archive_entry_rdevmajor(from));
            entry.device_minor = static_cast<std::uint32_t>(archive_entry_rdevminor(from));
        }
        entry.xattrs = xattrs_of(from);
        return entry;
    }

    const Fd &file_;
    const std::function<void(std::uint64_t)> &progress_;
    std::vector<std::byte> buffer_;
    std::uint64_t bytes_read_ = 0;
    std::exception_ptr failure_;
    bool in_entry_ = false;
    std::unique_ptr<archive, FreeArchive> archive_;
};

TarReader::TarReader(const Fd &archive, const std::function<void(std::uint64_t)> &progress)
    : state_(std::make_unique<State>(archive, progress)) {}
TarReader::~TarReader() = default;
std::optional<TarEntry> TarReader::next() {
    return state_->next();
}
void TarReader::read_content(const std::function<void(std::uint64_t, std::span<const std::byte>)> &take) {
    state_->read_content(take);
}

}  // namespace osb::oci
