// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>

#include "lib/base/error.hpp"
#include "lib/base/json.hpp"
#include "oci/image.hpp"

namespace osb::oci {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return result;
}

template <typename... Args>
[[noreturn]] void refuse(std::string_view key, fmt::format_string<Args...> text, Args &&...args) {
    fail(Blame::usage, "image setting {}: {}", key, format_message(text, fmt::make_format_args(args...)));
}

Json parse_value(std::string_view key, std::string_view value) {
    try {
        return parse_json(value);
    } catch (const JsonError &error) {
        refuse(key, "{} is not JSON: {}", value, error.what());
    }
}

/// A JSON list of strings.
std::vector<std::string> string_list(std::string_view key, std::string_view value) {
    std::vector<std::string> list;
    const Json parsed = parse_value(key, value);
    if (!parsed.is_array()) refuse(key, "a JSON list of strings was expected, not {}", value);
    for (const Json &item : parsed) {
        if (!item.is_string()) refuse(key, "a JSON list of strings was expected, not {}", value);
        list.push_back(item.get<std::string>());
    }
    return list;
}

/// One value, or those of a JSON list.
std::vector<std::string> one_or_list(std::string_view key, std::string_view value) {
    if (value.starts_with('[')) return string_list(key, value);
    return {std::string(value)};
}

/// A command: a JSON list, or words split at blanks; quotes would suggest a shell, and there is none.
std::optional<std::vector<std::string>> command(std::string_view key, std::string_view value) {
    if (value.empty()) return std::nullopt;
    if (value.starts_with('[')) return string_list(key, value);
    if (value.find_first_of("'\"\\") != std::string_view::npos)
        refuse(key, "{} has quotes, which are not interpreted; write a JSON list of strings", value);
    std::vector<std::string> words;
    while (!value.empty()) {
        const size_t end = std::min(value.find(' '), value.size());
        if (end > 0) words.emplace_back(value.substr(0, end));
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return words;
}

std::pair<std::string, std::string> pair(std::string_view key, std::string_view value) {
    const size_t equals = value.find('=');
    if (equals == std::string_view::npos || equals == 0) refuse(key, "NAME=VALUE was expected, not \"{}\"", value);
    return {std::string(value.substr(0, equals)), std::string(value.substr(equals + 1))};
}

/// NAME=VALUE, or a JSON object of strings.
void add_pairs(std::map<std::string, std::string> &to, std::string_view key, std::string_view value) {
    if (!value.starts_with('{')) {
        auto [name, text] = pair(key, value);
        to[name] = text;
        return;
    }
    const Json object = parse_value(key, value);
    for (const auto &[name, text] : object.items()) {
        if (!text.is_string()) refuse(key, "the value of {} is no string", name);
        to[name] = text.get<std::string>();
    }
}

void add_env(ImageSettings &settings, std::string_view value) {
    for (const std::string &assignment : one_or_list("env", value)) {
        const std::string name = pair("env", assignment).first + "=";
        const auto there =
            std::ranges::find_if(settings.env, [&](const std::string &other) { return other.starts_with(name); });
        if (there != settings.env.end())
            *there = assignment;
        else
            settings.env.push_back(assignment);
    }
}

std::string port(std::string_view key, std::string_view value) {
    const size_t slash = std::min(value.find('/'), value.size());
    const std::string_view protocol = slash < value.size() ? value.substr(slash + 1) : "tcp";
    unsigned number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + slash, number);
    if (error != std::errc() || end != value.data() + slash || number == 0 || number > 65535 ||
        (protocol != "tcp" && protocol != "udp" && protocol != "sctp"))
        refuse(key, "a port like 80, 80/tcp or 53/udp was expected, not \"{}\"", value);
    return format("{}/{}", number, protocol);
}

std::string absolute_path(std::string_view key, std::string_view value) {
    if (!value.starts_with('/')) refuse(key, "an absolute path was expected, not \"{}\"", value);
    return std::string(value);
}

