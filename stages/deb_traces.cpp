// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_traces.hpp"

#include <array>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::stages {
namespace {

/// Removed in any case: each is made anew by whoever misses it, or is a backup or a lock of the tools used here.
constexpr std::array<const char *, 17> always = {
    "etc/.pwd.lock",
    "etc/group-",
    "etc/gshadow-",
    "etc/passwd-",
    "etc/shadow-",
    "etc/subgid-",
    "etc/subuid-",
    "var/cache/apt/pkgcache.bin",
    "var/cache/apt/srcpkgcache.bin",
    "var/cache/debconf/config.dat-old",
    "var/cache/debconf/passwords.dat-old",
    "var/cache/debconf/templates.dat-old",
    "var/cache/ldconfig/aux-cache",
    "var/lib/dpkg/available-old",
    "var/lib/dpkg/diversions-old",
    "var/lib/dpkg/statoverride-old",
    "var/lib/dpkg/status-old",
};

/// Removed unless they were there before: each has to be one machine's own, and an image is no machine.
constexpr std::array<const char *, 6> secrets = {
    "var/lib/dbus/machine-id",     "var/lib/systemd/random-seed",         "var/lib/systemd/credential.secret",
    "var/lib/urandom/random-seed", "etc/ssl/certs/ssl-cert-snakeoil.pem", "etc/ssl/private/ssl-cert-snakeoil.key",
};

constexpr std::array<const char *, 3> logs = {"var/log/alternatives.log", "var/log/dpkg.log", "var/log/fontconfig.log"};

struct NewInDirectory {
    const char *directory;
    const char *prefix;
    const char *suffix;
};

/// The same for whole directories: entries that are new and have such names. Their content is of this run only (locks
/// and sockets), made for one machine (keys), or an index with dates in it (manual pages, fonts).
constexpr std::array<NewInDirectory, 6> places = {{
    {"run", "", ""},
    {"var/tmp", "", ""},
    {"etc/ssh", "ssh_host_", "_key"},
    {"etc/ssh", "ssh_host_", "_key.pub"},
    {"var/cache/man", "", ""},
    {"var/cache/fontconfig", "", ""},
}};

bool fits(std::string_view name, std::string_view prefix, std::string_view suffix) {
    return name.size() >= prefix.size() + suffix.size() && name.substr(0, prefix.size()) == prefix &&
           name.substr(name.size() - suffix.size()) == suffix;
}

std::vector<std::string> names_in(const Dir &tree, const std::string &directory) {
    const auto status = tree.status(TreePath(directory), Symlinks::refuse);
    if (!status || !S_ISDIR(status->st_mode)) return {};
    return tree.open_dir(TreePath(directory), Symlinks::refuse).names();
}

}  // namespace

Traces::Traces(const Dir &tree) : tree_(tree) {
    for (const char *path : secrets)
        if (tree.exists(TreePath(path))) before_.insert(path);
    for (const char *path : logs)
        if (const auto status = tree.status(TreePath(path))) logs_[path] = status->st_size;
    for (const NewInDirectory &place : places)
        for (const std::string &name : names_in(tree, place.directory))
            before_.insert(std::string(place.directory) + "/" + name);
    // /run/lock is a directory programs expect, not a trace.
    before_.insert("run/lock");
    machine_id_ = tree.read_file_if_exists(TreePath("etc/machine-id"), 4096).value_or("");
}

void Traces::remove(const std::string &path) const {
    const TreePath place(path);
    if (tree_.exists(place)) remove_tree(tree_.open_parent(place).fd(), place.name());
}

void Traces::remove_new(const std::string &directory, std::string_view prefix, std::string_view suffix) const {
    for (const std::string &name : names_in(tree_, directory)) {
        const std::string path = directory + "/" + name;
        if (fits(name, prefix, suffix) && before_.count(path) == 0) remove(path);
    }
}

void Traces::clean() const {
    for (const char *path : always) remove(path);
    for (const char *path : secrets)
        if (before_.count(path) == 0) remove(path);
    for (const NewInDirectory &place : places) remove_new(place.directory, place.prefix, place.suffix);
    for (const char *path : logs) {
        const TreePath place(path);
        const auto status = tree_.status(place);
        if (!status) continue;
        const auto before = logs_.find(path);
        if (before == logs_.end())
            remove(path);
        else if (S_ISREG(status->st_mode) && status->st_size > before->second)
            check(::ftruncate(tree_.open_file(place, O_WRONLY, 0, Symlinks::refuse).get(), before->second),
                  "shorten {}", place.absolute());
    }
    // An empty machine-id is how an image says that each machine makes its own (machine-id(5)).
    const TreePath machine_id("etc/machine-id");
    const auto status = tree_.status(machine_id);
    if (status && S_ISREG(status->st_mode) && tree_.read_file(machine_id, 4096) != machine_id_)
        check(::ftruncate(tree_.open_file(machine_id, O_WRONLY, 0, Symlinks::refuse).get(), 0), "empty {}",
              machine_id.absolute());
}

}  // namespace osb::stages
