// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/root.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <functional>
#include <span>
#include <sys/stat.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"
#include "lib/base/log.hpp"
#include "lib/base/tree_path.hpp"

namespace osb::sandbox {
namespace {

namespace fs = std::filesystem;

/// Mounted fresh in every sandbox (runtime_config.cpp).
constexpr auto fresh = std::to_array<std::string_view>({"dev", "etc", "proc", "run", "sys", "tmp", "var"});
/// Where a merged /usr has links at the top.
constexpr auto usr_links = std::to_array<std::string_view>({"bin", "lib", "lib32", "lib64", "libx32", "sbin"});
/// What a build tree's /etc hands on (contract 7.2); of the host's only the second.
constexpr auto from_etc = std::to_array<std::string_view>({"mke2fs.conf", "containers", "selinux"});

bool is_fresh(std::string_view top) {
    return std::find(fresh.begin(), fresh.end(), top) != fresh.end();
}

void make_directory(const fs::path &path, mode_t mode) {
    check(::mkdir(path.c_str(), mode), "make {}", path.native());
    check(::chmod(path.c_str(), mode), "make {}", path.native());
}

const fs::path &made_directory(const fs::path &path) {
    make_directory(path, 0755);
    return path;
}

/// Where the kernel finds an open file: its path with all symlinks resolved.
fs::path real_path(const Fd &fd) {
    return fs::read_symlink(fd.proc_path());
}

}  // namespace

/// The entries of a skeleton, each directly below its root: name → what it is.
struct Skeleton {
    struct Entry {
        enum Kind : char { directory = 'd', file = 'f', link = 'l' } kind = directory;
        std::string target = {};  ///< of a link
    };
    std::map<std::string, Entry, std::less<>> entries;

    Skeleton() {
        for (const std::string_view name : fresh) entries.emplace(name, Entry{});
    }

