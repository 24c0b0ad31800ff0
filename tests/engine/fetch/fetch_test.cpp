// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/fetch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "lib/base/mount.hpp"
#include "tests/engine/fetch/fixture.hpp"
#include "tests/engine/fetch/server.hpp"

namespace osb::engine {
namespace {

using std::chrono::milliseconds;
using test::WebConnection;
using test::WebRequest;
using test::WebServer;

TEST(Fetch, StoresAnItemUnderItsChecksumWithAFixedModeAndTime) {
    const std::string whole = noise(300'000);
    WebServer server([&](const WebRequest &request, WebConnection &web) { web.serve(request, whole); });
    FetchStore store;
    const FetchResult result = store.fetch(whole, {server.url("/pool/a%2bb_1.deb?x=/y")});
    EXPECT_EQ(result.error, "");
    EXPECT_FALSE(result.cached);
    EXPECT_EQ(result.bytes, whole.size());
    EXPECT_EQ(store.content(sha256_name(whole)), whole);
    struct stat status {};
    ASSERT_EQ(::stat(store.place(sha256_name(whole)).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode, S_IFREG | 0644U);
    EXPECT_EQ(status.st_mtim.tv_sec, 0);
    EXPECT_EQ(status.st_mtim.tv_nsec, 0);
    EXPECT_EQ(status.st_nlink, 1U);
    EXPECT_TRUE(store.nothing_in_flight());
    ASSERT_TRUE(store.monitor.done.contains("a+b_1.deb"));
    EXPECT_EQ(store.monitor.done["a+b_1.deb"].bytes, whole.size());
    EXPECT_EQ(store.monitor.done["a+b_1.deb"].times, 1);
    EXPECT_GT(store.monitor.progress, 0);
}

TEST(Fetch, AsksNobodyForWhatIsThere) {
    WebServer server([](const WebRequest &request, WebConnection &web) { web.serve(request, "some bytes"); });
    FetchStore store;
    ASSERT_EQ(store.fetch("some bytes", {server.url("/a")}).error, "");
    const auto place = store.place(sha256_name("some bytes"));
    const std::array<timespec, 2> long_ago{{{.tv_sec = 1000, .tv_nsec = 0}, {.tv_sec = 0, .tv_nsec = 0}}};
    ASSERT_EQ(::utimensat(AT_FDCWD, place.c_str(), long_ago.data(), 0), 0);

    const FetchResult again = store.fetch("some bytes", {server.url("/a")});
    EXPECT_TRUE(again.cached);
    EXPECT_EQ(again.bytes, 10U);
    EXPECT_EQ(server.asked().size(), 1U);
    struct stat status {};
    ASSERT_EQ(::stat(place.c_str(), &status), 0);
    EXPECT_GT(status.st_atim.tv_sec, 1'000'000) << "what was used is marked as used";
    EXPECT_EQ(status.st_mtim.tv_sec, 0);
}

TEST(Fetch, OfflineUsesOnlyWhatIsThere) {
    WebServer server([](const WebRequest &request, WebConnection &web) { web.serve(request, "some bytes"); });
    FetchStore store;
    ASSERT_EQ(store.fetch("some bytes", {server.url("/a")}).error, "");
    store.options.offline = true;
    const auto results =
        store.fetch({FetchItem{.checksum = sha256_name("some bytes"), .urls = {server.url("/a")}},
                     FetchItem{.checksum = sha256_name("other"), .urls = {"http://user:word@127.0.0.1:1/b"}}});
    EXPECT_TRUE(results[0].cached);
    EXPECT_EQ(results[0].error, "");
    EXPECT_EQ(results[1].error,
              sha256_name("other") + " (http://127.0.0.1:1/b) is not in the store, and offline nothing is fetched");
    EXPECT_EQ(results[1].blame, Blame::network);
    EXPECT_EQ(server.asked().size(), 1U);
}

TEST(Fetch, KnowsAllDigestsOfTheFormat) {
    const std::string whole = noise(1000);
    WebServer server([&](const WebRequest &request, WebConnection &web) { web.serve(request, whole); });
    FetchStore store;
    std::vector<FetchItem> items;
    for (const char *algorithm : {"md5", "sha1", "sha256", "sha384", "sha512"})
        items.push_back({.checksum = format("{}:{}", algorithm, Hasher(algorithm).update(whole).finish_hex()),
                         .urls = {server.url("/a")}});
    for (const FetchResult &result : store.fetch(items)) EXPECT_EQ(result.error, "") << result.checksum;
    EXPECT_EQ(store.finished().size(), 5U);
}

TEST(Fetch, AnswersInTheOrderOfTheItemsWhateverFinishesFirst) {
    WebServer server([](const WebRequest &request, WebConnection &web) {
        if (request.target == "/slow") web.pause(milliseconds(100));
        if (request.target == "/gone") return web.answer("404 Not Found", "");
        web.serve(request, request.target);
    });
    FetchStore store;
    const auto results = store.fetch({FetchItem{.checksum = sha256_name("/slow"), .urls = {server.url("/slow")}},
                                      FetchItem{.checksum = sha256_name("/gone"), .urls = {server.url("/gone")}},
                                      FetchItem{.checksum = sha256_name("/fast"), .urls = {server.url("/fast")}}});
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].checksum, sha256_name("/slow"));
    EXPECT_EQ(results[0].error, "");
    EXPECT_EQ(results[1].error,
              format("fetch {}: the server answered 404: there is no such file", server.url("/gone")));
    EXPECT_EQ(results[2].checksum, sha256_name("/fast"));
    EXPECT_EQ(results[2].error, "");
}

TEST(Fetch, TwoHundredSmallItemsGoAtTheSameTimeButNotTooMany) {
    WebServer server([](const WebRequest &request, WebConnection &web) {
        web.pause(milliseconds(10));
        web.serve(request, request.target);
    });
    FetchStore store;
    store.options.parallel = 6;
    std::vector<FetchItem> items;
    for (int i = 0; i < 200; i++) {
        const std::string target = format("/item{}", i);
        items.push_back({.checksum = sha256_name(target), .urls = {server.url(target)}});
    }
    for (const FetchResult &result : store.fetch(items)) EXPECT_EQ(result.error, "");
    EXPECT_EQ(store.finished().size(), 200U);
    EXPECT_EQ(server.asked().size(), 200U);
    EXPECT_GT(server.most_at_once(), 1U);
    EXPECT_LE(server.most_at_once(), 6U);
    EXPECT_TRUE(store.nothing_in_flight());
}

TEST(Fetch, AFileOfThisHost) {
    const std::string whole = noise(9'000'000);
    FetchStore store;
    const auto file = store.scratch / "a file+%";
    write_file(file, whole);
    const std::string url = "file://" + store.scratch.path().native() + "/a%20file+%25";
    EXPECT_EQ(store.fetch(whole, {url}).error, "");
    EXPECT_EQ(store.content(sha256_name(whole)), whole);
    EXPECT_EQ(read_file(file), whole);
    EXPECT_TRUE(store.nothing_in_flight());
}

TEST(Fetch, SaysWhatIsWrongWithAFileOfThisHost) {
    FetchStore store;
    const std::string root = store.scratch.path().native();
    std::filesystem::create_directory(root + "/dir");
    ASSERT_EQ(::mkfifo((root + "/fifo").c_str(), 0644), 0);
    write_file(root + "/other", "other");
    const auto error = [&](const std::string &name) {
        const FetchResult result = store.fetch("bytes", {"file://" + root + "/" + name});
        EXPECT_EQ(result.blame, Blame::build);
        return result.error;
    };
    EXPECT_EQ(error("none"), format("fetch file://{0}/none: open {0}/none: No such file or directory", root));
    EXPECT_EQ(error("dir"), format("fetch file://{0}/dir: open {0}/dir: it is a directory", root));
    EXPECT_EQ(error("fifo"), format("fetch file://{0}/fifo: open {0}/fifo: it is not a regular file", root));
    EXPECT_EQ(error("other/x"), format("fetch file://{0}/other/x: open {0}/other/x: Not a directory", root));
    EXPECT_EQ(error("other"), format("fetch file://{}/other: the 5 bytes have sha256 {}, not {}", root,
                                     Sha256::of("other").hex(), Sha256::of("bytes").hex()));
    EXPECT_TRUE(store.finished().empty());
    EXPECT_TRUE(store.nothing_in_flight());
}

TEST(Fetch, AFileNobodyMayRead) {
    OSB_NEEDS(test::is_privileged(), "root, to become somebody who may not read a file");
    FetchStore store;
    write_file(store.scratch / "secret", "bytes", 0600);
    std::filesystem::permissions(store.scratch.path(), std::filesystem::perms(0777));
    const pid_t child = ::fork();
    if (child == 0) {
        std::filesystem::permissions(store.options.scratch, std::filesystem::perms(0777));
        if (::setresuid(65534, 65534, 65534) != 0) ::_exit(9);
        const FetchResult result = store.fetch("bytes", {"file://" + store.scratch.path().native() + "/secret"});
        ::_exit(result.blame == Blame::build && result.error.ends_with("/secret: Permission denied") ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(Fetch, AFullDiskIsToldBeforeTheBytesComeAndStopsTheRest) {
    OSB_NEEDS(test::is_privileged(), "root, to mount a small file system");
    test::Scratch scratch;
    const AttachedMount small = Mount::tmpfs({{"size", "1m"}}).attach(scratch.path());
    const std::string whole = noise(3'000'000);
    std::atomic<bool> body_wanted = false;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (request.target == "/unknown-length") {
            web.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
            web.send(whole);
            return web.close();
        }
        if (request.target == "/later") body_wanted = true;
        web.serve(request, whole);
    });
    for (const char *target : {"/known-length", "/unknown-length"}) {
        FetchStore store(scratch.path());
        store.options.parallel = 1;
        const auto results =
            store.fetch({FetchItem{.checksum = sha256_name(whole), .urls = {server.url(target), server.url("/later")}},
                         FetchItem{.checksum = sha256_name("b"), .urls = {server.url("/later")}}});
        EXPECT_EQ(results[0].blame, Blame::environment);
        EXPECT_TRUE(results[0].error.ends_with("free): No space left on device")) << results[0].error;
        if (target == std::string("/known-length")) {
            EXPECT_NE(results[0].error.find("(3.0 MB more needed, 1.0 MB free)"), std::string::npos)
                << results[0].error;
        }
        EXPECT_EQ(results[1].error, "not fetched, because of this: " + results[0].error);
        EXPECT_FALSE(body_wanted) << "another mirror does not make the disk larger";
        EXPECT_TRUE(store.finished().empty());
        EXPECT_TRUE(store.nothing_in_flight());
    }
}

TEST(Fetch, WhatIsNoFileInTheStoreIsDamage) {
    FetchStore store;
    const auto place = store.place(sha256_name("x"));
    std::filesystem::create_directories(place);
    const FetchResult result = store.fetch("x", {"http://127.0.0.1:1/x"});
    EXPECT_EQ(result.error, place.native() + ": this is not a file; the store is damaged");
    EXPECT_EQ(result.blame, Blame::environment);
}

TEST(Fetch, AScratchDirectoryThatIsNotThereIsToldForEachItem) {
    FetchStore store;
    WebServer server([](const WebRequest &request, WebConnection &web) { web.serve(request, "x"); });
    store.options.scratch /= "none";
    const FetchResult result = store.fetch("x", {server.url("/x")});
    EXPECT_EQ(result.blame, Blame::environment);
    EXPECT_TRUE(result.error.ends_with("No such file or directory")) << result.error;
}

TEST(Fetch, AStopEndsItAtOnceAndLeavesNothing) {
    const std::string whole = noise(100'000);
    FetchStore store;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (request.target == "/half") {
            web.send(format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", whole.size()));
            web.send(whole.substr(0, 50'000));
        }
        store.stop.request(SIGINT);
        web.pause(milliseconds(20'000));
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(store.fetch({FetchItem{.checksum = sha256_name(whole), .urls = {server.url("/half")}},
                              FetchItem{.checksum = sha256_name("b"), .urls = {server.url("/mute")}}}),
                 Interrupted);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    EXPECT_TRUE(store.finished().empty());
    EXPECT_TRUE(store.nothing_in_flight());
}

TEST(Fetch, AStopIsHeardWhileWaitingForTheNextAttempt) {
    FetchStore store;
    store.options.first_wait = store.options.longest_wait = milliseconds(30'000);
    WebServer server([&](const WebRequest &, WebConnection &web) {
        web.answer("503 Service Unavailable", "");
        store.stop.request(SIGTERM);
    });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THROW(store.fetch("x", {server.url("/x")}), Interrupted);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Fetch, KilledInTheMiddleNothingIsUnderAFinalName) {
    const std::string first = noise(1'000'000);
    const std::string second = noise(1'000'000, 2);
    FetchStore store;
    Pipe pipe = Pipe::make();
    const pid_t child = ::fork();  // before the server's threads
    if (child == 0) {
        pipe.write.reset();
        const std::string base = read_all(pipe.read, "pipe");
        store.fetch({FetchItem{.checksum = sha256_name(first), .urls = {base + "first"}},
                     FetchItem{.checksum = sha256_name(second), .urls = {base + "second"}}});
        ::_exit(0);
    }
    std::atomic<bool> halfway = false;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (request.target == "/first") return web.serve(request, first);
        web.send(format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", second.size()));
        web.send(second.substr(0, 900'000));
        halfway = true;
        web.pause(milliseconds(60'000));
    });
    pipe.read.reset();
    write_all(pipe.write, server.url("/"), "pipe");
    pipe.write.reset();
    // The first item is published although the second is not complete: what was fetched survives.
    for (int i = 0; i < 1000 && (!halfway || !std::filesystem::exists(store.place(sha256_name(first)))); i++)
        std::this_thread::sleep_for(milliseconds(10));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(store.finished(), std::vector{sha256_name(first)});
    EXPECT_EQ(store.content(sha256_name(first)), first);
    EXPECT_FALSE(store.nothing_in_flight()) << "the litter is where the next run looks for it";
}

TEST(Fetch, TwoAtATimeIntoOneStoreBothEndWell) {
    const std::string whole = noise(500'000);
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        web.pause(milliseconds(20));
        web.serve(request, whole);
    });
    test::Scratch scratch;
    FetchStore one(scratch.path());
    FetchStore two(scratch.path());
    FetchResult second;
    std::thread other([&] { second = two.fetch(whole, {server.url("/a")}); });
    const FetchResult result = one.fetch(whole, {server.url("/a")});
    other.join();
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(second.error, "");
    EXPECT_EQ(one.content(sha256_name(whole)), whole);
    EXPECT_TRUE(one.nothing_in_flight());
}

}  // namespace
}  // namespace osb::engine
