// SPDX-License-Identifier: Apache-2.0
#include "oci/compress.hpp"

#include "tests/support.hpp"

namespace osb::oci {
namespace {

/// Text that compresses, but not to nothing: lines of a linear congruential generator.
std::string sample(size_t size) {
    std::string text;
    std::uint32_t number = 1;
    while (text.size() < size) {
        number = number * 1664525U + 1013904223U;
        text += format("line {} of the sample\n", number >> 12);
    }
    text.resize(size);
    return text;
}

struct Result {
    std::string stored;
    BlobSummary blob;
};

Result compress(std::string_view text, const CompressOptions &options, size_t piece = 70'000) {
    StringSink out;
    CompressSink sink(out, options);
    for (size_t at = 0; at < text.size(); at += piece) sink.write(text.substr(at, piece));
    const BlobSummary blob = sink.finish();
    return {std::move(out.text), blob};
}

std::string decompress(const char *program, std::string_view stored) {
    const osb::Captured captured = run_captured({.argv = {program, "-dc"}}, stored);
    EXPECT_TRUE(captured.status.success()) << captured.err;
    return captured.out;
}

TEST(Compress, GnuGzipAndZstdReadItBack) {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{1} << 20, (size_t{1} << 20) + 1, size_t{7'654'321}}) {
        const std::string text = sample(size);
        EXPECT_TRUE(decompress("gzip", compress(text, {.compression = Compression::gzip}).stored) == text) << size;
        EXPECT_TRUE(decompress("zstd", compress(text, {.compression = Compression::zstd}).stored) == text) << size;
        EXPECT_TRUE(compress(text, {.compression = Compression::none}).stored == text) << size;
    }
}

TEST(Compress, BytesDependOnNeitherThreadsNorPieces) {
    const std::string text = sample(9'000'000);
    for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
        const Result one = compress(text, {.compression = compression, .threads = 1}, text.size());
        for (const unsigned threads : {2U, 4U, 13U})
            EXPECT_TRUE(compress(text, {.compression = compression, .threads = threads}, 12'345).stored == one.stored)
                << name_of(compression) << " on " << threads;
    }
}

TEST(Compress, TellsBothDigestsAndSizes) {
    const std::string text = sample(3'000'000);
    for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
        const Result result = compress(text, {.compression = compression});
        EXPECT_EQ(result.blob.plain_digest, Sha256::of(text));
        EXPECT_EQ(result.blob.plain_size, text.size());
        EXPECT_EQ(result.blob.digest, Sha256::of(result.stored));
        EXPECT_EQ(result.blob.size, result.stored.size());
    }
}

TEST(Compress, GzipHeaderHasNoTimeNoNameAndAnUnknownSystem) {
    const std::string stored = compress("x", {.compression = Compression::gzip}).stored;
    EXPECT_EQ(stored.substr(0, 8), std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
    EXPECT_EQ(stored.substr(9, 1), "\xff");
}

TEST(Compress, FailureOfTheOutputReachesTheWriter) {
    FunctionSink out([](std::span<const std::byte>) { throw_errno(ENOSPC, "write x"); });
    const std::string text = sample(100'000'000);
    EXPECT_EQ(osb::test::error_of([&] {
                  CompressSink sink(out, {});
                  sink.write(text);
                  sink.finish();
              }),
              "write x: No space left on device");
}

TEST(Compress, LeftAloneItStops) {
    StringSink out;
    { CompressSink(out, {}).write(sample(5'000'000)); }
    EXPECT_LT(out.text.size(), 5'000'000U);
}

TEST(Compress, KnowsItsLevelsAndNames) {
    StringSink out;
    EXPECT_EQ(osb::test::error_of([&] { CompressSink(out, {.level = 13}); }), "gzip has levels 1 to 12, not 13");
    EXPECT_EQ(osb::test::error_of([] { parse_compression("xz"); }), "compression xz: none, gzip and zstd are known");
    EXPECT_EQ(parse_compression("zstd"), Compression::zstd);
}

}  // namespace
}  // namespace osb::oci
