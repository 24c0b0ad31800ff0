// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"
#include "stages/home_directory.hpp"
#include "stages/user_changes.hpp"

namespace osb::stages {

int run_users(const Arguments &arguments);

namespace {

std::optional<std::uint32_t> id_option(const Json &options, const char *name) {
    const auto id = optional_integer(options, name);
    if (!id) return std::nullopt;
    if (*id < 0 || *id >= UINT32_MAX) fail(Blame::build, "the option {} is {}, which is no user or group", name, *id);
    return static_cast<std::uint32_t>(*id);
}

UserChange parse_change(const std::string &name, const Json &options) {
    UserChange change{.name = name,
                      .uid = id_option(options, "uid"),
                      .gid = id_option(options, "gid"),
                      .groups = text_list(options, "groups"),
                      .comment = optional_text(options, "description"),
                      .home = optional_text(options, "home"),
                      .shell = optional_text(options, "shell"),
                      .password = optional_text(options, "password"),
                      .expire = optional_integer(options, "expiredate")};
    if (change.shell && change.shell->empty()) change.shell.reset();  // osbuild takes "" for "not said"
    return change;
}

/// The user's record, even where the line is not quite what passwd(5) says.
Fields require_user(const Accounts &accounts, const std::string &name) {
    auto record = accounts.passwd.find(name);
    if (!record) fail(Blame::build, "/etc/passwd has no complete record for {}", name);
    return *record;
}

std::pair<uid_t, gid_t> owner_of(const Fields &record) {
    const auto uid = parse_id(record[field::uid]);
    const auto gid = parse_id(record[field::gid]);
    if (!uid || !gid) fail(Blame::build, "the record of {} in /etc/passwd has no numbers", record[field::name]);
    return {*uid, *gid};
}

/// usermod makes no home for a user who has none; osbuild runs PAM's mkhomedir_helper in the tree, with /proc, /dev and
/// /sys mounted for it, whose mount points stay.
void ensure_home(const Accounts &accounts, const std::string &name) {
    const Fields record = require_user(accounts, name);
    const std::string home = record[field::home];
    if (home.empty() || accounts.tree.status(TreePath(home), Symlinks::follow)) return;
    for (const char *place : {"/proc", "/dev", "/sys"}) make_config_dirs(accounts.tree, TreePath(place));
    const auto [uid, gid] = owner_of(record);
    make_home(accounts.tree, {home, uid, gid, 0755}, "/etc/skel", HomeMaker::mkhomedir_helper);
}

/// Appends to ~/.ssh/authorized_keys.
void add_keys(const Accounts &accounts, const std::string &name, const std::vector<std::string> &keys) {
    const Fields record = require_user(accounts, name);
    const auto [uid, gid] = owner_of(record);
    const TreePath place = TreePath(record[field::home]) / ".ssh";
    const Dir home = accounts.tree.open_dir(place.parent());
    if (!accounts.tree.status(place, Symlinks::follow)) {
        check(::mkdirat(home.fd().get(), ".ssh", 0700), "make directory {}", place.absolute());
        check(::fchownat(home.fd().get(), ".ssh", uid, gid, AT_SYMLINK_NOFOLLOW), "change the owner of {}",
              place.absolute());
    }
    const TreePath file = place / "authorized_keys";
    const Fd fd = accounts.tree.open_file(file, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK, 0666);
    struct stat status {};
    check(::fstat(fd.get(), &status), "stat {}", file.absolute());
    if (!S_ISREG(status.st_mode)) fail(Blame::build, "{} is no regular file", file.absolute());
    std::string text;
    for (const std::string &key : keys) text += key + "\n";
    write_all(fd, text, file.absolute());
    check(::fchown(fd.get(), uid, gid), "change the owner of {}", file.absolute());
    check(::fchmod(fd.get(), 0600), "change the mode of {}", file.absolute());
}

void apply(const Arguments &arguments, const Dir &tree, const std::string &name, const Json &options) {
    Accounts accounts(tree);
    if (!accounts.passwd.present()) fail(Blame::build, "the tree has no /etc/passwd");
    const UserChange change = parse_change(name, options);
    if (const auto existing = accounts.passwd.find(name)) {
        if (change.uid && (*existing)[field::uid] != std::to_string(*change.uid))
            fail(Blame::build, "the user exists already, and the number of an existing user cannot be changed");
        modify_user(accounts, change, arguments.time());
        ensure_home(accounts, name);
    } else {
        add_user(accounts, change, arguments.time());
    }
    if (flag_option(options, "force_password_reset", false)) expire_password(accounts, name);
    std::vector<std::string> keys = text_list(options, "keys");
    if (const auto key = optional_text(options, "key"); key && !key->empty()) keys.push_back(*key);
    if (!keys.empty()) add_keys(accounts, name, keys);
}

}  // namespace

int run_users(const Arguments &arguments) {
    const Json *users = find_member(arguments.options(), "users");
    if (users == nullptr || !users->is_object()) fail(Blame::build, "the option users is missing");
    const Dir tree = arguments.tree();
    for (const auto &[name, options] : users->items())
        in_context([&, &user = name, &said = options] { apply(arguments, tree, user, said); }, "user {}", name);
    return 0;
}

}  // namespace osb::stages
