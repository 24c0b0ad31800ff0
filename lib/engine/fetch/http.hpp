// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/fd.hpp"
#include "lib/engine/fetch/secrets.hpp"

namespace osb::engine {

struct HttpRequest {
    std::string url;
    bool insecure = false;
    TlsFiles tls = {};
    std::uint64_t from = 0;  ///< ask for the bytes from here on (RFC 9110, section 14.2)
    std::string validator =
        {};  ///< with `from`: only if it is still this (If-Range, section 13.1.5); empty: unconditional
    std::chrono::seconds connect_timeout{30};
    std::chrono::seconds stall_timeout{30};
};

/// What a good response says about itself before its bytes come.
struct HttpResponse {
    std::uint64_t from = 0;                              ///< where in the whole its bytes begin
    std::optional<std::uint64_t> length = std::nullopt;  ///< of its own bytes
    std::string validator = {};                          ///< a strong ETag or else Last-Modified; may be empty
};

/// Takes a response. What its functions throw ends the transfer and comes back in HttpEnd::thrown.
class HttpReceiver {
public:
    virtual ~HttpReceiver() = default;
    virtual void begins(const HttpResponse &response) = 0;
    virtual void takes(std::span<const std::byte> data) = 0;
};

/// How a transfer ended.
struct HttpEnd {
    size_t ticket = 0;
    enum class Kind {
        complete,
        broken,   ///< trying again may help
        refused,  ///< trying again will not help
        range,    ///< the server does not give this range (416, or another range than asked for)
        thrown,   ///< by the receiver
    } kind = Kind::complete;
    std::string why = {};                 ///< a phrase, where it is broken or refused
    bool unreachable = false;             ///< there was not even a connection
    std::chrono::seconds retry_after{0};  ///< what the server asked for
    std::exception_ptr thrown = nullptr;
};

/// Many HTTP transfers in one thread, over kept and shared connections. Redirects are followed (ten at most, http and
/// https only). Destroying it gives up what is running, without waiting.
class HttpClient {
public:
    explicit HttpClient(unsigned connections_per_host);
    HttpClient(const HttpClient &) = delete;
    HttpClient &operator=(const HttpClient &) = delete;
    ~HttpClient();

    /// The receiver must outlive the transfer. Its functions are called within advance().
    void start(size_t ticket, const HttpRequest &request, HttpReceiver &receiver);
    /// Gives bytes to the receivers; answers with the transfers that ended.
    std::vector<HttpEnd> advance();
    /// Waits until there is something to advance, `interrupt` is readable, or the time is over.
    void wait(std::chrono::milliseconds time, const Fd &interrupt);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace osb::engine
