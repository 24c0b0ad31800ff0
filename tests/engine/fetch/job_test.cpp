// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/job.hpp"

#include <algorithm>

#include "tests/engine/fetch/fixture.hpp"
#include "tests/engine/fetch/server.hpp"

namespace osb::engine {
namespace {

using std::chrono::milliseconds;
using test::WebConnection;
using test::WebRequest;
using test::WebServer;

TEST(BackOff, DoublesUpToALimitWithJitter) {
    const FetchOptions options{.first_wait = milliseconds(500), .longest_wait = milliseconds(3000)};
    EXPECT_EQ(back_off(options, 1, 0.0), milliseconds(250));
    EXPECT_EQ(back_off(options, 1, 0.999999), milliseconds(499));
    EXPECT_EQ(back_off(options, 2, 0.5), milliseconds(750));
    EXPECT_EQ(back_off(options, 4, 0.0), milliseconds(1500));
    EXPECT_EQ(back_off(options, 1000, 0.0), milliseconds(1500));
}

TEST(Fetch, ResumesWhereAConnectionBroke) {
    const std::string whole = noise(100'000);
    std::vector<size_t> starts;
    size_t sent = 0;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        starts.push_back(request.from());
        if (request.from() != 0) {
            EXPECT_EQ(request.header("if-range"), "\"v1\"");
        }
        const size_t left = whole.size() - request.from();
        sent += std::min<size_t>(left, 9'999);
        web.serve(request, whole, "ETag: \"v1\"\r\n", 9'999);
    });
    FetchStore store;
    store.options.retries = 0;
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "") << "progress is not counted as a failure";
    EXPECT_EQ(store.content(sha256_name(whole)), whole);
    ASSERT_EQ(starts.size(), 11U);
    EXPECT_EQ(starts[1], 9'999U);
    EXPECT_EQ(starts[10], 99'990U);
    EXPECT_EQ(sent, whole.size()) << "no byte came twice";
}

TEST(Fetch, StartsAgainWhenTheServerDoesNotResume) {
    const std::string whole = noise(50'000);
    int calls = 0;
    WebServer server([&](const WebRequest &, WebConnection &web) {
        web.answer("200 OK", whole, {}, ++calls < 3 ? 20'000 : std::string::npos);
    });
    FetchStore store;
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(store.content(sha256_name(whole)), whole);
}

TEST(Fetch, StartsAgainWhenTheFileChangedInBetween) {
    const std::string old = noise(50'000, 7);
    const std::string whole = noise(40'000);
    int calls = 0;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (++calls == 1) return web.answer("200 OK", old, "ETag: \"old\"\r\n", 20'000);
        if (request.header("if-range") == "\"new\"") return web.serve(request, whole);
        web.answer("200 OK", whole, "ETag: \"new\"\r\n");
    });
    FetchStore store;
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 2);
}

TEST(Fetch, FetchesTheWholeOnceMoreWhenThePartsDoNotFitTogether) {
    const std::string old = noise(50'000, 7);
    const std::string whole = noise(50'000);
    int calls = 0;
    // No validator: the second part is of a new file and nobody can know before the end.
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (++calls == 1) return web.answer("200 OK", old, {}, 20'000);
        web.serve(request, whole);
    });
    FetchStore store;
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(store.content(sha256_name(whole)), whole);
}

TEST(Fetch, StartsAgainWhenAnotherPartComesThanWasAskedFor) {
    const std::string whole = noise(50'000);
    int calls = 0;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        calls++;
        if (calls == 1) return web.serve(request, whole, {}, 20'000);
        if (request.from() != 0)
            return web.answer("206 Partial Content", whole.substr(10'000),
                              "Content-Range: bytes 10000-49999/50000\r\n");
        web.serve(request, whole);
    });
    FetchStore store;
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 3);
}

TEST(Fetch, StartsAgainWhenTheFileBecameShorter) {
    const std::string whole = noise(10'000);
    int calls = 0;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (++calls == 1) return web.answer("200 OK", noise(50'000, 3), {}, 20'000);
        web.serve(request, whole);
    });
    FetchStore store;
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 3) << "the second is answered with 416";
}

TEST(Fetch, TriesAgainAfterAServerError) {
    int calls = 0;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (++calls <= 2) return web.answer("500 Internal Server Error", "an explanation");
        web.serve(request, "bytes");
    });
    FetchStore store;
    EXPECT_EQ(store.fetch("bytes", {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 3);
}

TEST(Fetch, GivesUpAfterTheAgreedNumberOfRetries) {
    WebServer server([](const WebRequest &, WebConnection &web) { web.answer("502 Bad Gateway", ""); });
    FetchStore store;
    store.options.retries = 3;
    const FetchResult result = store.fetch("bytes", {server.url("/a")});
    EXPECT_EQ(result.error, format("fetch {}: the server answered 502 (4 attempts in vain)", server.url("/a")));
    EXPECT_EQ(result.blame, Blame::network);
    EXPECT_EQ(server.asked().size(), 4U);
    EXPECT_TRUE(store.nothing_in_flight());
}

TEST(Fetch, NeverTriesAgainWhatTheServerRefuses) {
    WebServer server(
        [](const WebRequest &request, WebConnection &web) { web.answer(request.target.substr(1) + " No", "text"); });
    FetchStore store;
    for (const char *status : {"400", "401", "403", "404", "410", "451", "501"}) {
        const std::string target = format("/{}", status);
        const FetchResult result = store.fetch("bytes", {server.url(target)});
        EXPECT_TRUE(result.error.starts_with(format("fetch {}: the server answered {}", server.url(target), status)))
            << result.error;
        EXPECT_EQ(result.blame, Blame::network);
        EXPECT_EQ(server.count(target), 1U) << status;
    }
    EXPECT_TRUE(store.finished().empty());
}

TEST(Fetch, WaitsAsLongAsTheServerAsksFor) {
    std::vector<std::chrono::steady_clock::time_point> times;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        times.push_back(std::chrono::steady_clock::now());
        if (times.size() == 1) return web.answer("429 Too Many Requests", "", "Retry-After: 1\r\n");
        web.serve(request, "bytes");
    });
    FetchStore store;
    EXPECT_EQ(store.fetch("bytes", {server.url("/a")}).error, "");
    ASSERT_EQ(times.size(), 2U);
    EXPECT_GE(times[1] - times[0], milliseconds(990));
}

TEST(Fetch, DoesNotWaitForHours) {
    WebServer server([](const WebRequest &, WebConnection &web) {
        web.answer("429 Too Many Requests", "", "Retry-After: 7200\r\n");
    });
    FetchStore store;
    EXPECT_EQ(
        store.fetch("bytes", {server.url("/a")}).error,
        format("fetch {}: the server answered 429: too many requests and wants us to wait 7200 s", server.url("/a")));
    EXPECT_EQ(server.asked().size(), 1U);
}

TEST(Fetch, OtherBytesThanThePromisedNeverGetTheName) {
    WebServer server([](const WebRequest &request, WebConnection &web) { web.serve(request, "something else"); });
    FetchStore store;
    const FetchResult result = store.fetch("bytes", {server.url("/a")});
    EXPECT_EQ(result.error, format("fetch {}: the 14 bytes have sha256 {}, not {}", server.url("/a"),
                                   Sha256::of("something else").hex(), Sha256::of("bytes").hex()));
    EXPECT_EQ(result.blame, Blame::build);
    EXPECT_EQ(server.asked().size(), 1U) << "they would be the same again";
    EXPECT_TRUE(store.finished().empty());
    EXPECT_TRUE(store.nothing_in_flight());
}

TEST(Fetch, AnEmptyFileIsAFile) {
    WebServer server([](const WebRequest &, WebConnection &web) { web.answer("200 OK", ""); });
    FetchStore store;
    EXPECT_EQ(store.fetch("", {server.url("/a")}).error, "");
    EXPECT_EQ(store.content(sha256_name("")), "");
    const FetchResult other = store.fetch("x", {server.url("/a")});
    EXPECT_TRUE(other.error.find("the 0 bytes have") != std::string::npos) << other.error;
}

TEST(Fetch, TakesTheNextMirrorAtOnce) {
    WebServer server([](const WebRequest &request, WebConnection &web) {
        if (request.target == "/gone") return web.answer("404 Not Found", "");
        if (request.target == "/wrong") return web.serve(request, "something else");
        if (request.target == "/busy") return web.answer("503 Service Unavailable", "", "Retry-After: 1\r\n");
        web.serve(request, "bytes");
    });
    FetchStore store;
    const std::string dead = format("http://127.0.0.1:{}/x", test::closed_port());
    const FetchResult result =
        store.fetch("bytes", {server.url("/gone"), "file:///nowhere/at/all", server.url("/wrong"), dead,
                              server.url("/busy"), server.url("/good")});
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(server.asked(), (std::vector<std::string>{"/gone", "/wrong", "/busy", "/good"}));
    EXPECT_EQ(store.content(sha256_name("bytes")), "bytes");
}

TEST(Fetch, ResumesFromAnotherMirror) {
    const std::string whole = noise(50'000);
    std::vector<size_t> starts;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        starts.push_back(request.from());
        if (request.target == "/breaks" && request.from() == 0) return web.serve(request, whole, {}, 30'000);
        if (request.target == "/breaks") return web.answer("404 Not Found", "");
        EXPECT_EQ(request.header("if-range"), "") << "this mirror gave us no validator";
        web.serve(request, whole);
    });
    FetchStore store;
    EXPECT_EQ(store.fetch(whole, {server.url("/breaks"), server.url("/other")}).error, "");
    EXPECT_EQ(starts, (std::vector<size_t>{0, 30'000, 30'000}));
}

TEST(Fetch, NamesWhatWasWrongWithEachMirror) {
    WebServer server([](const WebRequest &request, WebConnection &web) {
        if (request.target == "/gone") return web.answer("404 Not Found", "");
        web.serve(request, "other");
    });
    FetchStore store;
    const FetchResult result = store.fetch("bytes", {server.url("/gone"), server.url("/wrong")});
    EXPECT_EQ(
        result.error,
        format("fetch {}: the server answered 404: there is no such file; fetch {}: the 5 bytes have sha256 {}, not {}",
               server.url("/gone"), server.url("/wrong"), Sha256::of("other").hex(), Sha256::of("bytes").hex()));
    EXPECT_EQ(result.blame, Blame::network) << "another day the first mirror may help";
}

TEST(Fetch, AServerThatNobodyReachesIsGivenUpForAllItemsTogether) {
    WebServer server([](const WebRequest &request, WebConnection &web) { web.serve(request, request.target); });
    FetchStore store;
    store.options.parallel = 1;
    store.options.retries = 4;
    store.options.first_wait = store.options.longest_wait = milliseconds(60);
    const std::string dead = format("http://127.0.0.1:{}", test::closed_port());
    std::vector<FetchItem> items;
    for (int i = 0; i < 50; i++)
        items.push_back({.checksum = sha256_name(format("/{}", i)), .urls = {format("{}/{}", dead, i)}});
    items[20].urls.push_back(server.url("/20"));
    const auto begin = std::chrono::steady_clock::now();
    const auto results = store.fetch(items);
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_GE(took, milliseconds(4 * 30)) << "a server that is away for a moment gets its time";
    EXPECT_LT(took, milliseconds(50 * 30)) << "but not once an item";
    EXPECT_EQ(results[20].error, "");
    EXPECT_EQ(results[49].error, format("fetch {0}/49: not tried: {0} cannot be reached", dead));
    EXPECT_EQ(std::ranges::count(results, Blame::network, &FetchResult::blame), 49);
}

TEST(Fetch, ANameWithoutAnAddressIsANetworkFailure) {
    FetchStore store;
    store.options.retries = 0;
    const FetchResult result = store.fetch("a", {"http://no-such-host.invalid/a"});
    EXPECT_EQ(result.blame, Blame::network);
    EXPECT_NE(result.error.find("no-such-host.invalid"), std::string::npos);
}

TEST(Fetch, FollowsRedirects) {
    WebServer server([](const WebRequest &request, WebConnection &web) {
        if (request.target == "/a") return web.answer("302 Found", "a page nobody wants", "Location: /b\r\n");
        if (request.target == "/b") return web.answer("307 Temporary Redirect", "", "Location: c\r\n");
        web.serve(request, "bytes");
    });
    FetchStore store;
    EXPECT_EQ(store.fetch("bytes", {server.url("/a")}).error, "");
    EXPECT_EQ(server.asked(), (std::vector<std::string>{"/a", "/b", "/c"}));
}

TEST(Fetch, IsNotRedirectedToAFileOfThisHost) {
    FetchStore store;
    write_file(store.scratch / "secret", "bytes");
    const std::string location = "Location: file://" + (store.scratch / "secret").native() + "\r\n";
    WebServer server([&](const WebRequest &, WebConnection &web) { web.answer("302 Found", "", location); });
    const FetchResult result = store.fetch("bytes", {server.url("/a")});
    EXPECT_EQ(result.blame, Blame::network);
    EXPECT_NE(result.error.find("\"file\""), std::string::npos) << result.error;
    EXPECT_TRUE(store.finished().empty());
    EXPECT_EQ(server.asked().size(), 1U);
}

TEST(Fetch, EndsAnEndlessRedirect) {
    WebServer server(
        [](const WebRequest &, WebConnection &web) { web.answer("301 Moved Permanently", "", "Location: /a\r\n"); });
    FetchStore store;
    const FetchResult result = store.fetch("bytes", {server.url("/a")});
    EXPECT_EQ(result.error, format("fetch {}: Maximum (10) redirects followed", server.url("/a")));
    EXPECT_EQ(server.asked().size(), 11U);
}

TEST(Fetch, AConnectionThatDripsIsBroken) {
    const std::string whole = noise(5'000);
    int calls = 0;
    WebServer server([&](const WebRequest &request, WebConnection &web) {
        if (++calls > 1) return web.serve(request, whole);
        web.send(format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", whole.size()));
        for (size_t i = 0; i < whole.size() && !web.is_over(); i++) {
            web.send(whole.substr(i, 1));
            web.pause(milliseconds(50));
        }
    });
    FetchStore store;
    store.options.stall_timeout = std::chrono::seconds(1);
    EXPECT_EQ(store.fetch(whole, {server.url("/a")}).error, "");
    EXPECT_EQ(calls, 2);
}

TEST(Fetch, AServerThatClosesWithoutAnAnswer) {
    WebServer server([](const WebRequest &, WebConnection &web) { web.close(); });
    FetchStore store;
    store.options.retries = 1;
    const FetchResult result = store.fetch("bytes", {server.url("/a")});
    EXPECT_EQ(result.error, format("fetch {}: Empty reply from server (2 attempts in vain)", server.url("/a")));
    EXPECT_EQ(result.blame, Blame::network);
}

TEST(Fetch, PasswordsAreNotTold) {
    WebServer server([](const WebRequest &, WebConnection &web) { web.answer("404 Not Found", ""); });
    FetchStore store;
    std::string url = server.url("/a");
    url.insert(7, "user:password@");
    EXPECT_EQ(store.fetch("bytes", {url}).error,
              format("fetch {}: the server answered 404: there is no such file", server.url("/a")));
}

}  // namespace
}  // namespace osb::engine
