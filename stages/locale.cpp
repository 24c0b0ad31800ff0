// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"
#include "stages/os_release.hpp"

namespace osb::stages {

int run_locale(const Arguments &arguments);

namespace {

constexpr size_t longest_locale = 127;

/// systemd accepts more, and quotes it; no locale is called so.
bool is_locale(std::string_view name) {
    return !name.empty() && name.size() <= longest_locale && name != "." && name != ".." &&
           std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view("_.@-+").find(c) != std::string_view::npos;
           });
}

}  // namespace

int run_locale(const Arguments &arguments) {
    const std::string language = text_option(arguments.options(), "language");
    if (!is_locale(language)) fail(Blame::build, "'{}' is no name of a locale", language);
    const Dir tree = arguments.tree();
    remove_config(tree, TreePath("/etc/locale.conf"));
    const TreePath file(OsRelease::read(tree).has_default_locale() ? "/etc/default/locale" : "/etc/locale.conf");
    if (tree.status(file)) {
        say(format("{} is there already and stays as it is", file.absolute()));
        return 0;
    }
    create_config(tree, file, "LANG=" + language + "\n");
    return 0;
}

}  // namespace osb::stages
