// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_bootstrap.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/sha256.hpp"

namespace osb::stages {
namespace {

constexpr std::array<std::string_view, 7> merged = {"bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"};

bool is_merged(std::string_view top) {
    return std::ranges::find(merged, top) != merged.end();
}

/// Where a package's path lies in a tree whose /bin is /usr/bin (and so on).
std::string place_of(const std::string &path) {
    return is_merged(std::string_view(path).substr(0, path.find('/'))) ? "usr/" + path : path;
}

/// What unpacking one package leaves for its entry in the database.
struct Unpacked {
    std::string list;                                        ///< info/KEY.list
    std::map<std::string, std::string> md5;                  ///< path → md5 of every regular file
    std::string md5sums;                                     ///< as dpkg writes it for a package without one
    std::map<std::string, std::string> conffiles;            ///< absolute path → md5
    std::vector<std::pair<std::string, PackageEntry>> dirs;  ///< place → the directory as the package wants it
};

std::set<std::string> conffiles_of(const Package &package) {
    std::set<std::string> paths;
    const auto member = package.members.find("conffiles");
    if (member == package.members.end()) return paths;
    std::string_view text = member->second.content;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        if (line.substr(0, 1) == "/")
            paths.emplace(line);  // not "remove-on-upgrade …", which names no file of this version
    }
    return paths;
}

/// Writes the files of several packages from several threads. Everything two packages can disagree on is decided after,
/// or refused, so that the order in which threads run shows nowhere.
class Files {
public:
    explicit Files(const Dir &tree) : tree_(tree) {}

    Unpacked unpack(const Package &package) {
        Unpacked done;
        Place place;
        const std::set<std::string> conffiles = conffiles_of(package);
        read_package_files(package.archive, [&](const PackageEntry &entry, const PackageContent &content) {
            in_context([&] { write(package, entry, content, conffiles, place, done); }, "/{}", entry.path);
        });
        return done;
    }

    /// A directory is as the first package that has it wants it; one that was there before is left alone.
    void finish_directories(const std::vector<Unpacked> &unpacked) {
        for (const Unpacked &package : unpacked) {
            for (const auto &[path, entry] : package.dirs) {
                if (made_.erase(path) == 0) continue;
                const Dir dir = tree_.open_dir(TreePath(path), Symlinks::refuse);
                check(::fchown(dir.fd().get(), entry.uid, entry.gid), "set the owner of /{}", path);
                check(::fchmod(dir.fd().get(), entry.mode & 07777), "set the mode of /{}", path);
                const timespec times[2] = {{entry.mtime, 0}, {entry.mtime, 0}};
                check(::futimens(dir.fd().get(), times), "set the time of /{}", path);
            }
        }
    }

private:
    /// The directory the last entry went into: archives list a directory's entries together.
    struct Place {
        std::string path;
        std::optional<Dir> dir;
    };

    const Fd &parent_of(const TreePath &path, Place &place) {
        const TreePath parent = path.parent();
        if (!place.dir || place.path != parent.text()) {
            place.dir = make_directory(parent);
            place.path = parent.text();
        }
        return place.dir->fd();
    }

    Dir make_directory(const TreePath &path) {
        if (path.is_root()) return tree_.open_dir(path);
        const TreePath parent = path.parent();
        // usr/bin made for the first time takes /bin with it.
        if (parent.text() == "usr" && is_merged(path.name())) link_merged(path.name());
        const Dir above = make_directory_if_missing(parent);
        if (::mkdirat(above.fd().get(), path.name().c_str(), 0755) == 0) {
            const std::lock_guard lock(mutex_);
            made_.insert(path.text());
        } else if (errno != EEXIST) {
            check(-1, "make directory {}", path.absolute());
        }
        return tree_.open_dir(path);
    }

    Dir make_directory_if_missing(const TreePath &path) {
        const auto status = tree_.status(path, Symlinks::follow);
        return status && S_ISDIR(status->st_mode) ? tree_.open_dir(path) : make_directory(path);
    }

    void link_merged(const std::string &name) {
        if (::symlinkat(("usr/" + name).c_str(), tree_.fd().get(), name.c_str()) == 0 || errno == EEXIST) return;
        check(-1, "make link /{}", name);
    }

    void claim(const std::string &path, const Package &package) {
        const std::lock_guard lock(mutex_);
        const auto [owner, is_new] = owners_.try_emplace(path, &package);
        if (!is_new) fail(Blame::build, "package {} has it as well", owner->second->name());
    }

