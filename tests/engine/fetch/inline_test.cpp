// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "lib/base/json.hpp"
#include "tests/engine/fetch/fixture.hpp"

namespace osb::engine {
namespace {

// Encoded by coreutils' base64 and by xz (xz -9 and xz --format=lzma) of "hello, inline world\n" repeated 50 times.
constexpr const char *hello_base64 = "aGVsbG8sIGlubGluZSB3b3JsZAo=";

std::string many_hellos() {
    std::string text;
    for (int i = 0; i < 50; i++) text += "hello, inline world\n";
    return text;
}

std::string encode(const std::string &program, const std::string &content, const test::Scratch &scratch) {
    write_file(scratch / "plain", content);
    return test::run({"/bin/sh", "-c", program + " < \"$0\" | base64", (scratch / "plain").native()});
}

FetchResult store_one(FetchStore &store, const InlineItem &item) {
    return store_inline({item}, store.options, store.monitor, store.stop).at(0);
}

TEST(Inline, StoresBase64) {
    FetchStore store;
    const std::string name = sha256_name("hello, inline world\n");
    const FetchResult result = store_one(store, {.checksum = name, .data = hello_base64});
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.bytes, 20U);
    EXPECT_EQ(store.content(name), "hello, inline world\n");
    struct stat status {};
    ASSERT_EQ(::stat(store.place(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mtim.tv_sec, 0);
    EXPECT_EQ(status.st_mode, S_IFREG | 0644U);
    EXPECT_TRUE(store.nothing_in_flight());
    EXPECT_TRUE(store_one(store, {.checksum = name, .data = "not even looked at!"}).cached);
    EXPECT_EQ(store.monitor.done[name].times, 2);
}

TEST(Inline, TakesLineEndsAndSizesOfAllKinds) {
    FetchStore store;
    for (const size_t size : {0, 1, 2, 3, 47, 48, 49, 48749, 48750, 48751, 200'000}) {
        const std::string whole = noise(size, size + 1);
        const FetchResult result =
            store_one(store, {.checksum = sha256_name(whole), .data = encode("cat", whole, store.scratch)});
        EXPECT_EQ(result.error, "") << size;
        EXPECT_EQ(store.content(sha256_name(whole)), whole) << size;
    }
}

TEST(Inline, StoresLzmaInBothItsFormatsAndSeveralStreams) {
    OSB_NEEDS(find_program("xz"), "xz");
    for (const char *program :
         {"xz -9", "xz --format=lzma", "sh -c 'head -c 400 | xz; true' && tail -c 600 \"$0\" | xz"}) {
        FetchStore store;
        const std::string whole = many_hellos();
        std::string data = encode(program, whole, store.scratch);
        if (std::string(program).starts_with("sh")) {
            // Two streams, one after another.
            data = encode("cat",
                          test::run({"/bin/sh", "-c", "(head -c 400 \"$0\" | xz; tail -c 600 \"$0\" | xz)",
                                     (store.scratch / "plain").native()}),
                          store.scratch);
        }
        const FetchResult result = store_one(
            store, {.checksum = sha256_name(whole), .encoding = InlineItem::Encoding::lzma_base64, .data = data});
        EXPECT_EQ(result.error, "") << program;
        EXPECT_EQ(store.content(sha256_name(whole)), whole) << program;
    }
}

TEST(Inline, RefusesDamageAndOtherBytes) {
    FetchStore store;
    const std::string name = sha256_name("bytes");
    const auto error = [&](InlineItem::Encoding encoding, std::string data) {
        const FetchResult result = store_one(store, {.checksum = name, .encoding = encoding, .data = std::move(data)});
        EXPECT_EQ(result.blame, Blame::build);
        EXPECT_TRUE(store.finished().empty());
        EXPECT_TRUE(store.nothing_in_flight());
        const std::string start = format("inline item {}: ", name);
        EXPECT_TRUE(result.error.starts_with(start)) << result.error;
        return result.error.substr(std::min(start.size(), result.error.size()));
    };
    using enum InlineItem::Encoding;
    EXPECT_EQ(error(base64, hello_base64),
              format("the 20 bytes have sha256 {}, not {}", Sha256::of("hello, inline world\n").hex(),
                     Sha256::of("bytes").hex()));
    EXPECT_EQ(error(base64, "aGVs*G8="), "its data is not base64");
    EXPECT_EQ(error(base64, "aGVsbG8"), "its data is not base64: it ends too early");
    EXPECT_EQ(error(lzma_base64, hello_base64), "its data is not lzma or xz");
    OSB_NEEDS(find_program("xz"), "xz");
    std::string good = encode("xz -9", noise(100'000), store.scratch);
    std::erase(good, '\n');
    EXPECT_EQ(error(lzma_base64, good.substr(0, 4 * 1000)), "its data is lzma that ends too early");
    std::string bad = good;
    std::swap(bad[50'000], bad[50'001]);
    EXPECT_TRUE(error(lzma_base64, bad).starts_with("its data is damaged lzma"));
}

TEST(Inline, StopsWhenAskedTo) {
    FetchStore store;
    store.stop.request(15);
    EXPECT_THROW(store_one(store, {.checksum = sha256_name("x"), .data = "eA=="}), Interrupted);
}

TEST(InlineItems, ReadsTheFormat) {
    const std::string name = sha256_name("x");
    const auto items =
        inline_items(parse_json(format(R"({{"{}": {{"encoding": "lzma+base64", "data": "eA=="}}}})", name)));
    ASSERT_EQ(items.size(), 1U);
    EXPECT_EQ(items[0].encoding, InlineItem::Encoding::lzma_base64);
    EXPECT_EQ(items[0].data, "eA==");
    const auto error = [&](std::string_view value) {
        return test::error_of([&] { inline_items(parse_json(format(R"({{"{}": {}}})", name, value))); });
    };
    EXPECT_EQ(error("{}"), format("item {}: an object with encoding and data was expected", name));
    EXPECT_EQ(error(R"({"encoding": "base32", "data": ""})"),
              format("item {}: encoding base32: there are base64 and lzma+base64", name));
    EXPECT_EQ(error(R"({"encoding": "base64", "data": 1})"), format("item {}: data: a string was expected", name));
}

}  // namespace
}  // namespace osb::engine
