// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "lib/base/atomic_file.hpp"
#include "lib/base/sink.hpp"
#include "oci/compress.hpp"
#include "oci/image.hpp"
#include "oci/target.hpp"

namespace osb::oci {

/// Where the parts of one image go: a layout, an archive, later a registry. Blobs first, then publish(), which makes
/// the image visible. Destroyed unpublished it takes away what it brought.
class ImageSink {
public:
    ImageSink() = default;
    ImageSink(const ImageSink &) = delete;
    ImageSink &operator=(const ImageSink &) = delete;
    virtual ~ImageSink() = default;

    /// Stores what `produce` writes, whose digest is known only when it returns. A blob that is there already is fine.
    virtual BlobSummary add_blob(const std::function<BlobSummary(Sink &)> &produce) = 0;
    /// The same for a document; returns what points to it.
    Descriptor add_document(std::string_view text, const char *media_type);
    /// The tag (empty: none) now means this image.
    virtual void publish(const Descriptor &manifest, const ImageSettings &settings) = 0;
};

/// Blobs are files named by digest; the index is replaced atomically. One writer at a time: a second one waits.
std::unique_ptr<ImageSink> open_layout(const LayoutTarget &target, Durability durability);

/// One tar, written from front to back; the header of a blob is filled in when its digest and size are known.
std::unique_ptr<ImageSink> open_archive(const ArchiveTarget &target, Durability durability);

}  // namespace osb::oci
