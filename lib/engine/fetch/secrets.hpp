// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace osb::engine {

/// Files (PEM) a TLS connection is made with. Empty: none, or the system's certificate authorities.
struct TlsFiles {
    std::string key;          ///< the client's
    std::string certificate;  ///< the client's
    std::string authority;    ///< who signed the server's
};

/// The client certificate for `url` that secrets of this name stand for (contract section 9):
/// - "org.osbuild.mtls": OSBUILD_SOURCES_CURL_SSL_CLIENT_KEY, …_SSL_CLIENT_CERT and, optionally, …_SSL_CA_CERT;
/// - "org.osbuild.rhsm": the host's Red Hat subscription, from the repository in /etc/yum.repos.d/redhat.repo whose
/// base URL
///   fits, else the first key with a certificate in /etc/pki/entitlement.
/// Throws (Blame::network) where there is none. `root` is where the host's files are looked for.
TlsFiles tls_files_for(std::string_view secrets, std::string_view url, const std::filesystem::path &root = "/");

}  // namespace osb::engine
