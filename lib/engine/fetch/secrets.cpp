// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/secrets.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/engine/fetch/url.hpp"

namespace osb::engine {
namespace {

std::string variable(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr ? value : "";
}

std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Whether `url` begins with `base`, in which $releasever and the like stand for anything within one component.
bool begins_with(std::string_view url, std::string_view base) {
    while (!base.empty()) {
        if (base.front() == '$') {
            base.remove_prefix(1);
            const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
            base.remove_prefix(static_cast<size_t>(std::ranges::find_if_not(base, is_name) - base.begin()));
            for (size_t length = 0; length <= url.size(); length++) {
                if (begins_with(url.substr(length), base)) return true;
                if (length < url.size() && url[length] == '/') return false;
            }
            return false;
        }
        if (url.empty() || url.front() != base.front()) return false;
        url.remove_prefix(1);
        base.remove_prefix(1);
    }
    return true;
}

struct Repository {
    std::string base_url;
    TlsFiles tls;
};

std::vector<Repository> repositories_in(std::string_view text) {
    std::vector<Repository> list;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with('[')) list.emplace_back();
        const size_t equals = line.find('=');
        if (list.empty() || equals == std::string_view::npos || line.starts_with('#')) continue;
        const std::string_view key = trimmed(line.substr(0, equals));
        const std::string value(trimmed(line.substr(equals + 1)));
        if (key == "baseurl")
            list.back().base_url = value;
        else if (key == "sslclientkey")
            list.back().tls.key = value;
        else if (key == "sslclientcert")
            list.back().tls.certificate = value;
        else if (key == "sslcacert")
            list.back().tls.authority = value;
    }
    return list;
}

std::optional<TlsFiles> entitlement(const std::filesystem::path &root) {
    static constexpr std::string_view tail = "-key.pem";
    const auto directory = root / "etc/pki/entitlement";
    std::error_code none;
    if (!std::filesystem::is_directory(directory, none)) return std::nullopt;
    for (const std::string &name : Dir::open(directory).names()) {
        if (!name.ends_with(tail)) continue;
        const auto certificate = directory / (name.substr(0, name.size() - tail.size()) + ".pem");
        if (std::filesystem::exists(certificate, none))
            return TlsFiles{.key = (directory / name).native(),
                            .certificate = certificate.native(),
                            .authority = (root / "etc/rhsm/ca/redhat-uep.pem").native()};
    }
    return std::nullopt;
}

TlsFiles subscription(std::string_view url, const std::filesystem::path &root) {
    const auto list = root / "etc/yum.repos.d/redhat.repo";
    std::error_code none;
    if (std::filesystem::exists(list, none))
        for (const Repository &repository : repositories_in(read_file(list)))
            if (!repository.base_url.empty() && begins_with(url, repository.base_url)) return repository.tls;
    if (auto found = entitlement(root)) return *found;
    fail(Blame::network, "secrets org.osbuild.rhsm: this host has no Red Hat subscription for {}",
         without_password(url));
}

}  // namespace

TlsFiles tls_files_for(std::string_view secrets, std::string_view url, const std::filesystem::path &root) {
    if (secrets == "org.osbuild.rhsm") return subscription(url, root);
    if (secrets != "org.osbuild.mtls") fail(Blame::network, "secrets {}: nothing is known under this name", secrets);
    TlsFiles files{.key = variable("OSBUILD_SOURCES_CURL_SSL_CLIENT_KEY"),
                   .certificate = variable("OSBUILD_SOURCES_CURL_SSL_CLIENT_CERT"),
                   .authority = variable("OSBUILD_SOURCES_CURL_SSL_CA_CERT")};
    if (files.key.empty() || files.certificate.empty())
        fail(Blame::network,
             "secrets org.osbuild.mtls: OSBUILD_SOURCES_CURL_SSL_CLIENT_KEY and OSBUILD_SOURCES_CURL_SSL_CLIENT_CERT "
             "must name the client's key and certificate");
    return files;
}

}  // namespace osb::engine