std::string signal_name(std::string_view key, std::string_view value) {
    const bool is_plain = std::ranges::all_of(
        value, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-'; });
    const bool is_number = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
    if (!is_plain || !(is_number || value.starts_with("SIG")))
        refuse(key, "a signal like SIGTERM or 15 was expected, not \"{}\"", value);
    return std::string(value);
}

EpochSeconds time_of(std::string_view key, std::string_view value) {
    EpochSeconds seconds = 0;
    const char *end = value.data() + value.size();
    if (const auto [stop, error] = std::from_chars(value.data(), end, seconds);
        error == std::errc() && stop == end && seconds >= 0)
        return seconds;
    std::tm parts{};
    const std::string text(value);
    if (const char *stop = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts); stop != nullptr && *stop == '\0') {
        const EpochSeconds time = ::timegm(&parts);
        if (to_rfc3339(time) == text) return time;
    }
    refuse(key, "a time like 2026-01-31T12:00:00Z or seconds since 1970 were expected, not \"{}\"", value);
}

std::string not_empty(std::string_view key, std::string_view value) {
    if (value.empty()) refuse(key, "a value is missing");
    return std::string(value);
}

using Apply = void (*)(ImageSettings &, std::string_view key, std::string_view value);

struct Key {
    std::string_view name;
    std::string_view alias;
    Apply apply;
};

void apply_command(std::optional<std::vector<std::string>> &to, std::string_view key, std::string_view value) {
    to = command(key, value);
}

constexpr std::array<Key, 15> keys{{
    {"annotation", "annotations",
     [](ImageSettings &s, std::string_view k, std::string_view v) { add_pairs(s.annotations, k, v); }},
    {"architecture", "arch",
     [](ImageSettings &s, std::string_view k, std::string_view v) { s.architecture = not_empty(k, v); }},
    {"author", "", [](ImageSettings &s, std::string_view, std::string_view v) { s.author = v; }},
    {"cmd", "", [](ImageSettings &s, std::string_view k, std::string_view v) { apply_command(s.cmd, k, v); }},
    {"created", "", [](ImageSettings &s, std::string_view k, std::string_view v) { s.created = time_of(k, v); }},
    {"entrypoint", "",
     [](ImageSettings &s, std::string_view k, std::string_view v) { apply_command(s.entrypoint, k, v); }},
    {"env", "", [](ImageSettings &s, std::string_view, std::string_view v) { add_env(s, v); }},
    {"label", "labels", [](ImageSettings &s, std::string_view k, std::string_view v) { add_pairs(s.labels, k, v); }},
    {"os", "", [](ImageSettings &s, std::string_view k, std::string_view v) { s.os = not_empty(k, v); }},
    {"port", "exposedports",
     [](ImageSettings &s, std::string_view k, std::string_view v) {
         for (const std::string &one : one_or_list(k, v)) s.exposed_ports.insert(port(k, one));
     }},
    {"stopsignal", "",
     [](ImageSettings &s, std::string_view k, std::string_view v) { s.stop_signal = signal_name(k, v); }},
    {"user", "", [](ImageSettings &s, std::string_view, std::string_view v) { s.user = v; }},
    {"variant", "", [](ImageSettings &s, std::string_view, std::string_view v) { s.variant = v; }},
    {"volume", "volumes",
     [](ImageSettings &s, std::string_view k, std::string_view v) {
         for (const std::string &one : one_or_list(k, v)) s.volumes.insert(absolute_path(k, one));
     }},
    {"workdir", "workingdir",
     [](ImageSettings &s, std::string_view k, std::string_view v) { s.working_dir = absolute_path(k, v); }},
}};

std::string known_keys() {
    std::string text;
    for (const Key &key : keys) text += (text.empty() ? "" : ", ") + std::string(key.name);
    return text;
}

}  // namespace

void apply_setting(ImageSettings &settings, std::string_view assignment) {
    const size_t equals = assignment.find('=');
    if (equals == std::string_view::npos) fail(Blame::usage, "image setting {}: KEY=VALUE was expected", assignment);
    const std::string name = lower(assignment.substr(0, equals));
    const auto key = std::ranges::find_if(
        keys, [&](const Key &one) { return !name.empty() && (one.name == name || one.alias == name); });
    if (key == keys.end())
        fail(Blame::usage, "image setting \"{}\" is not known; these are: {}", assignment.substr(0, equals),
             known_keys());
    key->apply(settings, key->name, assignment.substr(equals + 1));
}

}  // namespace osb::oci
