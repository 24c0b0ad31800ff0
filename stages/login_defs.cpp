// SPDX-License-Identifier: Apache-2.0
#include "stages/login_defs.hpp"

#include <cerrno>
#include <cstdlib>
#include <strings.h>

#include "lib/base/error.hpp"
#include "stages/etc_file.hpp"

namespace osb::stages {
namespace {

/// Calls `take` with each line, without its end.
template <typename Take>
void for_each_line(std::string_view text, Take take) {
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        take(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

std::optional<long> parse_number(const std::string &text) {
    char *end = nullptr;
    errno = 0;
    const long value = std::strtol(text.c_str(), &end, 0);
    if (text.empty() || *end != '\0' || errno != 0) return std::nullopt;
    return value;
}

}  // namespace

LoginDefs LoginDefs::read(const Dir &tree) {
    LoginDefs defs;
    for_each_line(read_config(tree, TreePath("/etc/login.defs")).value_or(""), [&](std::string_view line) {
        while (!line.empty() && std::string_view(" \t\r").find(line.back()) != std::string_view::npos)
            line.remove_suffix(1);
        const size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || line[begin] == '#') return;
        const size_t end = line.find_first_of(" \t", begin);
        if (end == std::string_view::npos) return;
        const size_t value = line.find_first_not_of(" \"\t", end);
        std::string_view rest = value == std::string_view::npos ? std::string_view() : line.substr(value);
        rest = rest.substr(0, rest.find_first_of("\"#"));
        defs.values_[std::string(line.substr(begin, end - begin))] = rest;
    });
    return defs;
}

std::optional<std::string> LoginDefs::text(const std::string &name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? std::nullopt : std::optional(found->second);
}

long LoginDefs::number(const std::string &name, long fallback) const {
    const auto value = text(name);
    if (!value) return fallback;
    const auto number = parse_number(*value);
    if (!number) fail(Blame::build, "/etc/login.defs: {} is '{}', which is no number", name, *value);
    return *number;
}

bool LoginDefs::flag(const std::string &name) const {
    const auto value = text(name);
    return value && ::strcasecmp(value->c_str(), "yes") == 0;
}

UseraddDefaults UseraddDefaults::read(const Dir &tree) {
    UseraddDefaults defaults;
    for_each_line(read_config(tree, TreePath("/etc/default/useradd")).value_or(""), [&](std::string_view line) {
        const size_t equals = line.find('=');
        if (equals == std::string_view::npos) return;
        const std::string_view name = line.substr(0, equals);
        const std::string value(line.substr(equals + 1));
        if (name == "GROUP") defaults.group = value;
        if (name == "HOME") defaults.home = value;
        if (name == "SHELL") defaults.shell = value;
        if (name == "SKEL") defaults.skeleton = value.empty() ? "/etc/skel" : value;
        if (name == "EXPIRE") defaults.expire = value;
        if (name == "INACTIVE") defaults.inactive = std::max(parse_number(value).value_or(-1), -1L);
        if (name == "CREATE_MAIL_SPOOL") defaults.mail_spool = ::strcasecmp(value.c_str(), "yes") == 0;
        if (name == "LOG_INIT" && !value.empty()) defaults.log_init = value != "no";
    });
    return defaults;
}

}  // namespace osb::stages
