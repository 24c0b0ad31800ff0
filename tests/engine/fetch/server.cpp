// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/fetch/server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <chrono>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::test {
namespace {

Fd listen_on_any_port(int &port) {
    Fd fd(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "make a socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(::bind(fd.get(), reinterpret_cast<sockaddr *>(&address), sizeof address), "bind");
    check(::listen(fd.get(), 128), "listen");
    socklen_t size = sizeof address;
    check(::getsockname(fd.get(), reinterpret_cast<sockaddr *>(&address), &size), "ask for the port");
    port = ntohs(address.sin_port);
    return fd;
}

bool readable(const Fd &fd, int milliseconds) {
    pollfd one{.fd = fd.get(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, milliseconds) > 0;
}

}  // namespace

std::string WebRequest::header(std::string_view name) const {
    std::string lower = headers;
    std::ranges::transform(lower, lower.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const size_t place = lower.find(format("\n{}: ", name));
    if (place == std::string::npos) return {};
    const size_t begin = place + name.size() + 3;
    return headers.substr(begin, headers.find('\r', begin) - begin);
}

size_t WebRequest::from() const {
    const std::string range = header("range");
    size_t first = 0;
    if (range.starts_with("bytes=")) std::from_chars(range.data() + 6, range.data() + range.size(), first);
    return first;
}

void WebConnection::send(std::string_view bytes) {
    while (!bytes.empty() && !is_over()) {
        const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) return close();
        bytes.remove_prefix(static_cast<size_t>(count));
    }
}

void WebConnection::answer(std::string_view status, std::string_view body, std::string_view headers, size_t cut) {
    std::string all = format("HTTP/1.1 {}\r\nContent-Length: {}\r\n{}\r\n", status, body.size(), headers);
    all += body.substr(0, cut);
    send(all);
    if (cut < body.size()) close();
}

void WebConnection::serve(const WebRequest &request, std::string_view whole, std::string_view headers, size_t cut) {
    const size_t from = request.from();
    if (from == 0) return answer("200 OK", whole, headers, cut);
    if (from >= whole.size()) return answer("416 Range Not Satisfiable", "");
    const std::string range =
        format("Content-Range: bytes {}-{}/{}\r\n{}", from, whole.size() - 1, whole.size(), headers);
    answer("206 Partial Content", whole.substr(from), range, cut);
}

void WebConnection::pause(std::chrono::milliseconds time) const {
    for (auto left = time; left.count() > 0 && !is_over(); left -= std::chrono::milliseconds(10))
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

WebServer::WebServer(Script script) : script_(std::move(script)), listener_(listen_on_any_port(port_)) {
    acceptor_ = std::thread([this] { accept_all(); });
}

WebServer::~WebServer() {
    over_ = true;
    acceptor_.join();
    for (std::thread &talker : talkers_) talker.join();
}

std::string WebServer::url(std::string_view target) const {
    return format("http://127.0.0.1:{}{}", port_, target);
}

std::vector<std::string> WebServer::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

size_t WebServer::count(std::string_view target) const {
    const auto all = asked();
    return static_cast<size_t>(std::ranges::count(all, target));
}

void WebServer::accept_all() {
    while (!over_) {
        if (!readable(listener_, 20)) continue;
        Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (connection) talkers_.emplace_back([this, fd = std::move(connection)]() mutable { talk(std::move(fd)); });
    }
}

void WebServer::talk(Fd connection) {
    std::string text;
    WebConnection script_side(connection.get(), over_);
    while (!script_side.is_over()) {
        const size_t end = text.find("\r\n\r\n");
        if (end == std::string::npos) {
            if (!readable(connection, 20)) continue;
            char room[4096];
            const ssize_t count = ::recv(connection.get(), room, sizeof room, 0);
            if (count <= 0) return;
            text.append(room, static_cast<size_t>(count));
            continue;
        }
        WebRequest request;
        request.headers = text.substr(0, end + 2);
        text.erase(0, end + 4);
        const size_t blank = request.headers.find(' ');
        request.target = request.headers.substr(blank + 1, request.headers.find(' ', blank + 1) - blank - 1);
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(request.target);
        }
        const size_t now = ++now_;
        for (size_t most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
        }
        script_(request, script_side);
        now_--;
    }
}

int closed_port() {
    int port = 0;
    listen_on_any_port(port);
    return port;
}

}  // namespace osb::test
