// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <lzma.h>
#include <memory>

#include <openssl/evp.h>

#include "lib/base/error.hpp"
#include "lib/engine/fetch/fetch.hpp"
#include "lib/engine/fetch/landing.hpp"
#include "lib/engine/fetch/ledger.hpp"

namespace osb::engine {
namespace {

constexpr std::uint64_t lzma_memory_limit = std::uint64_t{1} << 30;

struct FreeEncoding {
    void operator()(EVP_ENCODE_CTX *context) const { EVP_ENCODE_CTX_free(context); }
};

/// Decodes base64 (RFC 4648, section 4; blanks and line ends between its characters do not count) into `sink`.
void decode_base64(std::string_view text, Sink &sink) {
    const std::unique_ptr<EVP_ENCODE_CTX, FreeEncoding> context(EVP_ENCODE_CTX_new());
    OSB_ASSERT(context != nullptr);
    EVP_DecodeInit(context.get());
    std::array<unsigned char, 49152> room;
    const auto give = [&](int count) { sink.write(std::as_bytes(std::span(room)).first(static_cast<size_t>(count))); };
    int count = 0;
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, 65000);
        text.remove_prefix(piece.size());
        if (EVP_DecodeUpdate(context.get(), room.data(), &count, reinterpret_cast<const unsigned char *>(piece.data()),
                             static_cast<int>(piece.size())) < 0)
            fail(Blame::build, "its data is not base64");
        give(count);
    }
    if (EVP_DecodeFinal(context.get(), room.data(), &count) != 1)
        fail(Blame::build, "its data is not base64: it ends too early");
    give(count);
}

/// Passes on what an .xz or .lzma stream, or several after another, contain.
class LzmaSink final : public Sink {
public:
    using Sink::write;
    explicit LzmaSink(Sink &next) : next_(next) {
        if (lzma_auto_decoder(&stream_, lzma_memory_limit, LZMA_CONCATENATED) != LZMA_OK)
            fail(Blame::environment, "start liblzma: out of memory");
    }
    ~LzmaSink() override { lzma_end(&stream_); }

    void write(std::span<const std::byte> data) override {
        stream_.next_in = reinterpret_cast<const std::uint8_t *>(data.data());
        stream_.avail_in = data.size();
        while (stream_.avail_in > 0) run(LZMA_RUN);
    }
    void finish() {
        while (run(LZMA_FINISH) != LZMA_STREAM_END) {
        }
    }

private:
    lzma_ret run(lzma_action action) {
        std::array<std::byte, 65536> room;
        stream_.next_out = reinterpret_cast<std::uint8_t *>(room.data());
        stream_.avail_out = room.size();
        const lzma_ret code = lzma_code(&stream_, action);
        next_.write(std::span<const std::byte>(room).first(room.size() - stream_.avail_out));
        switch (code) {
            case LZMA_OK:
            case LZMA_STREAM_END:
                return code;
            case LZMA_FORMAT_ERROR:
                fail(Blame::build, "its data is not lzma or xz");
            case LZMA_BUF_ERROR:
                fail(Blame::build, "its data is lzma that ends too early");
            case LZMA_MEMLIMIT_ERROR:
                fail(Blame::build, "its data needs more than {} of memory to decompress",
                     human_size(lzma_memory_limit));
            case LZMA_MEM_ERROR:
                fail(Blame::environment, "decompress its data: out of memory");
            default:
                fail(Blame::build, "its data is damaged lzma");
        }
    }

    Sink &next_;
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

void decode(const InlineItem &item, Sink &sink) {
    if (item.encoding == InlineItem::Encoding::base64) {
        decode_base64(item.data, sink);
    } else {
        LzmaSink plain(sink);
        decode_base64(item.data, plain);
        plain.finish();
    }
}

}  // namespace

std::vector<FetchResult> store_inline(const std::vector<InlineItem> &items, const FetchOptions &options,
                                      Monitor &monitor, const Stop &stop) {
    make_files_directory(options);
    Ledger ledger(monitor);
    for (const InlineItem &item : items) ledger.add(item.checksum, item.checksum);
    Publisher publisher(options);
    for (size_t i = 0; i < items.size(); i++) {
        stop.check();
        const auto checksum = Checksum::parse(items[i].checksum);
        OSB_ASSERT(checksum.has_value());
        try {
            if (const auto size = size_in_store(options, *checksum)) {
                ledger.cached(i, *size);
                continue;
            }
            auto landing = std::make_unique<Landing>(options, *checksum);
            decode(items[i], *landing);
            if (const std::string problem = landing->mismatch(); !problem.empty()) fail(Blame::build, "{}", problem);
            publisher.add(i, std::move(landing));
        } catch (const Error &error) {
            ledger.failed(i, format("inline item {}: {}", items[i].checksum, error.what()), error.blame());
        }
        if (publisher.waiting() >= Publisher::plenty) ledger.publish(publisher);
    }
    ledger.publish(publisher);
    return std::move(ledger).results();
}

}  // namespace osb::engine
