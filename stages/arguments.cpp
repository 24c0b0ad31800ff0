// SPDX-License-Identifier: Apache-2.0
#include "stages/arguments.hpp"

#include <cstdio>

#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"

namespace osb::stages {
namespace {

constexpr size_t argument_limit = size_t{512} << 20;

/// A URL as urllib.parse.urlparse splits it; query and fragment are dropped.
struct Url {
    std::string scheme;
    std::string host;
    std::string path;
};

Url parse_url(std::string_view given) {
    std::string text;
    for (const char c : given)  // WHATWG: tabs and line ends vanish from anywhere in a URL
        if (c != '\t' && c != '\n' && c != '\r') text += c;
    const size_t colon = text.find("://");
    OSB_ASSERT(colon != std::string::npos);
    Url url{.scheme = text.substr(0, colon)};
    for (char &c : url.scheme)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    std::string rest = text.substr(colon + 3);
    rest.resize(std::min(rest.find('#'), rest.size()));
    rest.resize(std::min(rest.find('?'), rest.size()));
    const size_t slash = std::min(rest.find('/'), rest.size());
    url.host = rest.substr(0, slash);
    url.path = rest.substr(slash);
    return url;
}

const Json &member_of(const Json &object, std::string_view name) {
    const Json *member = find_member(object, name);
    if (member == nullptr) fail(Blame::build, "the option {} is missing", name);
    return *member;
}

}  // namespace

Arguments Arguments::read(const std::filesystem::path &file) {
    const std::string text = read_file(file, argument_limit);
    return Arguments(in_context([&] { return parse_json(text); }, "{}", file.native()));
}

Arguments::Arguments(Json document) : document_(std::move(document)) {
    if (const Json *options = find_member(document_, "options"); options != nullptr && options->is_object())
        options_ = *options;
    if (const Json *inputs = find_member(document_, "inputs"); inputs != nullptr && inputs->is_object())
        inputs_ = *inputs;
}

std::filesystem::path Arguments::tree_path() const {
    const Json *tree = find_member(document_, "tree");
    if (tree == nullptr || !tree->is_string()) fail(Blame::bug, "the arguments name no tree");
    return tree->get_ref<const std::string &>();
}

Dir Arguments::tree() const {
    return Dir::open(tree_path());
}

std::filesystem::path Arguments::path_member(const char *group, std::string_view name) const {
    const Json *all = find_member(document_, group);
    const Json *one = all == nullptr ? nullptr : find_member(*all, name);
    const Json *path = one == nullptr ? nullptr : find_member(*one, "path");
    if (path == nullptr || !path->is_string())
        fail(Blame::build, "the stage has no {} named '{}'", std::string_view(group) == "mounts" ? "mount" : "input",
             name);
    return path->get_ref<const std::string &>();
}

std::filesystem::path Arguments::input_path(std::string_view name) const {
    return path_member("inputs", name);
}

Location Arguments::locate(std::string_view text) const {
    const std::string full =
        text.find("://") == std::string_view::npos ? "tree://" + std::string(text) : std::string(text);
    const Url url = parse_url(full);
    std::filesystem::path root;
    if (url.scheme == "tree") {
        root = tree_path();
    } else if (url.scheme == "mount") {
        if (url.host.empty()) {
            const Json *paths = find_member(document_, "paths");
            root = text_option(paths == nullptr ? Json::object() : *paths, "mounts");
        } else {
            root = path_member("mounts", url.host);
        }
    } else if (url.scheme == "input") {
        root = input_path(url.host);
    } else {
        fail(Blame::build, "{}: '{}' is none of tree, mount, input", text, url.scheme);
    }
    if (!url.path.starts_with('/')) fail(Blame::build, "{}: the path in it must begin with a slash", text);
    TreePath path = normalized(url.path);
    std::string name = path.is_root() ? root.filename().string() : path.name();
    return {Dir::open(root), std::move(path), std::move(name), url.path.ends_with('/')};
}

std::optional<EpochSeconds> Arguments::source_epoch() const {
    const Json *meta = find_member(document_, "meta");
    return meta == nullptr ? std::nullopt : optional_integer(*meta, "source-epoch");
}

EpochSeconds Arguments::time() const {
    if (const auto epoch = source_epoch()) return *epoch;
    if (const auto epoch = source_date_epoch()) return *epoch;
    return now();
}

TreePath normalized(std::string_view path) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const size_t slash = std::min(path.find('/'), path.size());
        const std::string_view part = path.substr(0, slash);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.emplace_back(part);
        }
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    std::string joined;
    for (const std::string &part : parts) joined += "/" + part;
    return TreePath(joined);
}

std::optional<std::string> optional_text(const Json &object, std::string_view name) {
    const Json *value = find_member(object, name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_string()) fail(Blame::build, "the option {} must be a string", name);
    return value->get<std::string>();
}

std::string text_option(const Json &object, std::string_view name) {
    const Json &value = member_of(object, name);
    if (!value.is_string()) fail(Blame::build, "the option {} must be a string", name);
    return value.get<std::string>();
}

bool flag_option(const Json &object, std::string_view name, bool fallback) {
    const Json *value = find_member(object, name);
    if (value == nullptr || value->is_null()) return fallback;
    if (!value->is_boolean()) fail(Blame::build, "the option {} must be true or false", name);
    return value->get<bool>();
}

std::optional<long long> optional_integer(const Json &object, std::string_view name) {
    const Json *value = find_member(object, name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX))
        fail(Blame::build, "the option {} must be a whole number of at most 63 bits", name);
    return value->get<long long>();
}

std::vector<std::string> text_list(const Json &object, std::string_view name) {
    const Json *value = find_member(object, name);
    if (value == nullptr || value->is_null()) return {};
    std::vector<std::string> texts;
    if (!value->is_array()) fail(Blame::build, "the option {} must be a list of strings", name);
    for (const Json &item : *value) {
        if (!item.is_string()) fail(Blame::build, "the option {} must be a list of strings", name);
        texts.push_back(item.get<std::string>());
    }
    return texts;
}

void say(std::string_view line) {
    std::fprintf(stdout, "%.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
}

}  // namespace osb::stages
