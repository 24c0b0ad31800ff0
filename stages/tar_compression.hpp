// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "lib/base/sink.hpp"

namespace osb::stages {

enum class TarCompression { none, gzip, zstd, xz, bzip2 };

/// "gzip", "zstd", "xz".
TarCompression parse_tar_compression(std::string_view name);
/// By the suffix, as GNU tar's --auto-compress. Throws (Blame::build) for a suffix whose compression is not built in.
TarCompression compression_of_name(std::string_view file_name);

/// A Sink with an end.
class FinishedSink : public Sink {
public:
    using Sink::write;
    /// All is in the sink below. Once.
    virtual void finish() = 0;
};

/// Bytes written to the result go compressed to `out`, which must outlive it.
std::unique_ptr<FinishedSink> compress(Sink &out, TarCompression method);

}  // namespace osb::stages