    std::string key() const {
        std::string text;
        for (const auto &[name, entry] : entries)
            text += format("{}{}\t{}\n", static_cast<char>(entry.kind), name, entry.target);
        return text;
    }
};

namespace {

/// What /etc of `root` hands on, with symlinks resolved as seen from that root.
void bind_etc(std::vector<Bind> &binds, const Dir &root, std::span<const std::string_view> names) {
    for (const std::string_view name : names) {
        const TreePath path = TreePath("etc") / name;
        try {
            binds.push_back({.source = real_path(root.open_file(path, O_PATH)), .target = path.absolute()});
        } catch (const Error &error) {
            if (!error.is(std::errc::no_such_file_or_directory) && !error.is(std::errc::not_a_directory) &&
                !error.is(std::errc::too_many_symbolic_link_levels))
                throw;
        }
    }
}

/// Adds mount points for the Spec's own binds; what is below a fresh directory needs none, and what the root `has`
/// neither.
void add_targets(Skeleton &skeleton, const Spec &spec, const std::function<bool(const TreePath &)> &has) {
    for (const Bind &bind : spec.binds) {
        const TreePath path = target_of(bind);
        const std::string &text = path.text();
        if (is_fresh(text.substr(0, text.find('/'))) || has(path)) continue;
        if (!path.parent().is_root())
            fail(Blame::usage, "bind {} on {}: the sandbox's root has no such place", bind.source.native(),
                 bind.target);
        auto &entry = skeleton.entries[text];
        std::error_code missing;  // the runtime says it better
        entry.kind = fs::is_directory(bind.source, missing) ? entry.directory : entry.file;
    }
}

/// The top of `root` as mounts and links in a skeleton.
void add_top(Skeleton &skeleton, std::vector<Bind> &binds, const fs::path &root,
             const std::vector<std::string> &names) {
    for (const std::string &name : names) {
        if (is_fresh(name)) continue;
        const fs::path place = root / name;
        struct stat status {};
        if (::lstat(place.c_str(), &status) == -1) continue;
        auto &entry = skeleton.entries[name];
        if (S_ISLNK(status.st_mode)) {
            entry.kind = entry.link;
            entry.target = fs::read_symlink(place);
            continue;
        }
        if (!S_ISDIR(status.st_mode)) entry.kind = entry.file;
        binds.push_back({.source = place, .target = "/" + name});
    }
}

}  // namespace

fs::path RootMaker::make_skeleton(const Skeleton &skeleton) {
    const std::lock_guard lock(mutex_);
    const auto [found, fresh_one] = made_.try_emplace(skeleton.key());
    if (!fresh_one) return found->second;
    try {
        const fs::path place = skeletons_ / format("{}", ++count_);
        make_directory(place, 0755);
        for (const auto &[name, entry] : skeleton.entries) {
            // A file system mounted by runc takes its mount point's mode, whatever the configuration says.
            if (entry.kind == entry.directory) make_directory(place / name, name == "tmp" ? 01777 : 0755);
            if (entry.kind == entry.file) write_file(place / name, "");
            if (entry.kind == entry.link) fs::create_symlink(entry.target, place / name);
        }
        found->second = place;
        return place;
    } catch (const fs::filesystem_error &error) {
        made_.erase(found);
        throw Error(format("make the skeleton {}", skeletons_.native()), error.code());
    } catch (...) {
        made_.erase(found);
        throw;
    }
}

MadeRoot RootMaker::make(const Spec &spec, const fs::path &place) {
    MadeRoot made;
    Skeleton skeleton;
    if (std::holds_alternative<EmptyRoot>(spec.root)) {
        add_targets(skeleton, spec, [](const TreePath &) { return false; });
        made.path = make_skeleton(skeleton);
        return made;
    }
    if (std::holds_alternative<HostUsr>(spec.root)) {
        std::vector<std::string> names = {"usr"};
        names.insert(names.end(), usr_links.begin(), usr_links.end());
        add_top(skeleton, made.binds, "/", names);
        const Dir host = Dir::open("/");
        bind_etc(made.binds, host, std::span(from_etc).subspan(1, 1));
        add_targets(skeleton, spec, [&](const TreePath &path) {
            const bool shown = skeleton.entries.contains(path.text().substr(0, path.text().find('/')));
            return shown && host.status(path, Symlinks::follow);
        });
        made.path = make_skeleton(skeleton);
        return made;
    }

    const fs::path &tree = std::get<BuildTree>(spec.root).path;
    OSB_ASSERT(tree.is_absolute());
    const Dir root = Dir::open(tree);
    const auto in_tree = [&](const TreePath &path) { return root.status(path, Symlinks::follow).has_value(); };
    const auto add_missing_links = [&] {
        for (const std::string_view name : usr_links)
            if (!root.exists(TreePath(name)) && root.exists(TreePath("usr") / name))
                skeleton.entries.emplace(name, Skeleton::Entry{Skeleton::Entry::link, format("usr/{}", name)});
    };
    if (method_ == RootMethod::overlay_or_binds) {
        Skeleton plain = skeleton;
        add_missing_links();
        add_targets(skeleton, spec, in_tree);
        try {
            made.path = place / "root";
            made.mounts.push_back(
                Mount::overlay({.lower = {make_skeleton(skeleton), tree}}).attach(made_directory(made.path)));
            // From the overlay, which no remount inside makes writable; by a second way, because inside the fresh /etc
            // hides the first.
            const fs::path view = place / "view";
            bind_etc(made.binds, root, from_etc);
            if (made.binds.empty()) return made;
            made.mounts.push_back(Mount::bind(made.path).attach(made_directory(view)));
            for (Bind &bind : made.binds) bind.source = view / bind.source.lexically_relative(real_path(root.fd()));
            return made;
        } catch (const Error &error) {
            log_debug("no overlay over {}, binding its parts instead: {}", tree.native(), error.what());
        }
        skeleton = std::move(plain);
        made = {};
    }
    bind_etc(made.binds, root, from_etc);
    add_top(skeleton, made.binds, tree, root.names());
    add_missing_links();
    add_targets(skeleton, spec, in_tree);
    made.path = make_skeleton(skeleton);
    return made;
}

}  // namespace osb::sandbox
