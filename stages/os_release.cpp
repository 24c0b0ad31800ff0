// SPDX-License-Identifier: Apache-2.0
#include "stages/os_release.hpp"

#include <charconv>

#include "stages/etc_file.hpp"

namespace osb::stages {
namespace {

std::string value_of(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.size() <= name.size() || !line.starts_with(name) || line[name.size()] != '=') continue;
        line.remove_prefix(name.size() + 1);
        if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.front() == line.back())
            line = line.substr(1, line.size() - 2);
        return std::string(line);
    }
    return {};
}

}  // namespace

OsRelease OsRelease::read(const Dir &tree) {
    auto text = read_config(tree, TreePath("/etc/os-release"));
    if (!text) text = read_config(tree, TreePath("/usr/lib/os-release"));
    if (!text) return {};
    OsRelease release{.id = value_of(*text, "ID")};
    const std::string version = value_of(*text, "VERSION_ID");
    std::from_chars(version.data(), version.data() + version.size(), release.version);
    return release;
}

}  // namespace osb::stages
