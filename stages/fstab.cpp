// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"

namespace osb::stages {

int run_fstab(const Arguments &arguments);

namespace {

/// What mount(8) is told to look for. The first of these that says something counts.
std::string file_system_of(const Json &filesystem) {
    constexpr std::pair<const char *, const char *> kinds[] = {
        {"uuid", "UUID="}, {"label", "LABEL="}, {"partlabel", "PARTLABEL="}, {"device", ""}};
    for (const auto &[option, prefix] : kinds)
        if (const auto value = optional_text(filesystem, option); value && !value->empty()) return prefix + *value;
    fail(Blame::build, "a file system needs one of uuid, label, partlabel and device");
}

/// A number as Python prints it.
std::string number_of(const Json &filesystem, const char *option) {
    const Json *value = find_member(filesystem, option);
    if (value == nullptr) return "0";
    if (!value->is_number() && !is_big_integer(*value)) fail(Blame::build, "the option {} must be a number", option);
    return to_text(*value, python_style);
}

std::string line_of(const Json &filesystem) {
    return format("{}\t{}\t{}\t{}\t{}\t{}\n", file_system_of(filesystem), text_option(filesystem, "path"),
                  optional_text(filesystem, "vfs_type").value_or("none"),
                  optional_text(filesystem, "options").value_or("defaults"), number_of(filesystem, "freq"),
                  number_of(filesystem, "passno"));
}

bool is_commit(std::string_view text) {
    return text.size() == 64 &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

/// What `ostree rev-parse` says for a full checksum, a branch, or REMOTE:BRANCH.
std::string commit_of(const Dir &tree, const std::string &ref) {
    if (is_commit(ref)) return ref;
    const size_t colon = ref.find(':');
    const std::string place =
        colon == std::string::npos ? "heads/" + ref : "remotes/" + ref.substr(0, colon) + "/" + ref.substr(colon + 1);
    auto text = read_config(tree, TreePath("/ostree/repo/refs/" + place));
    if (!text && colon == std::string::npos) {  // a branch of the only remote that has it
        for (const std::string &remote : tree.open_dir(TreePath("/ostree/repo/refs/remotes")).names())
            if ((text = read_config(tree, TreePath("/ostree/repo/refs/remotes/" + remote + "/" + ref)))) break;
    }
    if (!text) fail(Blame::build, "/ostree/repo has no reference '{}'", ref);
    while (text->ends_with('\n')) text->pop_back();
    if (!is_commit(*text)) fail(Blame::build, "the reference '{}' in /ostree/repo is no checksum", ref);
    return *text;
}

/// The one deployment there is, serial 0.
TreePath default_deployment(const Dir &tree) {
    const TreePath base("/ostree/deploy");
    std::vector<TreePath> found;
    if (tree.status(base, Symlinks::follow)) {
        for (const std::string &osname : tree.open_dir(base).names()) {
            const TreePath deploy = base / osname / "deploy";
            if (osname.starts_with('.') || !tree.status(deploy, Symlinks::follow)) continue;
            for (const std::string &name : tree.open_dir(deploy).names())
                if (name.ends_with(".0") && !name.starts_with('.')) found.push_back(deploy / name);
        }
    }
    if (found.size() != 1)
        fail(Blame::build, "the tree has {} deployments in /ostree/deploy; it must have one", found.size());
    return found.front();
}

TreePath deployment_of(const Dir &tree, const Json &ostree) {
    const Json *deployment = find_member(ostree, "deployment");
    if (deployment == nullptr) fail(Blame::build, "the option ostree.deployment is missing");
    if (flag_option(*deployment, "default", false)) return default_deployment(tree);
    const std::string commit = commit_of(tree, text_option(*deployment, "ref"));
    return TreePath("/ostree/deploy") / text_option(*deployment, "osname") / "deploy" /
           format("{}.{}", commit, optional_integer(*deployment, "serial").value_or(0));
}

}  // namespace

int run_fstab(const Arguments &arguments) {
    const Json *filesystems = find_member(arguments.options(), "filesystems");
    if (filesystems == nullptr || !filesystems->is_array()) fail(Blame::build, "the option filesystems is missing");
    std::string text;
    for (const Json &filesystem : *filesystems) text += line_of(filesystem);
    const Dir tree = arguments.tree();
    TreePath root;
    if (const Json *ostree = find_member(arguments.options(), "ostree"); ostree != nullptr && !ostree->empty()) {
        root = deployment_of(tree, *ostree);
        say("the file system table of the deployment " + root.absolute());
    }
    overwrite_config(tree, root / "etc/fstab", text);
    return 0;
}

}  // namespace osb::stages
