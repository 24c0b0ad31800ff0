// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/tree_copy.hpp"

namespace osb::stages {

int run_copy(const Arguments &arguments);

namespace {

/// Where `from` ends up: inside an existing directory under its own name, else exactly at `to`.
TreePath destination_of(const Location &from, const Location &to) {
    const auto there = to.root.status(to.path, Symlinks::follow);
    if (there && S_ISDIR(there->st_mode)) return from.content ? to.path : to.path / from.name;
    if (to.content) throw_errno(there ? ENOTDIR : ENOENT, "{}", to.path.absolute() + "/");
    if (!there && to.root.status(to.path))
        fail(Blame::build, "{} is a link to nowhere; it is not written through", to.path.absolute());
    return to.path;
}

/// The path an existing directory really has below the root, with no link in it: names in it can be appended.
TreePath real_path(const Dir &root, const TreePath &path) {
    const std::string real = std::filesystem::read_symlink(root.open_dir(path).fd().proc_path());
    const std::string base = std::filesystem::read_symlink(root.fd().proc_path());
    OSB_ASSERT(base == "/" || real == base || real.starts_with(base + "/"));
    return TreePath(base == "/" ? real : real.substr(base.size()));
}

void copy_one(const Arguments &arguments, const Json &item) {
    const std::string from_text = text_option(item, "from");
    const std::string to_text = text_option(item, "to");
    const Location from = arguments.locate(from_text);
    const Location to = arguments.locate(to_text);
    say(format("copying {} to {}", from_text, to_text));
    const auto status = from.root.status(from.path, from.content ? Symlinks::follow : Symlinks::refuse);
    if (!status) throw_errno(ENOENT, "{}", from_text);
    if (from.content && !S_ISDIR(status->st_mode)) throw_errno(ENOTDIR, "{}", from_text);
    const Existing existing =
        flag_option(item, "remove_destination", false) ? Existing::removed_first : Existing::written_through;
    TreePath target = destination_of(from, to);
    TreePath source = from.path;
    // A directory named with a slash is what it leads to; opened, it has no link left in its name.
    const Dir from_root = from.content ? from.root.open_dir(from.path) : Dir(from.root.fd().duplicate());
    if (from.content) source = TreePath();
    if (from.content && to.root.status(target, Symlinks::follow)) target = real_path(to.root, target);
    TreeCopier(from_root, to.root, existing).copy(source, target);
}

}  // namespace

int run_copy(const Arguments &arguments) {
    const Json *paths = find_member(arguments.options(), "paths");
    if (paths == nullptr || !paths->is_array()) fail(Blame::build, "the option paths is missing");
    for (const Json &item : *paths) copy_one(arguments, item);
    return 0;
}

}  // namespace osb::stages
