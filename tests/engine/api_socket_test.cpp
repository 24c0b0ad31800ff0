// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/api_socket.hpp"

#include <array>
#include <cstring>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support.hpp"

namespace osb::engine {
namespace {

Fd connect_to(const std::filesystem::path &path) {
    Fd client(check(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    check(::connect(client.get(), reinterpret_cast<const sockaddr *>(&address), sizeof address), "connect");
    return client;
}

void send_text(const Fd &client, std::string_view text) {
    check(::send(client.get(), text.data(), text.size(), 0), "send");
}

void send_with_fd(const Fd &client, std::string_view text, const Fd &fd) {
    iovec part{.iov_base = const_cast<char *>(text.data()), .iov_len = text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = fd.get();
    std::memcpy(CMSG_DATA(header), &number, sizeof number);
    check(::sendmsg(client.get(), &message, 0), "send");
}

constexpr std::string_view exception =
    R"({"method": "exception", "exception": {"type": "ValueError", "value": "no", "traceback": "…"}})";

TEST(ApiSocket, KeepsAnExceptionThatWasReportedJustBeforeTheEnd) {
    const test::Scratch scratch;
    ApiSocket api(scratch / "osbuild");
    send_text(connect_to(scratch / "osbuild"), exception);
    const auto reported = api.finish();
    ASSERT_TRUE(reported.has_value());
    EXPECT_EQ((*reported)["type"], "exception");
    EXPECT_EQ((*reported)["data"]["value"], "no");
}

TEST(ApiSocket, TakesALongMessageFromADescriptor) {
    const test::Scratch scratch;
    ApiSocket api(scratch / "osbuild");
    Fd memory(check(::memfd_create("message", MFD_CLOEXEC), "memfd"));
    const std::string value(5 << 20, 'x');
    write_all(memory, R"({"method": "exception", "exception": {"type": "E", "value": ")" + value + "\"}}", "memfd");
    send_with_fd(connect_to(scratch / "osbuild"), "<args-via-fd>", memory);
    const auto reported = api.finish();
    ASSERT_TRUE(reported.has_value());
    EXPECT_EQ((*reported)["data"]["value"].get_ref<const std::string &>().size(), value.size());
}

TEST(ApiSocket, IsNotDisturbedByRubbish) {
    const test::Scratch scratch;
    ApiSocket api(scratch / "osbuild");
    const Fd first = connect_to(scratch / "osbuild");
    send_text(first, "this is not JSON");
    send_text(connect_to(scratch / "osbuild"), R"({"method": "get-arguments"})");
    send_text(connect_to(scratch / "osbuild"), "[]");
    send_text(connect_to(scratch / "osbuild"), exception);
    EXPECT_TRUE(api.finish().has_value());
}

TEST(ApiSocket, ReportsNothingWhenNothingWasSaid) {
    const test::Scratch scratch;
    ApiSocket api(scratch / "osbuild");
    const Fd silent = connect_to(scratch / "osbuild");
    EXPECT_FALSE(api.finish().has_value());
}

TEST(ApiSocket, ListensAlsoWhereThePathIsLongerThanASocketAddress) {
    const test::Scratch scratch;
    const auto deep = scratch / std::string(150, 'd');
    std::filesystem::create_directory(deep);
    ApiSocket api(deep / "osbuild");
    EXPECT_TRUE(std::filesystem::is_socket(deep / "osbuild"));
}

}  // namespace
}  // namespace osb::engine