    void write(const Package &package, const PackageEntry &entry, const PackageContent &content,
               const std::set<std::string> &conffiles, Place &place, Unpacked &done) {
        done.list += entry.path.empty() ? "/.\n" : "/" + entry.path + "\n";
        if (entry.path.empty()) return;
        const TreePath path(place_of(entry.path));
        if (entry.hardlink.empty() && S_ISDIR(entry.mode)) {
            make_directory_if_missing(path);
            done.dirs.emplace_back(path.text(), entry);
            return;
        }
        if (S_ISLNK(entry.mode) && is_merged(entry.path)) {
            // The package brings the merged layout itself.
            make_directory(TreePath("usr/" + entry.path));
            return;
        }
        claim(path.text(), package);
        const Fd &parent = parent_of(path, place);
        const std::string name = path.name();
        const bool is_conffile = conffiles.count("/" + entry.path) != 0;
        make_room(parent, name, entry, is_conffile);
        if (!entry.hardlink.empty()) {
            const TreePath target(place_of(entry.hardlink));
            const Dir from = tree_.open_parent(target);
            check(::linkat(from.fd().get(), target.name().c_str(), parent.get(), name.c_str(), 0), "link to /{}",
                  entry.hardlink);
            add_md5(done, entry.path, done.md5[entry.hardlink]);
            return;
        }
        if (S_ISREG(entry.mode)) {
            const std::string md5 = write_regular(parent, name, entry, content);
            if (is_conffile) done.conffiles["/" + entry.path] = md5;
            add_md5(done, entry.path, md5);
            return;
        }
        if (S_ISLNK(entry.mode)) {
            if (::symlinkat(entry.link.c_str(), parent.get(), name.c_str()) == -1 && errno != EEXIST)
                check(-1, "make the link");
        } else {
            check(::mknodat(parent.get(), name.c_str(), entry.mode, entry.device), "make the node");
            check(::fchmodat(parent.get(), name.c_str(), entry.mode & 07777, 0), "set the mode");
        }
        check(::fchownat(parent.get(), name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW), "set the owner");
        const timespec times[2] = {{entry.mtime, 0}, {entry.mtime, 0}};
        check(::utimensat(parent.get(), name.c_str(), times, AT_SYMLINK_NOFOLLOW), "set the time");
    }

    static void add_md5(Unpacked &done, const std::string &path, const std::string &md5) {
        done.md5[path] = md5;
        done.md5sums += md5 + "  " + path + "\n";
    }

