// SPDX-License-Identifier: Apache-2.0
#include "stages/accounts.hpp"

#include <charconv>
#include <cstdint>

#include "stages/etc_file.hpp"

namespace osb::stages {
namespace {

/// The third field is the number in both passwd(5) and group(5).
std::optional<std::uint32_t> number_in(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != ':') continue;
        const size_t second = line.find(':', name.size() + 1);
        if (second == std::string_view::npos) continue;
        const std::string_view number = line.substr(second + 1, line.find(':', second + 1) - second - 1);
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
        if (error == std::errc() && end == number.data() + number.size()) return value;
    }
    return std::nullopt;
}

bool uses_altfiles(const Dir &tree, std::string_view database) {
    const auto text = read_config(tree, TreePath("/etc/nsswitch.conf"));
    if (!text) return false;
    const size_t line = text->find("\n" + std::string(database) + ":");
    return line != std::string::npos &&
           text->substr(line, text->find('\n', line + 1) - line).find("altfiles") != std::string::npos;
}

std::optional<std::uint32_t> find_id(const Dir &tree, const std::string &database, std::string_view name) {
    if (name.empty()) return std::nullopt;
    if (const auto text = read_config(tree, TreePath("/etc/" + database)))
        if (const auto id = number_in(*text, name)) return id;
    if (uses_altfiles(tree, database))
        if (const auto text = read_config(tree, TreePath("/usr/lib/" + database)))
            if (const auto id = number_in(*text, name)) return id;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    // 4294967295 means "leave it" to chown(2).
    if (error != std::errc() || end != name.data() + name.size() || value == UINT32_MAX) return std::nullopt;
    return value;
}

}  // namespace

std::optional<uid_t> find_user_id(const Dir &tree, std::string_view user) {
    return find_id(tree, "passwd", user);
}
std::optional<gid_t> find_group_id(const Dir &tree, std::string_view group) {
    return find_id(tree, "group", group);
}

}  // namespace osb::stages
