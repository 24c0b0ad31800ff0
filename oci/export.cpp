// SPDX-License-Identifier: Apache-2.0
#include "oci/export.hpp"

#include <memory>

#include "lib/base/error.hpp"
#include "oci/image_sink.hpp"
#include "oci/tar_writer.hpp"

namespace osb::oci {
namespace {

/// Asked before the work, not by rename(2) after it.
void refuse_directory(const std::filesystem::path &path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        fail(Blame::usage, "{}: is a directory, where a file is to be written", path.native());
}

Layer add_layer(const LayerSource &source, ImageSink &sink, const ExportOptions &options, ExportedImage &image) {
    const BlobSummary blob = sink.add_blob([&](Sink &out) {
        CompressSink compressed(
            out, {.compression = options.compression, .level = options.level, .threads = options.threads});
        const TarSummary tar = write_tar(source.root, compressed,
                                         {.clamp_mtime = options.clamp_mtime,
                                          .whiteout_names = TarOptions::WhiteoutNames::refuse,
                                          .progress = options.progress});
        image.sockets_skipped += tar.sockets_skipped;
        return compressed.finish();
    });
    return {.blob = {.media_type = layer_media_type(options.compression), .digest = blob.digest, .size = blob.size},
            .diff_id = blob.plain_digest,
            .created_by = source.created_by};
}

ExportedImage export_to(ImageSink &sink, std::span<const LayerSource> layers, const ImageSettings &settings,
                        const ExportOptions &options) {
    ExportedImage image;
    for (const LayerSource &source : layers) image.layers.push_back(add_layer(source, sink, options, image));
    image.config = sink.add_document(image_config(settings, image.layers), config_media_type);
    image.manifest = sink.add_document(image_manifest(settings, image.config, image.layers), manifest_media_type);
    sink.publish(image.manifest, settings);
    return image;
}

}  // namespace

ExportedTar export_tar(const Fd &root, const TarTarget &target, const ExportOptions &options) {
    refuse_directory(target.path);
    AtomicFile file(target.path);
    FdSink out(file.fd(), target.path.native());
    CompressSink compressed(out,
                            {.compression = target.compression, .level = options.level, .threads = options.threads});
    const TarSummary tar = write_tar(
        root, compressed,
        {.clamp_mtime = options.clamp_mtime, .fractions = TarOptions::Fractions::keep, .progress = options.progress});
    const BlobSummary blob = compressed.finish();
    file.commit(options.durability);
    return {.digest = blob.digest, .size = blob.size, .sockets_skipped = tar.sockets_skipped};
}

ExportedImage export_image(std::span<const LayerSource> layers, const LayoutTarget &target,
                           const ImageSettings &settings, const ExportOptions &options) {
    return export_to(*open_layout(target, options.durability), layers, settings, options);
}

ExportedImage export_image(std::span<const LayerSource> layers, const ArchiveTarget &target,
                           const ImageSettings &settings, const ExportOptions &options) {
    refuse_directory(target.path);
    return export_to(*open_archive(target, options.durability), layers, settings, options);
}

}  // namespace osb::oci
