// SPDX-License-Identifier: Apache-2.0
// Against servers that other people wrote, where this machine has them.
#include <charconv>
#include <poll.h>

#include "tests/engine/fetch/fixture.hpp"

namespace osb::engine {
namespace {

/// A server program that prints a line with its port, after `mark`.
class ServerProgram {
public:
    ServerProgram(std::vector<std::string> argv, const std::filesystem::path &cwd, std::string_view mark)
        : pipe_(Pipe::make()),
          process_(Process::spawn(
              {.argv = std::move(argv), .cwd = cwd, .out = pipe_.write.get(), .err = pipe_.write.get()})) {
        pipe_.write.reset();
        std::string text;
        for (int i = 0; i < 100 && port_ == 0; i++) {
            pollfd one{.fd = pipe_.read.get(), .events = POLLIN, .revents = 0};
            if (::poll(&one, 1, 100) <= 0) continue;
            std::array<std::byte, 4096> room{};
            const size_t count = read_some(pipe_.read, room, "the server's output");
            if (count == 0) break;
            text.append(reinterpret_cast<const char *>(room.data()), count);
            const size_t place = text.find(mark);
            if (place != std::string::npos && text.find('\n', place) != std::string::npos)
                std::from_chars(text.data() + place + mark.size(), text.data() + text.size(), port_);
        }
        EXPECT_NE(port_, 0) << text;
    }
    int port() const { return port_; }

private:
    Pipe pipe_;
    Process process_;
    int port_ = 0;
};

TEST(RealServer, PythonsHttpServerGivesNinetyFiles) {
    OSB_NEEDS(find_program("python3"), "python3");
    FetchStore store;
    std::filesystem::create_directory(store.scratch / "www");
    std::vector<std::string> contents;
    for (int i = 0; i < 90; i++) {
        contents.push_back(noise(static_cast<size_t>(1000 + i * 3000), static_cast<std::uint64_t>(i + 1)));
        write_file(store.scratch / format("www/{}.deb", i), contents.back());
    }
    const ServerProgram server({"python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"},
                               store.scratch / "www", " port ");
    std::vector<FetchItem> items;
    for (int i = 0; i < 90; i++)
        items.push_back({.checksum = sha256_name(contents[static_cast<size_t>(i)]),
                         .urls = {format("http://127.0.0.1:{}/{}.deb", server.port(), i)}});
    items.push_back({.checksum = sha256_name("none"), .urls = {format("http://127.0.0.1:{}/none.deb", server.port())}});
    const auto results = store.fetch(items);
    for (size_t i = 0; i < 90; i++) EXPECT_EQ(results[i].error, "");
    EXPECT_NE(results[90].error.find("404"), std::string::npos);
    EXPECT_EQ(store.finished().size(), 90U);
    EXPECT_TRUE(store.nothing_in_flight());
}

/// Keys and certificates of a server and a client, each signed by itself.
void make_certificates(const test::Scratch &scratch) {
    for (const std::string name : {"server", "client"})
        test::run({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                   "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                   scratch / (name + ".key"), "-out", scratch / (name + ".pem")});
}

TEST(RealServer, AnHttpsServerMustBeKnownUnlessTheItemSaysOtherwise) {
    OSB_NEEDS(find_program("openssl"), "openssl");
    FetchStore store;
    make_certificates(store.scratch);
    write_file(store.scratch / "a.bin", "bytes");
    const ServerProgram server(
        {"openssl", "s_server", "-WWW", "-accept", "127.0.0.1:0", "-key", "server.key", "-cert", "server.pem"},
        store.scratch.path(), "ACCEPT 127.0.0.1:");
    FetchItem item{.checksum = sha256_name("bytes"), .urls = {format("https://127.0.0.1:{}/a.bin", server.port())}};
    const FetchResult stranger = store.fetch(item);
    EXPECT_EQ(stranger.blame, Blame::network);
    EXPECT_NE(stranger.error.find("certificate"), std::string::npos) << stranger.error;
    EXPECT_EQ(stranger.error.find("attempts"), std::string::npos)
        << "a certificate does not become known by asking again";
    EXPECT_TRUE(store.finished().empty());
    item.insecure = true;
    EXPECT_EQ(store.fetch(item).error, "");
}

TEST(RealServer, AnHttpsServerThatWantsAClientCertificate) {
    OSB_NEEDS(find_program("openssl"), "openssl");
    FetchStore store;
    store.options.retries = 0;
    make_certificates(store.scratch);
    write_file(store.scratch / "a.bin", "bytes");
    const ServerProgram server({"openssl", "s_server", "-WWW", "-accept", "127.0.0.1:0", "-key", "server.key", "-cert",
                                "server.pem", "-Verify", "1", "-verify_return_error", "-CAfile", "client.pem"},
                               store.scratch.path(), "ACCEPT 127.0.0.1:");
    FetchItem item{.checksum = sha256_name("bytes"), .urls = {format("https://127.0.0.1:{}/a.bin", server.port())}};
    const auto set = [&](const char *name, const char *file) {
        ::setenv(format("OSBUILD_SOURCES_CURL_SSL_{}", name).c_str(), (store.scratch / file).c_str(), 1);
    };
    item.secrets = "org.osbuild.mtls";
    EXPECT_TRUE(store.fetch(item).error.find("must name the client's key") != std::string::npos);
    set("CA_CERT", "server.pem");
    set("CLIENT_KEY", "client.key");
    set("CLIENT_CERT", "client.pem");
    EXPECT_EQ(store.fetch(item).error, "");
    set("CLIENT_KEY", "server.key");
    set("CLIENT_CERT", "server.pem");
    std::filesystem::remove(store.place(item.checksum));
    EXPECT_EQ(store.fetch(item).blame, Blame::network);
    EXPECT_TRUE(store.finished().empty());
    for (const char *name : {"CA_CERT", "CLIENT_KEY", "CLIENT_CERT"})
        ::unsetenv(format("OSBUILD_SOURCES_CURL_SSL_{}", name).c_str());
}

}  // namespace
}  // namespace osb::engine
