// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/tree_walk.hpp"
#include "stages/arguments.hpp"
#include "stages/user_changes.hpp"

namespace osb::stages {
namespace {

constexpr long long day = 86400;

/// What below (and including) the home belongs to the old group gets the new one.
void hand_over(const Dir &tree, const std::string &home, gid_t old_gid, gid_t new_gid) {
    const TreePath path(home);
    const auto status = tree.status(path);
    if (!status || !S_ISDIR(status->st_mode)) return;
    walk_tree(tree.open_dir(path, Symlinks::refuse).fd(), [&](const TreeEntry &entry) {
        if (entry.status.st_gid != old_gid) return;
        check(::fchownat(entry.parent.get(), entry.is_root() ? "" : entry.name.c_str(), static_cast<uid_t>(-1), new_gid,
                         AT_SYMLINK_NOFOLLOW | (entry.is_root() ? AT_EMPTY_PATH : 0)),
              "change the group of {}/{}", home, entry.path);
    });
}

std::string stamp(EpochSeconds now) {
    return now / day == 0 ? "" : std::to_string(now / day);
}

/// True when the field had another value.
bool set_field(Fields &record, size_t field, const std::string &value) {
    if (record[field] == value) return false;
    record[field] = value;
    return true;
}

}  // namespace

void modify_user(Accounts &accounts, const UserChange &change, EpochSeconds now) {
    auto record = accounts.passwd.find(change.name);
    if (!record) fail(Blame::build, "/etc/passwd has no complete record for {}", change.name);
    std::string home = change.home.value_or("");
    for (const auto &[what, text] : {std::pair<const char *, std::string>{"comment", change.comment.value_or("")},
                                     {"home", home},
                                     {"shell", change.shell.value_or("")},
                                     {"password", change.password.value_or("")}})
        require_field(what, text);
    if (!home.empty() && !home.starts_with('/')) fail(Blame::build, "the home '{}' does not begin with a slash", home);
    if (change.shell && !change.shell->starts_with('/') && !change.shell->starts_with('*'))
        fail(Blame::build, "the shell '{}' does not begin with a slash", *change.shell);
    std::vector<std::string> groups;
    for (const std::string &group : split_list(join_list(change.groups)))
        groups.push_back(accounts.find_group(group)[field::name]);

    auto secret = accounts.shadow.find(change.name);
    bool changed = false;
    bool secret_changed = false;
    const std::string old_gid = (*record)[field::gid];
    if (change.gid)
        changed |= set_field(*record, field::gid, accounts.find_group(std::to_string(*change.gid))[field::group_id]);
    const bool other_group = changed;
    if (change.comment) changed |= set_field(*record, field::comment, *change.comment);
    if (!home.empty() && home != (*record)[field::home]) {
        if (home.size() > 1 && home.ends_with('/')) home.pop_back();
        (*record)[field::home] = home;
        changed = true;
    }
    if (change.shell) changed |= set_field(*record, field::shell, *change.shell);
    if (change.expire) {
        if (*change.expire < -1) fail(Blame::build, "{} is no day on which an account expires", *change.expire);
        if (*change.expire != -1 && !accounts.shadow.present())
            fail(Blame::build, "an account expires only where there is an /etc/shadow");
    }
    if (change.password && (!accounts.shadow.present() || (*record)[field::password] != "x"))
        (*record)[field::password] = *change.password;
    if (!secret && accounts.shadow.present() &&
        ((change.password && (*record)[field::password] == "x") || change.expire)) {
        const LoginDefs &defs = accounts.defs;
        const auto days = [&](const char *name) {
            return defs.number(name, -1) < 0 ? "" : std::to_string(defs.number(name, -1));
        };
        secret = {change.name,
                  (*record)[field::password],
                  stamp(now),
                  days("PASS_MIN_DAYS"),
                  days("PASS_MAX_DAYS"),
                  days("PASS_WARN_AGE"),
                  "",
                  "",
                  ""};
        (*record)[field::password] = "x";
    }
    if (change.expire && secret)
        secret_changed |= set_field(*secret, field::expire, *change.expire < 0 ? "" : std::to_string(*change.expire));
    if (change.password) {
        changed = true;  // usermod writes passwd again, whatever the password is
        if (secret) {
            (*secret)[field::password] = *change.password;
            (*secret)[field::last_change] = stamp(now);
            secret_changed = true;
        }
    }
    if (!changed && !secret_changed && groups.empty()) return;
    if (changed) accounts.passwd.put(*record);
    if (secret_changed) accounts.shadow.put(*secret);
    if (!groups.empty()) accounts.set_groups(change.name, groups, Accounts::Others::go);
    accounts.commit();
    const auto from = parse_id(old_gid);
    const auto to = parse_id((*record)[field::gid]);
    if (other_group && from && to) hand_over(accounts.tree, (*record)[field::home], *from, *to);
}

}  // namespace osb::stages
