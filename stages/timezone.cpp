// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"

namespace osb::stages {

int run_timezone(const Arguments &arguments);

namespace {

constexpr std::string_view zone_directory = "/usr/share/zoneinfo/";

bool is_zone_name(std::string_view zone) {
    if (zone.empty() || zone.starts_with('/') || zone.ends_with('/') || zone.find("//") != std::string_view::npos)
        return false;
    return std::ranges::all_of(zone, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
               c == '+' || c == '/';
    });
}

enum class Known { yes, no, no_database };

/// Whether `root` has the zone; its file begins with "TZif" (RFC 8536, section 3.1).
Known knows_zone(const Dir &root, const TreePath &zone) {
    if (!root.status(TreePath(zone_directory), Symlinks::follow)) return Known::no_database;
    const auto status = root.status(zone, Symlinks::follow);
    if (!status || !S_ISREG(status->st_mode)) return Known::no;
    const Fd fd = root.open_file(zone, O_RDONLY | O_NONBLOCK);
    std::array<std::byte, 4> magic{};
    const size_t count = read_some(fd, magic, zone.absolute());
    return std::string_view(reinterpret_cast<const char *>(magic.data()), count) == "TZif" ? Known::yes : Known::no;
}

/// osbuild asks the build tree alone. Ours may be empty: the tree itself answers as well, and where nobody has a
/// database the name is taken as it is.
void require_zone(const Dir &tree, const std::string &zone) {
    if (!is_zone_name(zone)) fail(Blame::build, "'{}' is no name of a time zone", zone);
    const TreePath file(std::string(zone_directory) + zone);
    const Known in_tree = knows_zone(tree, file);
    const Known in_build_tree = knows_zone(Dir::open("/"), file);
    if (in_tree == Known::yes || in_build_tree == Known::yes || zone == "UTC") return;
    if (in_tree == Known::no || in_build_tree == Known::no) fail(Blame::build, "there is no time zone '{}'", zone);
}

}  // namespace

int run_timezone(const Arguments &arguments) {
    const std::string zone = text_option(arguments.options(), "zone");
    const Dir tree = arguments.tree();
    require_zone(tree, zone);
    const TreePath link("/etc/localtime");
    remove_config(tree, link);
    const Dir etc = make_config_dirs(tree, link.parent());
    const std::string target = "../usr/share/zoneinfo/" + zone;
    check(::symlinkat(target.c_str(), etc.fd().get(), link.name().c_str()), "link {} in the tree", link.absolute());
    return 0;
}

}  // namespace osb::stages
