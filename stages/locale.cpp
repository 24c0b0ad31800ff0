// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"

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

/// The value of a variable in os-release(5), unquoted.
std::string release_value(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!line.starts_with(name) || line.substr(name.size()).empty() || line[name.size()] != '=') continue;
        line.remove_prefix(name.size() + 1);
        if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.front() == line.back())
            line = line.substr(1, line.size() - 2);
        return std::string(line);
    }
    return {};
}

/// Debian up to 12 and Ubuntu up to 24.10 keep the locale in /etc/default/locale, and so does their systemd-firstboot.
TreePath locale_file(const Dir &tree) {
    auto release = read_config(tree, TreePath("/etc/os-release"));
    if (!release) release = read_config(tree, TreePath("/usr/lib/os-release"));
    const std::string id = release ? release_value(*release, "ID") : "";
    const std::string version = release ? release_value(*release, "VERSION_ID") : "";
    double number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    const bool old = number > 0 && ((id == "debian" && number < 13) || (id == "ubuntu" && number < 25));
    return TreePath(old ? "/etc/default/locale" : "/etc/locale.conf");
}

}  // namespace

int run_locale(const Arguments &arguments) {
    const std::string language = text_option(arguments.options(), "language");
    if (!is_locale(language)) fail(Blame::build, "'{}' is no name of a locale", language);
    const Dir tree = arguments.tree();
    remove_config(tree, TreePath("/etc/locale.conf"));
    const TreePath file = locale_file(tree);
    if (tree.status(file)) {
        say(format("{} is there already and stays as it is", file.absolute()));
        return 0;
    }
    create_config(tree, file, "LANG=" + language + "\n");
    return 0;
}

}  // namespace osb::stages
