// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/etc_file.hpp"

namespace osb::stages {

int run_hostname(const Arguments &arguments);

namespace {

constexpr size_t longest_hostname = 64;  // HOST_NAME_MAX of Linux

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
    return !label.empty() && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

/// Labels joined by dots. One dot may end the name, when there is another in it (systemd-firstboot, version 252).
bool is_hostname(std::string_view name) {
    if (name.size() > longest_hostname) return false;
    if (std::ranges::count(name, '.') > 1 && name.ends_with('.')) name.remove_suffix(1);
    while (true) {
        const size_t dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        name.remove_prefix(dot + 1);
    }
}

}  // namespace

int run_hostname(const Arguments &arguments) {
    std::string name = text_option(arguments.options(), "hostname");
    if (!is_hostname(name))
        fail(Blame::build, "'{}' is no host name: at most {} letters, digits and hyphens, in parts joined by dots",
             name, longest_hostname);
    if (name.ends_with('.')) name.pop_back();
    const TreePath file("/etc/hostname");
    const Dir tree = arguments.tree();
    remove_config(tree, file);
    create_config(tree, file, name + "\n");
    return 0;
}

}  // namespace osb::stages
