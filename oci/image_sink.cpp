// SPDX-License-Identifier: Apache-2.0
#include "oci/image_sink.hpp"

namespace osb::oci {

Descriptor ImageSink::add_document(std::string_view text, const char *media_type) {
    const BlobSummary blob = add_blob([&](Sink &out) {
        out.write(text);
        const Sha256Digest digest = Sha256::of(text);
        return BlobSummary{.plain_digest = digest, .plain_size = text.size(), .digest = digest, .size = text.size()};
    });
    return {.media_type = media_type, .digest = blob.digest, .size = blob.size};
}

}  // namespace osb::oci
