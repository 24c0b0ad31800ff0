// SPDX-License-Identifier: Apache-2.0
#include "lib/base/json.hpp"
#include "lib/engine/fetch/checksum.hpp"
#include "lib/engine/fetch/fetch.hpp"
#include "lib/engine/fetch/url.hpp"

namespace osb::engine {
namespace {

template <typename... Args>
[[noreturn]] void refuse(const std::string &checksum, fmt::format_string<Args...> text, Args &&...args) {
    fail(Blame::usage, "item {}: {}", checksum, format_message(text, fmt::make_format_args(args...)));
}

void check_items(const Json &items) {
    if (!items.is_object()) fail(Blame::usage, "items: an object was expected");
    for (const auto &[checksum, description] : items.items())
        if (!Checksum::parse(checksum))
            refuse(checksum,
                   "its name is not a checksum (md5, sha1, sha256, sha384 or sha512, a colon, lower-case digits)");
}

const std::string &text_of(const std::string &checksum, const Json &value, std::string_view what) {
    if (!value.is_string()) refuse(checksum, "{}: a string was expected", what);
    return value.get_ref<const std::string &>();
}

std::string url_of(const std::string &checksum, const Json &value, std::string_view what) {
    const std::string &url = text_of(checksum, value, what);
    if (const std::string problem = problem_of_url(url); !problem.empty())
        refuse(checksum, "{} {}: {}", what, without_password(url), problem);
    return url;
}

std::string secrets_of(const std::string &checksum, const Json &value) {
    const Json *name = find_member(value, "name");
    if (name == nullptr) refuse(checksum, "secrets: a name is missing");
    const std::string &text = text_of(checksum, *name, "name of the secrets");
    if (text != "org.osbuild.rhsm" && text != "org.osbuild.mtls")
        refuse(checksum, "secrets {}: there are org.osbuild.rhsm and org.osbuild.mtls", text);
    return text;
}

FetchItem curl_item(const std::string &checksum, const Json &value) {
    FetchItem item{.checksum = checksum, .urls = {}};
    if (value.is_string()) {
        item.urls.push_back(url_of(checksum, value, "url"));
        return item;
    }
    if (!value.is_object()) refuse(checksum, "a URL or an object was expected");
    for (const auto &[key, member] : value.items()) {
        if (key == "insecure") {
            if (!member.is_boolean()) refuse(checksum, "insecure: true or false was expected");
            item.insecure = member.get<bool>();
        } else if (key == "secrets") {
            item.secrets = secrets_of(checksum, member);
        } else if (key == "mirrors") {
            if (!member.is_array()) refuse(checksum, "mirrors: a list was expected");
            for (const Json &mirror : member) item.urls.push_back(url_of(checksum, mirror, "mirror"));
        } else if (key != "url") {
            refuse(checksum, "unknown member {}", key);
        }
    }
    const Json *url = find_member(value, "url");
    if (url == nullptr) refuse(checksum, "a url is missing");
    item.urls.insert(item.urls.begin(), url_of(checksum, *url, "url"));
    return item;
}

InlineItem inline_item(const std::string &checksum, const Json &value) {
    const Json *encoding = find_member(value, "encoding");
    const Json *data = find_member(value, "data");
    if (encoding == nullptr || data == nullptr) refuse(checksum, "an object with encoding and data was expected");
    InlineItem item{.checksum = checksum, .data = text_of(checksum, *data, "data")};
    const std::string &name = text_of(checksum, *encoding, "encoding");
    if (name == "lzma+base64")
        item.encoding = InlineItem::Encoding::lzma_base64;
    else if (name != "base64")
        refuse(checksum, "encoding {}: there are base64 and lzma+base64", name);
    return item;
}

}  // namespace

std::vector<FetchItem> curl_items(const Json &items) {
    check_items(items);
    std::vector<FetchItem> list;
    for (const auto &[checksum, value] : items.items()) list.push_back(curl_item(checksum, value));
    return list;
}

std::vector<InlineItem> inline_items(const Json &items) {
    check_items(items);
    std::vector<InlineItem> list;
    for (const auto &[checksum, value] : items.items()) list.push_back(inline_item(checksum, value));
    return list;
}

std::string display_name(const FetchItem &item) {
    std::string name = item.urls.empty() ? std::string() : file_name_of(item.urls.front());
    return name.empty() ? item.checksum : name;
}

}  // namespace osb::engine
