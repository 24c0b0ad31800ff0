// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/base/atomic_file.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/fd.hpp"
#include "oci/image.hpp"
#include "oci/target.hpp"

namespace osb::oci {

struct ExportOptions {
    Compression compression = Compression::gzip;  ///< of layers; export_tar goes by the file's name
    int level = 0;                                ///< 0: see CompressOptions
    unsigned threads = 0;                         ///< 0: all CPUs
    std::optional<EpochSeconds> clamp_mtime = std::nullopt;
    /// Whether the result is on disk when the export returns; waiting for the disk may cost more than the export.
    Durability durability = Durability::lazy;
    /// Told the bytes of plain tar made so far (of this layer). May throw to stop.
    std::function<void(std::uint64_t bytes)> progress = {};
};

struct ExportedTar {
    Sha256Digest digest;     ///< of the file
    std::uint64_t size = 0;  ///< of the file
    std::uint64_t sockets_skipped = 0;
};

/// Writes the tree as a tar file that appears whole or not at all. Fractions of seconds are kept unless times are
/// clamped.
ExportedTar export_tar(const Fd &root, const TarTarget &target, const ExportOptions &options = {});

/// One tree that becomes one layer.
struct LayerSource {
    Fd root;
    std::string created_by = {};
};

struct ExportedImage {
    Descriptor manifest;  ///< the image's digest
    Descriptor config;
    std::vector<Layer> layers;
    std::uint64_t sockets_skipped = 0;
};

/// Writes an image of these layers, lowest first. In a layout the tag moves to the image last, and atomically; blobs
/// that are there already are kept, other tags stay. `target.path` is made when it is not there; a directory that has
/// something else in it is refused. An archive appears whole or not at all; its bytes depend on the image and tag
/// alone.
ExportedImage export_image(std::span<const LayerSource> layers, const LayoutTarget &target,
                           const ImageSettings &settings, const ExportOptions &options = {});
ExportedImage export_image(std::span<const LayerSource> layers, const ArchiveTarget &target,
                           const ImageSettings &settings, const ExportOptions &options = {});

}  // namespace osb::oci
