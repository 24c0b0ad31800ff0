// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"

namespace osb::stages {

int run_mkdir(const Arguments &arguments);

namespace {

constexpr mode_t any_mode = 0777;

bool is_directory(const Location &place) {
    const auto status = place.root.status(place.path, Symlinks::follow);
    return status && S_ISDIR(status->st_mode);
}

/// False when something of that name is there already; the umask applies.
bool make_directory(const Location &place, mode_t mode) {
    if (place.path.is_root()) return false;
    const Dir parent = place.root.open_parent(place.path);
    if (::mkdirat(parent.fd().get(), place.path.name().c_str(), mode) == 0) return true;
    const int number = errno;
    if (number != EEXIST) throw_errno(number, "make directory {}", place.path.absolute());
    return false;
}

/// The parents get the default mode, whatever the directory itself gets.
void make_parents(const Location &place) {
    if (place.path.is_root() || is_directory(place)) return;
    make_parents({Dir(place.root.fd().duplicate()), place.path.parent(), {}, false});
    if (!make_directory(place, any_mode) && !is_directory(place))
        throw_errno(ENOTDIR, "make directory {}", place.path.absolute());
}

void make(const Arguments &arguments, const Json &item) {
    std::string url = text_option(item, "path");
    const bool parents = flag_option(item, "parents", false);
    const bool exist_ok = flag_option(item, "exist_ok", false);
    const long long mode = optional_integer(item, "mode").value_or(any_mode);
    if (mode < 0 || mode > 07777)
        fail(Blame::build, "{} is no mode of a directory (the number is decimal: 0755 is 493)", mode);
    if (url.find("://") == std::string::npos && !url.starts_with('/')) {
        say(format("warning: {} is a relative path; it is taken from the root of the tree", url));
        url = "tree:///" + url;
    }
    const Location place = arguments.locate(url);
    // "/a/" is "/a/." to osbuild: only the parents of "." are made, so the mode says nothing and nothing can be in the
    // way.
    if (place.content && parents) return make_parents(place);
    if (place.content && !place.root.status(place.path, Symlinks::follow))
        throw_errno(ENOENT, "make directory {}/", place.path.absolute());
    if (parents) make_parents({Dir(place.root.fd().duplicate()), place.path.parent(), {}, false});
    if (make_directory(place, static_cast<mode_t>(mode))) return;
    if (!exist_ok || (parents && !is_directory(place))) throw_errno(EEXIST, "make directory {}", place.path.absolute());
}

}  // namespace

int run_mkdir(const Arguments &arguments) {
    const Json *paths = find_member(arguments.options(), "paths");
    if (paths == nullptr || !paths->is_array()) fail(Blame::build, "the option paths is missing");
    for (const Json &item : *paths) make(arguments, item);
    return 0;
}

}  // namespace osb::stages
