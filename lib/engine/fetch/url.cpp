// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/url.hpp"

#include <algorithm>
#include <optional>

#include "lib/base/format.hpp"

namespace osb::engine {
namespace {

struct Parts {
    std::string scheme;          ///< lower case; empty when there is none
    std::string_view authority;  ///< user:password@host:port
    std::string_view rest;       ///< path, query, fragment
};

Parts split(std::string_view url) {
    Parts parts;
    const size_t mark = url.find("://");
    if (mark == std::string_view::npos) return parts;
    for (const char c : url.substr(0, mark))
        parts.scheme += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    url.remove_prefix(mark + 3);
    const size_t end = std::min(url.find_first_of("/?#"), url.size());
    parts.authority = url.substr(0, end);
    parts.rest = url.substr(end);
    return parts;
}

std::string_view host_and_port(std::string_view authority) {
    const size_t at = authority.rfind('@');
    return at == std::string_view::npos ? authority : authority.substr(at + 1);
}

std::optional<unsigned> hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) {
        const auto high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : std::nullopt;
        const auto low = high ? hex_value(text[i + 2]) : std::nullopt;
        if (low) {
            plain += static_cast<char>(*high * 16 + *low);
            i += 2;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

}  // namespace

std::string problem_of_url(std::string_view url) {
    if (std::ranges::any_of(url, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }))
        return "it contains a blank or a control character";
    const Parts parts = split(url);
    if (parts.scheme == "http" || parts.scheme == "https") {
        if (host_and_port(parts.authority).empty()) return "it names no host";
        return {};
    }
    if (parts.scheme == "file") {
        if (!parts.authority.empty() && parts.authority != "localhost")
            return "a file is on this machine, not on another host";
        if (parts.rest.size() < 2) return "it names no file";
        if (path_of_file_url(url).find('\0') != std::string::npos) return "it contains a NUL byte";
        return {};
    }
    return "it is not of http, https or file";
}

bool is_file_url(std::string_view url) {
    return split(url).scheme == "file";
}

std::string path_of_file_url(std::string_view url) {
    const std::string_view rest = split(url).rest;
    return percent_decoded(rest.substr(0, rest.find_first_of("?#")));
}

std::string server_of(std::string_view url) {
    const Parts parts = split(url);
    return format("{}://{}", parts.scheme, host_and_port(parts.authority));
}

std::string file_name_of(std::string_view url) {
    std::string_view path = split(url).rest;
    path = path.substr(0, path.find_first_of("?#"));
    const size_t slash = path.rfind('/');
    std::string name = percent_decoded(slash == std::string_view::npos ? path : path.substr(slash + 1));
    std::ranges::replace_if(
        name, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
    return name;
}

std::string without_password(std::string_view url) {
    const Parts parts = split(url);
    if (parts.authority.find('@') == std::string_view::npos) return std::string(url);
    return format("{}://{}{}", parts.scheme, host_and_port(parts.authority), parts.rest);
}

}  // namespace osb::engine
