// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/api_socket.hpp"

#include <array>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

namespace osb::engine {
namespace {

constexpr std::string_view via_fd_marker = "<args-via-fd>";
constexpr size_t largest_packet = size_t{1} << 20;
constexpr size_t largest_message = size_t{16} << 20;

Fd listen_at(const std::filesystem::path &path) {
    const Fd parent = open_file(path.parent_path(), O_PATH | O_DIRECTORY);
    const std::string name = format("{}/{}", parent.proc_path(), path.filename().native());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    OSB_ASSERT(name.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    Fd listener(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "make the API socket"));
    check(::bind(listener.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address), "bind the API socket");
    check(::listen(listener.get(), 16), "listen on the API socket");
    return listener;
}

/// A packet and the descriptors that came along.
struct Packet {
    std::string text;
    std::vector<Fd> fds;
};

Packet receive(const Fd &client) {
    Packet packet;
    packet.text.resize(largest_packet);
    iovec part{.iov_base = packet.text.data(), .iov_len = packet.text.size()};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(253 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(client.get(), &message, MSG_CMSG_CLOEXEC);
    packet.text.resize(size > 0 ? static_cast<size_t>(size) : 0);
    for (cmsghdr *header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(header) + i * sizeof(int), sizeof number);
            packet.fds.emplace_back(number);
        }
    }
    return packet;
}

}  // namespace

ApiSocket::ApiSocket(const std::filesystem::path &path)
    : listener_(listen_at(path)),
      stop_(check(::eventfd(0, EFD_CLOEXEC), "make an event descriptor")),
      thread_([this] { serve(); }) {}

ApiSocket::~ApiSocket() {
    finish();
}

std::optional<Json> ApiSocket::finish() {
    if (thread_.joinable()) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t ignored = ::write(stop_.get(), &one, sizeof one);
        thread_.join();
    }
    return exception_;
}

void ApiSocket::serve() {
    std::vector<Fd> clients;
    while (true) {
        std::vector<pollfd> wait{{.fd = stop_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
        for (const Fd &client : clients) wait.push_back({.fd = client.get(), .events = POLLIN, .revents = 0});
        if (::poll(wait.data(), wait.size(), -1) == -1 && errno != EINTR) return;
        // Once told to stop, what was already sent is still read: a module reports its exception and exits at once.
        if (wait[0].revents != 0 && ::poll(wait.data() + 1, wait.size() - 1, 0) <= 0) return;
        if (wait[1].revents != 0) {
            Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (client) clients.push_back(std::move(client));
        }
        for (size_t i = wait.size(); i-- > 2;) {
            if (wait[i].revents == 0) continue;
            try {
                take_message(clients[i - 2]);
            } catch (const std::exception &error) {
                log_debug("API socket: {}", error.what());
                clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i - 2));
            }
        }
    }
}

void ApiSocket::take_message(const Fd &client) {
    Packet packet = receive(client);
    if (packet.text.empty()) fail(Blame::build, "the peer closed");
    if (packet.text == via_fd_marker && !packet.fds.empty()) {
        check(::lseek(packet.fds.front().get(), 0, SEEK_SET), "rewind a message");
        packet.text = read_all(packet.fds.front(), "a message", largest_message);
    }
    const Json message = parse_json(packet.text);
    const Json *method = find_member(message, "method");
    const Json *exception = find_member(message, "exception");
    if (method == nullptr || *method != Json("exception") || exception == nullptr) return;
    exception_ = Json{{"type", "exception"}, {"data", *exception}};
}

}  // namespace osb::engine