    /// An earlier stage may have left something here.
    void make_room(const Fd &parent, const std::string &name, const PackageEntry &entry, bool is_conffile) {
        struct stat status {};
        if (::fstatat(parent.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == -1) return;
        if (S_ISDIR(status.st_mode)) fail(Blame::build, "a directory is in the way");
        if (S_ISLNK(status.st_mode) && S_ISLNK(entry.mode)) {
            std::array<char, 4097> room{};
            const ssize_t count = ::readlinkat(parent.get(), name.c_str(), room.data(), room.size());
            if (count >= 0 && std::string_view(room.data(), static_cast<size_t>(count)) == entry.link) return;
        }
        if (is_conffile) return;
        check(::unlinkat(parent.get(), name.c_str(), 0), "replace");
    }

    /// Returns the content's md5, which is what dpkg's database speaks. A configuration file that is there stays.
    std::string write_regular(const Fd &parent, const std::string &name, const PackageEntry &entry,
                              const PackageContent &content) {
        Hasher md5("md5");
        const Fd fd(::openat(parent.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!fd && errno != EEXIST) check(-1, "create");
        content([&](std::span<const std::byte> data) {
            md5.update(data);
            if (fd) write_all(fd, data, entry.path);
        });
        if (fd) {
            check(::fchown(fd.get(), entry.uid, entry.gid), "set the owner");
            check(::fchmod(fd.get(), entry.mode & 07777), "set the mode");
            const timespec times[2] = {{entry.mtime, 0}, {entry.mtime, 0}};
            check(::futimens(fd.get(), times), "set the time");
        }
        return md5.finish_hex();
    }

    const Dir &tree_;
    std::mutex mutex_;
    std::set<std::string> made_;                     ///< directories that were not there before
    std::map<std::string, const Package *> owners_;  ///< everything else, by place
};

std::vector<Unpacked> unpack_all(const Dir &tree, const std::vector<const Package *> &packages) {
    Files files(tree);
    std::vector<Unpacked> unpacked(packages.size());
    std::vector<std::exception_ptr> failures(packages.size());
    // The largest first: then no thread is left alone with a large one at the end.
    std::vector<size_t> turns(packages.size());
    for (size_t i = 0; i < turns.size(); i++) turns[i] = i;
    std::vector<std::uintmax_t> sizes;
    for (const Package *package : packages) sizes.push_back(std::filesystem::file_size(package->archive));
    std::ranges::stable_sort(turns, [&](size_t one, size_t other) { return sizes[one] > sizes[other]; });
    std::atomic<size_t> turn{0};
    std::atomic<bool> stop{false};
    const auto work = [&] {
        for (size_t mine = turn++; mine < turns.size() && !stop; mine = turn++) {
            const size_t index = turns[mine];
            try {
                unpacked[index] =
                    in_context([&] { return files.unpack(*packages[index]); }, "package {}", packages[index]->name());
            } catch (...) {
                failures[index] = std::current_exception();
                stop = true;
            }
        }
    };
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 1; i < std::clamp(std::thread::hardware_concurrency(), 1U, 8U); i++)
            threads.emplace_back(work);
        work();
    }
    for (const auto &failure : failures)
        if (failure) std::rethrow_exception(failure);
    files.finish_directories(unpacked);
    return unpacked;
}

/// The triggers a package waits for (deb-triggers(5)), in the two forms dpkg keeps: for paths one file, for names one
/// each.
void register_triggers(const Package &package, std::map<std::string, std::string> &files) {
    const auto member = package.members.find("triggers");
    if (member == package.members.end()) return;
    std::string_view text = member->second.content;
    while (!text.empty()) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, std::min(end, text.find('#')));
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        const size_t blank = line.find_first_of(" \t");
        if (blank == std::string_view::npos) continue;
        const std::string_view directive = line.substr(0, blank);
        line = line.substr(line.find_first_not_of(" \t", blank));
        const std::string_view name = line.substr(0, line.find_first_of(" \t\r"));
        if (directive != "interest" && directive != "interest-await" && directive != "interest-noawait") continue;
        const std::string who = package.key() + (directive == "interest-noawait" ? "/noawait" : "") + "\n";
        if (name.substr(0, 1) == "/")
            files["File"] += std::string(name) + " " + who;
        else
            files[std::string(name)] += who;
    }
}

}  // namespace

void bootstrap(const Dir &tree, const std::vector<const Package *> &packages) {
    const std::vector<Unpacked> unpacked = unpack_all(tree, packages);
    const TreePath database("var/lib/dpkg");
    for (const char *name : {"alternatives", "info", "parts", "triggers", "updates"}) tree.make_dirs(database / name);
    const Dir info = tree.open_dir(database / "info");
    std::string status;
    std::map<std::string, std::string> triggers;
    for (size_t i = 0; i < packages.size(); i++) {
        const Package &package = *packages[i];
        info.write_file(TreePath(package.key() + ".list"), unpacked[i].list);
        for (const auto &[name, member] : package.members) {
            const TreePath path(package.key() + "." + name);
            info.write_file(path, member.content);
            const Fd fd = info.open_file(path, O_RDONLY);
            check(::fchmod(fd.get(), member.mode & 07777), "set the mode of {}", path.text());
            const timespec times[2] = {{member.mtime, 0}, {member.mtime, 0}};
            check(::futimens(fd.get(), times), "set the time of {}", path.text());
        }
        if (package.members.count("md5sums") == 0 && !unpacked[i].md5sums.empty())
            info.write_file(TreePath(package.key() + ".md5sums"), unpacked[i].md5sums);
        Paragraph paragraph = package.control;
        paragraph.set("Status", "install ok unpacked");
        std::string conffiles;
        for (const auto &[path, md5] : unpacked[i].conffiles) conffiles += "\n " + path + " " + md5;
        if (!conffiles.empty()) paragraph.set("Conffiles", conffiles);
        status += paragraph.text() + "\n";
        register_triggers(package, triggers);
    }
    info.write_file(TreePath("format"), "1\n");
    for (const auto &[name, text] : triggers) tree.write_file(database / "triggers" / name, text);
    tree.write_file(database / "available", "");
    tree.write_file(database / "status", status);
}

}  // namespace osb::stages
