// SPDX-License-Identifier: Apache-2.0
#include "stages/tar_compression.hpp"

#include <bzlib.h>
#include <limits>
#include <lzma.h>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/error.hpp"
#include "oci/compress.hpp"

namespace osb::stages {
namespace {

constexpr size_t room = size_t{256} << 10;

class Plain final : public FinishedSink {
public:
    explicit Plain(Sink &out) : out_(out) {}
    void write(std::span<const std::byte> data) override { out_.write(data); }
    void finish() override {}

private:
    Sink &out_;
};

/// gzip and zstd, which the oci floor compresses on all CPUs.
class Blocks final : public FinishedSink {
public:
    Blocks(Sink &out, oci::Compression method) : sink_(out, {.compression = method}) {}
    void write(std::span<const std::byte> data) override { sink_.write(data); }
    void finish() override { sink_.finish(); }

private:
    oci::CompressSink sink_;
};

/// xz in blocks, so that the bytes do not depend on the number of threads.
class Xz final : public FinishedSink {
public:
    explicit Xz(Sink &out) : out_(out), room_(room) {
        lzma_mt how{};
        how.threads = std::max(1U, std::thread::hardware_concurrency());
        how.preset = LZMA_PRESET_DEFAULT;
        how.check = LZMA_CHECK_CRC64;
        how.block_size = std::uint64_t{24} << 20;
        if (::lzma_stream_encoder_mt(&stream_, &how) != LZMA_OK) fail(Blame::environment, "start compressing with xz");
    }
    ~Xz() override { ::lzma_end(&stream_); }
    void write(std::span<const std::byte> data) override {
        stream_.next_in = reinterpret_cast<const uint8_t *>(data.data());
        stream_.avail_in = data.size();
        while (stream_.avail_in > 0) step(LZMA_RUN);
    }
    void finish() override {
        while (step(LZMA_FINISH) != LZMA_STREAM_END) {
        }
    }

private:
    lzma_ret step(lzma_action action) {
        stream_.next_out = room_.data();
        stream_.avail_out = room_.size();
        const lzma_ret result = ::lzma_code(&stream_, action);
        if (result != LZMA_OK && result != LZMA_STREAM_END)
            fail(Blame::environment, "compress with xz: error {}", static_cast<int>(result));
        out_.write(std::as_bytes(std::span(room_).first(room_.size() - stream_.avail_out)));
        return result;
    }

    Sink &out_;
    std::vector<uint8_t> room_;
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

class Bzip2 final : public FinishedSink {
public:
    explicit Bzip2(Sink &out) : out_(out), room_(room) {
        if (::BZ2_bzCompressInit(&stream_, 9, 0, 0) != BZ_OK) fail(Blame::environment, "start compressing with bzip2");
    }
    ~Bzip2() override { ::BZ2_bzCompressEnd(&stream_); }
    void write(std::span<const std::byte> data) override {
        while (!data.empty()) {
            const auto part = data.first(std::min<size_t>(data.size(), std::numeric_limits<unsigned>::max()));
            stream_.next_in = const_cast<char *>(reinterpret_cast<const char *>(part.data()));
            stream_.avail_in = static_cast<unsigned>(part.size());
            while (stream_.avail_in > 0) step(BZ_RUN);
            data = data.subspan(part.size());
        }
    }
    void finish() override {
        while (step(BZ_FINISH) != BZ_STREAM_END) {
        }
    }

private:
    int step(int action) {
        stream_.next_out = room_.data();
        stream_.avail_out = static_cast<unsigned>(room_.size());
        const int result = ::BZ2_bzCompress(&stream_, action);
        if (result < 0) fail(Blame::environment, "compress with bzip2: error {}", result);
        out_.write(std::as_bytes(std::span(room_).first(room_.size() - stream_.avail_out)));
        return result;
    }

    Sink &out_;
    std::vector<char> room_;
    bz_stream stream_{};
};

}  // namespace

TarCompression parse_tar_compression(std::string_view name) {
    if (name == "gzip") return TarCompression::gzip;
    if (name == "zstd") return TarCompression::zstd;
    if (name == "xz") return TarCompression::xz;
    fail(Blame::build, "'{}' is no compression: auto, xz, gzip or zstd", name);
}

TarCompression compression_of_name(std::string_view file_name) {
    const size_t dot = file_name.rfind('.');
    const std::string_view suffix = dot == std::string_view::npos ? "" : file_name.substr(dot + 1);
    constexpr std::pair<std::string_view, TarCompression> known[] = {
        {"gz", TarCompression::gzip},   {"tgz", TarCompression::gzip},  {"taz", TarCompression::gzip},
        {"bz2", TarCompression::bzip2}, {"tz2", TarCompression::bzip2}, {"tbz2", TarCompression::bzip2},
        {"tbz", TarCompression::bzip2}, {"xz", TarCompression::xz},     {"txz", TarCompression::xz},
        {"zst", TarCompression::zstd},  {"tzst", TarCompression::zstd}};
    for (const auto &[name, method] : known)
        if (suffix == name) return method;
    for (const std::string_view other : {"Z", "taZ", "lz", "lzma", "tlz", "lzo"})
        if (suffix == other)
            fail(Blame::build, "a file named .{} would be compressed in a way this module does not know", suffix);
    return TarCompression::none;
}

std::unique_ptr<FinishedSink> compress(Sink &out, TarCompression method) {
    switch (method) {
        case TarCompression::gzip:
            return std::make_unique<Blocks>(out, oci::Compression::gzip);
        case TarCompression::zstd:
            return std::make_unique<Blocks>(out, oci::Compression::zstd);
        case TarCompression::xz:
            return std::make_unique<Xz>(out);
        case TarCompression::bzip2:
            return std::make_unique<Bzip2>(out);
        case TarCompression::none:
            break;
    }
    return std::make_unique<Plain>(out);
}

}  // namespace osb::stages
