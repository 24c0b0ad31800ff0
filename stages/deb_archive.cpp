// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_archive.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <archive.h>
#include <archive_entry.h>

#include "lib/base/error.hpp"

namespace osb::stages {
namespace {

struct FreeArchive {
    void operator()(archive *reader) const { ::archive_read_free(reader); }
};
using Reader = std::unique_ptr<archive, FreeArchive>;

[[noreturn]] void refuse(archive *reader) {
    const char *words = ::archive_error_string(reader);
    fail(Blame::build, "{}", words != nullptr ? words : "damaged archive");
}

Reader make_reader() {
    Reader reader(::archive_read_new());
    if (!reader) fail(Blame::environment, "no memory for an archive reader");
    return reader;
}

/// The next header, or nullptr at the end.
archive_entry *next(archive *reader) {
    archive_entry *entry = nullptr;
    const int result = ::archive_read_next_header(reader, &entry);
    if (result == ARCHIVE_EOF) return nullptr;
    if (result != ARCHIVE_OK && result != ARCHIVE_WARN) refuse(reader);
    return entry;
}

/// The tar that is a member of the ar: its bytes come out of the outer reader as the inner one asks for them.
class MemberTar {
public:
    /// Finds the member "PREFIX.tar…".
    MemberTar(const std::filesystem::path &path, std::string_view prefix)
        : outer_(make_reader()), inner_(make_reader()) {
        ::archive_read_support_format_ar(outer_.get());
        if (::archive_read_open_filename(outer_.get(), path.c_str(), 1 << 18) != ARCHIVE_OK) refuse(outer_.get());
        for (bool found = false; !found;) {
            archive_entry *entry = next(outer_.get());
            if (entry == nullptr) fail(Blame::build, "no member {}.tar", prefix);
            const char *name = ::archive_entry_pathname(entry);
            found =
                name != nullptr && std::string_view(name).substr(0, prefix.size() + 4) == std::string(prefix) + ".tar";
        }
        ::archive_read_support_filter_gzip(inner_.get());
        ::archive_read_support_filter_xz(inner_.get());
        ::archive_read_support_filter_zstd(inner_.get());
        ::archive_read_support_format_tar(inner_.get());
        ::archive_read_support_format_empty(inner_.get());
        if (::archive_read_open2(inner_.get(), this, nullptr, &MemberTar::more, nullptr, nullptr) != ARCHIVE_OK)
            refuse(inner_.get());
    }
    MemberTar(const MemberTar &) = delete;
    MemberTar &operator=(const MemberTar &) = delete;

    archive *get() const noexcept { return inner_.get(); }

private:
    static la_ssize_t more(archive *inner, void *self, const void **buffer) {
        auto &tar = *static_cast<MemberTar *>(self);
        const la_ssize_t count = ::archive_read_data(tar.outer_.get(), tar.room_->data(), tar.room_->size());
        if (count < 0) {
            ::archive_set_error(inner, ::archive_errno(tar.outer_.get()), "%s",
                                ::archive_error_string(tar.outer_.get()));
            return ARCHIVE_FATAL;
        }
        *buffer = tar.room_->data();
        return count;
    }

    Reader outer_;
    Reader inner_;
    std::unique_ptr<std::array<std::byte, 1 << 17>> room_ = std::make_unique<std::array<std::byte, 1 << 17>>();
};

/// "./usr/bin/" → "usr/bin". Whoever writes it goes through a TreePath, which refuses "..".
std::string plain_name(const char *name) {
    if (name == nullptr) fail(Blame::build, "an entry without a name");
    std::string_view text(name);
    if (text == ".") return {};
    if (text.substr(0, 2) == "./") text.remove_prefix(2);
    while (text.substr(0, 1) == "/") text.remove_prefix(1);
    while (!text.empty() && text.back() == '/') text.remove_suffix(1);
    return std::string(text);
}

void read_content(archive *reader, const std::function<void(std::span<const std::byte>)> &take) {
    std::array<std::byte, 1 << 16> room;
    for (;;) {
        // archive_read_data fills the holes of sparse entries with zeros.
        const la_ssize_t count = ::archive_read_data(reader, room.data(), room.size());
        if (count < 0) refuse(reader);
        if (count == 0) return;
        take(std::span(room).first(static_cast<size_t>(count)));
    }
}

constexpr size_t largest_member = size_t{64} << 20;

}  // namespace

std::string Package::key() const {
    return control.get("Multi-Arch") == "same" ? name() + ":" + architecture() : name();
}

Package read_package(const std::filesystem::path &archive) {
    return in_context(
        [&] {
            Package package{.archive = archive};
            const MemberTar tar(archive, "control");
            while (archive_entry *entry = next(tar.get())) {
                if (::archive_entry_filetype(entry) != AE_IFREG) continue;
                ControlMember member{.mode = ::archive_entry_perm(entry), .mtime = ::archive_entry_mtime(entry)};
                const std::string name = plain_name(::archive_entry_pathname(entry));
                if (name.find('/') != std::string::npos) fail(Blame::build, "unexpected control file {}", name);
                read_content(tar.get(), [&](std::span<const std::byte> data) {
                    if (member.content.size() + data.size() > largest_member)
                        fail(Blame::build, "{} is too large", name);
                    member.content.append(reinterpret_cast<const char *>(data.data()), data.size());
                });
                package.newest = std::max(package.newest, member.mtime);
                package.members[name] = std::move(member);
            }
            const auto control = package.members.extract("control");
            if (control.empty()) fail(Blame::build, "no control file");
            const auto paragraphs = parse_deb822(control.mapped().content);
            if (paragraphs.size() != 1)
                fail(Blame::build, "the control file holds {} paragraphs instead of one", paragraphs.size());
            package.control = paragraphs.front();
            for (const char *field : {"Package", "Version", "Architecture"}) {
                const std::string &value = package.control.get(field);
                if (value.empty()) fail(Blame::build, "the control file has no {}", field);
                // They become part of file names.
                if (value.find_first_of("/\n ") != std::string::npos)
                    fail(Blame::build, "the control file's {} is not one: {}", field, value);
            }
            return package;
        },
        "read package {}", archive.filename().native());
}

void read_package_files(const std::filesystem::path &archive,
                        const std::function<void(const PackageEntry &, const PackageContent &)> &visit) {
    const MemberTar tar(archive, "data");
    while (archive_entry *raw = next(tar.get())) {
        PackageEntry entry{.path = plain_name(::archive_entry_pathname(raw)),
                           .mode = ::archive_entry_mode(raw),
                           .uid = static_cast<uid_t>(::archive_entry_uid(raw)),
                           .gid = static_cast<gid_t>(::archive_entry_gid(raw)),
                           .mtime = ::archive_entry_mtime(raw),
                           .device = ::archive_entry_rdev(raw)};
        if (const char *link = ::archive_entry_hardlink(raw))
            entry.hardlink = plain_name(link);
        else if (const char *target = ::archive_entry_symlink(raw))
            entry.link = target;
        visit(entry, [&](const auto &take) { read_content(tar.get(), take); });
    }
}

}  // namespace osb::stages
