// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/tree_walk.hpp"
#include "stages/accounts.hpp"
#include "stages/arguments.hpp"

namespace osb::stages {

int run_chown(const Arguments &arguments);

namespace {

constexpr uid_t unchanged = static_cast<uid_t>(-1);

/// A name or a number, as text.
std::optional<std::string> name_option(const Json &item, const char *option) {
    const Json *value = find_member(item, option);
    if (value == nullptr) return std::nullopt;
    if (value->is_string()) return value->get<std::string>();
    return std::to_string(*optional_integer(item, option));
}

}  // namespace

int run_chown(const Arguments &arguments) {
    const Json *items = find_member(arguments.options(), "items");
    if (items == nullptr || !items->is_object()) fail(Blame::build, "the option items is missing");
    const Dir tree = arguments.tree();
    for (const auto &[name, item] : items->items()) {
        uid_t uid = unchanged;
        gid_t gid = unchanged;
        if (const auto user = name_option(item, "user"); user && !user->empty()) {
            const auto found = find_user_id(tree, *user);
            if (!found) fail(Blame::build, "the tree has no user '{}'", *user);
            uid = *found;
        }
        if (const auto group = name_option(item, "group"); group && !group->empty()) {
            const auto found = find_group_id(tree, *group);
            if (!found) fail(Blame::build, "the tree has no group '{}'", *group);
            gid = *found;
        }
        const TreePath path = normalized(name);
        const auto change = [&](const Fd &fd, const std::string &what) {
            check(::fchownat(fd.get(), "", uid, gid, AT_EMPTY_PATH), "change the owner of {}", what);
        };
        if (!flag_option(item, "recursive", false)) {
            change(tree.open_file(path, O_PATH), path.absolute());
            continue;
        }
        // Recursively, links are changed themselves, the named one too.
        const Fd top = tree.open_file(path, O_PATH, 0, Symlinks::refuse);
        struct stat status {};
        check(::fstat(top.get(), &status), "stat {}", path.absolute());
        if (!S_ISDIR(status.st_mode)) {
            change(top, path.absolute());
            continue;
        }
        walk_tree(tree.open_dir(path, Symlinks::refuse).fd(), [&](const TreeEntry &entry) {
            check(::fchownat(entry.parent.get(), entry.is_root() ? "" : entry.name.c_str(), uid, gid,
                             AT_SYMLINK_NOFOLLOW | (entry.is_root() ? AT_EMPTY_PATH : 0)),
                  "change the owner of {}/{}", path.absolute(), entry.path);
        });
    }
    return 0;
}

}  // namespace osb::stages
