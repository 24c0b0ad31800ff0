// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/sink.hpp"
#include "lib/base/tree_walk.hpp"
#include "oci/tar_header.hpp"
#include "stages/arguments.hpp"
#include "stages/name_transform.hpp"
#include "stages/tar_compression.hpp"

namespace osb::stages {

int run_tar(const Arguments &arguments);

namespace {

constexpr size_t buffer_size = size_t{1} << 20;
constexpr std::uint64_t tar_record = 10240;  // GNU tar fills up to 20 blocks

/// What of an entry goes into the archive.
struct TarStyle {
    bool acls = true;
    bool selinux = true;
    bool xattrs = true;
    bool posix = true;         ///< pax: times with fractions, attributes
    bool plain_ustar = false;  ///< what ustar cannot say is an Error
};

TarStyle style_of(const Json &options) {
    TarStyle style{.acls = flag_option(options, "acls", true),
                   .selinux = flag_option(options, "selinux", true),
                   .xattrs = flag_option(options, "xattrs", true)};
    const std::string format = optional_text(options, "format").value_or("gnu");
    // GNU tar writes pax whatever the format says as soon as one of these is wanted.
    style.posix = style.acls || style.selinux || style.xattrs || format == "posix";
    style.plain_ustar = !style.posix && (format == "ustar" || format == "v7");
    return style;
}

class TarStage {
public:
    TarStage(Sink &out, const TarStyle &style, const NameTransform &transform)
        : out_(out), style_(style), transform_(transform) {}

    /// Writes one directory or file with all below it; `name` is what it is called in the archive ("." or "a/b").
    void add(const Dir &tree, const TreePath &path, const std::string &name) {
        const auto status = tree.status(path);
        if (!status) fail(Blame::build, "there is no {} in the input tree", path.absolute());
        if (S_ISDIR(status->st_mode)) {
            walk_tree(tree.open_dir(path, Symlinks::refuse).fd(), [&](const TreeEntry &entry) {
                add_entry(entry, entry.is_root() ? name : name + "/" + entry.path);
            });
            return;
        }
        const Dir parent = tree.open_parent(path);
        const std::string last = path.name();
        add_entry(TreeEntry{.path = last, .name = last, .parent = parent.fd(), .status = *status}, name);
    }

    void finish() {
        size_ += 2 * oci::tar_block_size;
        const std::uint64_t fill = (tar_record - size_ % tar_record) % tar_record;
        out_.write(std::string(2 * oci::tar_block_size + fill, '\0'));
    }

private:
    std::vector<Xattr> wanted_xattrs(const TreeEntry &entry) const {
        std::vector<Xattr> wanted;
        if (!style_.posix) return wanted;
        for (Xattr &xattr : read_xattrs(entry)) {
            const bool acl = xattr.first.starts_with("system.posix_acl_");
            const bool label = xattr.first == "security.selinux";
            if (acl ? style_.acls : label ? style_.selinux : style_.xattrs && !xattr.first.starts_with("system."))
                wanted.push_back(std::move(xattr));
        }
        return wanted;
    }

    std::string transformed(std::string name, NameTransform::Kind kind) const {
        name = transform_.apply(std::move(name), kind);
        if (kind != NameTransform::Kind::symlink_target) name.erase(0, name.find_first_not_of('/'));
        return name;
    }

    void add_entry(const TreeEntry &entry, const std::string &name) {
        const struct stat &status = entry.status;
        if (S_ISSOCK(status.st_mode)) return say(name + " is a socket; a tar has none");
        std::string shown = transformed(name, NameTransform::Kind::name);
        if (shown.empty()) return;  // transformed away
        if (entry.is_directory() && !shown.ends_with('/')) shown += '/';
        oci::TarEntry header{.name = shown,
                             .mode = status.st_mode & 07777,
                             .uid = status.st_uid,
                             .gid = status.st_gid,
                             .mtime = status.st_mtim.tv_sec,
                             .mtime_nanoseconds = style_.posix ? static_cast<std::uint32_t>(status.st_mtim.tv_nsec) : 0,
                             .xattrs = wanted_xattrs(entry)};
        switch (status.st_mode & S_IFMT) {
            case S_IFDIR:
                header.type = oci::TarType::directory;
                break;
            case S_IFIFO:
                header.type = oci::TarType::fifo;
                break;
            case S_IFLNK:
                header.type = oci::TarType::symlink;
                header.link = transformed(entry.link_target(), NameTransform::Kind::symlink_target);
                break;
            case S_IFCHR:
            case S_IFBLK:
                header.type = S_ISCHR(status.st_mode) ? oci::TarType::character_device : oci::TarType::block_device;
                header.device_major = major(status.st_rdev);
                header.device_minor = minor(status.st_rdev);
                break;
            default:
                header.size = static_cast<std::uint64_t>(status.st_size);
                break;
        }
        if (!entry.is_directory() && status.st_nlink > 1) {
            const auto [known, first] = linked_.try_emplace({status.st_dev, status.st_ino}, name);
            if (!first) {
                header.type = oci::TarType::hard_link;
                header.link = transformed(known->second, NameTransform::Kind::hard_link_target);
                header.size = 0;
            }
        }
        const std::string block = oci::tar_header(header);
        if (style_.plain_ustar && block.size() != oci::tar_block_size)
            fail(Blame::build, "{} does not fit into the format", name);
        out_.write(block);
        size_ += block.size();
        if (header.size > 0) add_content(entry, header.size, name);
    }

    void add_content(const TreeEntry &entry, std::uint64_t size, const std::string &name) {
        const Fd fd = entry.open();
        std::uint64_t left = size;
        while (left > 0) {
            const auto room = std::span(buffer_).first(std::min<std::uint64_t>(buffer_.size(), left));
            const size_t count = read_some(fd, room, name);
            if (count == 0) fail(Blame::build, "{} became shorter while it was read", name);
            out_.write(std::span<const std::byte>(room.first(count)));
            left -= count;
        }
        out_.write(std::string(oci::tar_padding(size), '\0'));
        size_ += size + oci::tar_padding(size);
    }

    Sink &out_;
    const TarStyle &style_;
    const NameTransform &transform_;
    std::map<std::pair<dev_t, ino_t>, std::string> linked_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(buffer_size);
    std::uint64_t size_ = 0;
};

}  // namespace

int run_tar(const Arguments &arguments) {
    const Json &options = arguments.options();
    const TreePath file = normalized(text_option(options, "filename"));
    if (file.is_root()) fail(Blame::build, "the option filename names no file");
    const Dir tree = arguments.input("tree");
    const TarStyle style = style_of(options);
    const NameTransform transform(optional_text(options, "transform").value_or(""));
    const std::string compression = optional_text(options, "compression").value_or("auto");
    const TarCompression method =
        compression == "auto" ? compression_of_name(file.name()) : parse_tar_compression(compression);

    const Fd fd = arguments.tree().open_file(file, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0666);
    FdSink plain(fd, file.absolute());
    const auto compressed = compress(plain, method);
    TarStage stage(*compressed, style, transform);
    if (const auto paths = text_list(options, "paths"); !paths.empty()) {
        for (const std::string &path : paths) {
            std::string name = path;
            while (name.size() > 1 && name.ends_with('/')) name.pop_back();
            stage.add(tree, normalized(path), name);
        }
    } else if (optional_text(options, "root-node").value_or("include") == "include") {
        stage.add(tree, TreePath(), ".");
    } else {
        for (const std::string &name : tree.names()) stage.add(tree, TreePath(name), name);
    }
    stage.finish();
    compressed->finish();
    return 0;
}

}  // namespace osb::stages
