// SPDX-License-Identifier: Apache-2.0
#include "lib/base/error.hpp"
#include "stages/account_files.hpp"
#include "stages/arguments.hpp"

namespace osb::stages {

int run_groups(const Arguments &arguments);

namespace {

/// What groupadd(8) does, with --force or without.
void add_group(const Dir &tree, const std::string &name, std::optional<long long> wanted, bool force) {
    require_account_name(name);
    if (wanted && (*wanted < 0 || *wanted >= UINT32_MAX)) fail(Blame::build, "{} is no number of a group", *wanted);
    Accounts accounts(tree);
    if (accounts.group.find(name)) {
        if (!force) fail(Blame::build, "the group '{}' exists already", name);
        say("the group " + name + " exists already");
        return;
    }
    // osbuild takes 0 for "no number".
    std::optional<std::uint32_t> gid;
    if (wanted && *wanted != 0) gid = static_cast<std::uint32_t>(*wanted);
    if (gid && accounts.has_gid(*gid)) {
        if (!force) fail(Blame::build, "the number {} is taken by another group", *gid);
        gid.reset();
    }
    accounts.add_group(name, gid ? *gid : accounts.new_gid(std::nullopt), "x");
    accounts.commit();
}

}  // namespace

int run_groups(const Arguments &arguments) {
    const Json *groups = find_member(arguments.options(), "groups");
    if (groups == nullptr || !groups->is_object()) fail(Blame::build, "the option groups is missing");
    const Dir tree = arguments.tree();
    for (const auto &[name, options] : groups->items())
        in_context(
            [&, &group = name, &said = options] {
                add_group(tree, group, optional_integer(said, "gid"), flag_option(arguments.options(), "force", false));
            },
            "group {}", name);
    return 0;
}

}  // namespace osb::stages
