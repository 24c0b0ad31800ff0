// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "lib/base/sha256.hpp"
#include "lib/base/sink.hpp"

namespace osb::oci {

enum class Compression { none, gzip, zstd };

/// "none", "gzip", "zstd".
const char *name_of(Compression compression);
/// Throws (Blame::usage) for any other name.
Compression parse_compression(std::string_view name);

struct CompressOptions {
    Compression compression = Compression::gzip;
    /// 0: the default, which makes a layer no larger than Go's gzip does (libdeflate 2; zstd 3).
    int level = 0;
    /// 0: one for each CPU this process may use. The bytes do not depend on it.
    unsigned threads = 0;
};

/// What passed through a CompressSink: before (plain) and after (stored).
struct BlobSummary {
    Sha256Digest plain_digest;
    std::uint64_t plain_size = 0;
    Sha256Digest digest;
    std::uint64_t size = 0;
};

/// Hashes, compresses, hashes again and hands on what is written to it, in one pass on several threads, with some 4 MiB
/// of memory a thread. Compression is by blocks of 1 MiB, each a gzip member (RFC 1952, 2.2: members follow one
/// another) or zstd frame of its own, without name and time.
class CompressSink final : public Sink {
public:
    using Sink::write;
    /// `out` must outlive this and gets its bytes from other threads, one at a time.
    explicit CompressSink(Sink &out, const CompressOptions &options = {});
    ~CompressSink() override;  ///< without finish(): stops the threads, the output is incomplete

    /// Throws what went wrong in `out`, maybe a few calls later.
    void write(std::span<const std::byte> data) override;
    /// Waits until all is in `out`. Once, at the end.
    BlobSummary finish();

private:
    class Pipeline;
    std::unique_ptr<Pipeline> pipeline_;
};

}  // namespace osb::oci
