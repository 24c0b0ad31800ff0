// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/base/fd.hpp"

namespace osb::test {

struct WebRequest {
    std::string target;   ///< "/a?b"
    std::string headers;  ///< as they came
    /// The header's value; empty when there is none. `name` in lower case.
    std::string header(std::string_view name) const;
    /// N of "Range: bytes=N-"; 0 when there is none.
    size_t from() const;
};

/// What a script does with a connection.
class WebConnection {
public:
    explicit WebConnection(int fd, const std::atomic<bool> &over) : fd_(fd), over_(over) {}
    void send(std::string_view bytes);
    /// "HTTP/1.1 STATUS", the headers (lines with \r\n), the length and the body, or only its first `cut` bytes and
    /// then the end.
    void answer(std::string_view status, std::string_view body, std::string_view headers = {},
                size_t cut = std::string::npos);
    /// Answers 200, or 206 where a range was asked for.
    void serve(const WebRequest &request, std::string_view whole, std::string_view headers = {},
               size_t cut = std::string::npos);
    /// Sleeps, but not beyond the server's end.
    void pause(std::chrono::milliseconds time) const;
    bool is_over() const { return over_ || closed_; }
    void close() { closed_ = true; }

private:
    int fd_;
    bool closed_ = false;
    const std::atomic<bool> &over_;
};

/// An HTTP/1.1 server on a port of 127.0.0.1 that does what its script says, faults included.
class WebServer {
public:
    using Script = std::function<void(const WebRequest &, WebConnection &)>;
    explicit WebServer(Script script);
    ~WebServer();
    std::string url(std::string_view target) const;
    /// The targets asked for so far, in order.
    std::vector<std::string> asked() const;
    size_t count(std::string_view target) const;
    size_t most_at_once() const { return most_; }

private:
    void accept_all();
    void talk(Fd connection);

    Script script_;
    int port_ = 0;  // before the listener, which sets it
    Fd listener_;
    std::atomic<bool> over_{false};
    std::atomic<size_t> now_{0};
    std::atomic<size_t> most_{0};
    mutable std::mutex mutex_;
    std::vector<std::string> asked_;
    std::list<std::thread> talkers_;
    std::thread acceptor_;
};

/// A port of 127.0.0.1 on which nobody listens.
int closed_port();

}  // namespace osb::test
