// SPDX-License-Identifier: Apache-2.0
#include "lib/base/json.hpp"
#include "lib/engine/fetch/checksum.hpp"
#include "lib/engine/fetch/secrets.hpp"
#include "lib/engine/fetch/url.hpp"
#include "tests/engine/fetch/fixture.hpp"

namespace osb::engine {
namespace {

std::string name_of_digits(const char *algorithm, size_t digits) {
    return format("{}:{}", algorithm, std::string(digits, 'a'));
}

TEST(Checksum, HasAKnownAlgorithmAndItsNumberOfDigits) {
    EXPECT_TRUE(Checksum::parse(name_of_digits("md5", 32)));
    EXPECT_TRUE(Checksum::parse(name_of_digits("sha512", 128)));
    EXPECT_EQ(Checksum::parse(name_of_digits("sha256", 64))->text(), name_of_digits("sha256", 64));
    EXPECT_FALSE(Checksum::parse(name_of_digits("sha256", 63)));
    EXPECT_FALSE(Checksum::parse(name_of_digits("sha224", 56)));
    EXPECT_FALSE(Checksum::parse("sha256:" + std::string(64, 'A')));
    EXPECT_FALSE(Checksum::parse("sha256:" + std::string(62, 'a') + "/."));
    EXPECT_FALSE(Checksum::parse(std::string(64, 'a')));
    EXPECT_FALSE(Checksum::parse(""));
}

TEST(CurlItems, ReadsAllFormsInTheirOrder) {
    const std::string one = name_of_digits("sha256", 64);
    const std::string two = name_of_digits("md5", 32);
    const auto items = curl_items(parse_json(format(
        R"({{"{}": "https://h/a", "{}": {{"mirrors": ["http://m/a", "file:///m/a"], "url": "HTTPS://h/b", "insecure": true, "secrets": {{"name": "org.osbuild.mtls"}}}}}})",
        one, two)));
    ASSERT_EQ(items.size(), 2U);
    EXPECT_EQ(items[0].checksum, one);
    EXPECT_EQ(items[0].urls, std::vector<std::string>{"https://h/a"});
    EXPECT_FALSE(items[0].insecure);
    EXPECT_FALSE(items[0].secrets);
    EXPECT_EQ(items[1].checksum, two);
    EXPECT_EQ(items[1].urls, (std::vector<std::string>{"HTTPS://h/b", "http://m/a", "file:///m/a"}));
    EXPECT_TRUE(items[1].insecure);
    EXPECT_EQ(items[1].secrets, "org.osbuild.mtls");
}

TEST(CurlItems, SaysWhatIsWrong) {
    const std::string name = name_of_digits("md5", 32);
    const auto error = [&](std::string_view value) {
        const Error thrown = test::thrown_by([&] { curl_items(parse_json(format(R"({{"{}": {}}})", name, value))); });
        EXPECT_EQ(thrown.blame(), Blame::usage);
        const std::string start = format("item {}: ", name);
        EXPECT_TRUE(std::string_view(thrown.what()).starts_with(start));
        return std::string(thrown.what()).substr(start.size());
    };
    EXPECT_EQ(error("1"), "a URL or an object was expected");
    EXPECT_EQ(error("{}"), "a url is missing");
    EXPECT_EQ(error(R"({"url": 1})"), "url: a string was expected");
    EXPECT_EQ(error(R"("ftp://u:p@h/a")"), "url ftp://h/a: it is not of http, https or file");
    EXPECT_EQ(error(R"("a.deb")"), "url a.deb: it is not of http, https or file");
    EXPECT_EQ(error(R"("http:///a")"), "url http:///a: it names no host");
    EXPECT_EQ(error(R"("file://other/a")"), "url file://other/a: a file is on this machine, not on another host");
    EXPECT_EQ(error(R"("file:///a%00b")"), "url file:///a%00b: it contains a NUL byte");
    EXPECT_EQ(error(R"("http://h/a\nb")"), "url http://h/a\nb: it contains a blank or a control character");
    EXPECT_EQ(error(R"({"url": "http://h/a", "insecure": "yes"})"), "insecure: true or false was expected");
    EXPECT_EQ(error(R"({"url": "http://h/a", "secrets": {}})"), "secrets: a name is missing");
    EXPECT_EQ(error(R"({"url": "http://h/a", "secrets": {"name": "x"}})"),
              "secrets x: there are org.osbuild.rhsm and org.osbuild.mtls");
    EXPECT_EQ(error(R"({"url": "http://h/a", "mirrors": "http://m/a"})"), "mirrors: a list was expected");
    EXPECT_EQ(error(R"({"url": "http://h/a", "mirrors": ["m"]})"), "mirror m: it is not of http, https or file");
    EXPECT_EQ(error(R"({"url": "http://h/a", "sum": 1})"), "unknown member sum");
    EXPECT_EQ(test::error_of([] { curl_items(parse_json("[]")); }), "items: an object was expected");
    EXPECT_EQ(test::error_of([] { curl_items(parse_json(R"({"sha256:../x": "http://h/a"})")); }),
              "item sha256:../x: its name is not a checksum (md5, sha1, sha256, sha384 or sha512, a colon, lower-case "
              "digits)");
}

TEST(Url, ShowsItsParts) {
    EXPECT_EQ(server_of("https://user:p@ss@host:8443/a/b"), "https://host:8443");
    EXPECT_EQ(without_password("https://user:p@ss@host:8443/a@b"), "https://host:8443/a@b");
    EXPECT_EQ(file_name_of("http://h/pool/libstdc%2B%2B6_12.deb?x=/1#y"), "libstdc++6_12.deb");
    EXPECT_EQ(file_name_of("http://h"), "");
    EXPECT_EQ(file_name_of("http://h/%1b%5d"), "?]");
    EXPECT_EQ(path_of_file_url("file:///a%20b%zz%4"), "/a b%zz%4");
    EXPECT_EQ(path_of_file_url("file://localhost/a"), "/a");
    EXPECT_EQ(display_name(FetchItem{.checksum = "md5:x", .urls = {"http://h/"}}), "md5:x");
}

TEST(Secrets, AClientCertificateFromTheEnvironment) {
    ::unsetenv("OSBUILD_SOURCES_CURL_SSL_CLIENT_CERT");
    ::setenv("OSBUILD_SOURCES_CURL_SSL_CLIENT_KEY", "/k", 1);
    ::setenv("OSBUILD_SOURCES_CURL_SSL_CA_CERT", "/ca", 1);
    const Error thrown = test::thrown_by([] { tls_files_for("org.osbuild.mtls", "https://h/a"); });
    EXPECT_EQ(thrown.blame(), Blame::network);
    EXPECT_NE(std::string(thrown.what()).find("OSBUILD_SOURCES_CURL_SSL_CLIENT_CERT"), std::string::npos);
    ::setenv("OSBUILD_SOURCES_CURL_SSL_CLIENT_CERT", "/c", 1);
    const TlsFiles files = tls_files_for("org.osbuild.mtls", "https://h/a");
    EXPECT_EQ(files.key, "/k");
    EXPECT_EQ(files.certificate, "/c");
    EXPECT_EQ(files.authority, "/ca");
    for (const char *name : {"KEY", "CERT"}) ::unsetenv(format("OSBUILD_SOURCES_CURL_SSL_CLIENT_{}", name).c_str());
    ::unsetenv("OSBUILD_SOURCES_CURL_SSL_CA_CERT");
}

TEST(Secrets, ASubscriptionOfTheHost) {
    test::Scratch host;
    EXPECT_EQ(test::error_of([&] { tls_files_for("org.osbuild.rhsm", "https://cdn.test/a", host.path()); }),
              "secrets org.osbuild.rhsm: this host has no Red Hat subscription for https://cdn.test/a");
    std::filesystem::create_directories(host / "etc/yum.repos.d");
    write_file(
        host / "etc/yum.repos.d/redhat.repo",
        "# made by a program\n[base]\nname = Base = 1\nbaseurl = https://cdn.test/dist/$releasever/$basearch/os\n"
        "sslclientkey=/key1\nsslclientcert = /cert1\nsslcacert = /ca1\n\n[extra]\nbaseurl=https://cdn.test/extra/\n"
        "sslclientkey=/key2\nsslclientcert=/cert2\nsslcacert=/ca2\n");
    const auto key = [&](std::string_view url) { return tls_files_for("org.osbuild.rhsm", url, host.path()).key; };
    EXPECT_EQ(key("https://cdn.test/dist/9.4/x86_64/os/Packages/a.rpm"), "/key1");
    EXPECT_EQ(tls_files_for("org.osbuild.rhsm", "https://cdn.test/dist/9/x86_64/os/a", host.path()).authority, "/ca1");
    EXPECT_EQ(key("https://cdn.test/extra/a.rpm"), "/key2");
    EXPECT_NE(test::error_of([&] { key("https://cdn.test/dist/9/os/a.rpm"); }), "")
        << "a variable stands for one component";

    std::filesystem::create_directories(host / "etc/pki/entitlement");
    write_file(host / "etc/pki/entitlement/1-key.pem", "");
    write_file(host / "etc/pki/entitlement/2-key.pem", "");
    write_file(host / "etc/pki/entitlement/2.pem", "");
    EXPECT_EQ(key("https://elsewhere.test/a"), (host / "etc/pki/entitlement/2-key.pem").native());
}

}  // namespace
}  // namespace osb::engine
