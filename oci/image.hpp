// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/base/sha256.hpp"
#include "oci/compress.hpp"

namespace osb::oci {

/// Points to a blob by digest (image-spec 1.1, descriptor.md).
struct Descriptor {
    std::string media_type;
    Sha256Digest digest;
    std::uint64_t size = 0;
    /// "sha256:<hex>", as documents write it.
    std::string digest_text() const { return "sha256:" + digest.hex(); }
};

/// One finished layer of an image.
struct Layer {
    Descriptor blob;              ///< as stored
    Sha256Digest diff_id;         ///< of the plain tar
    std::string created_by = {};  ///< for the history: which pipeline made it
};

/// What a user may say about an image (image-spec 1.1, config.md). Absent members are absent in the document.
struct ImageSettings {
    std::string architecture = {};  ///< Go's name; empty: this machine's
    std::string os = "linux";
    std::string variant = {};
    std::string author = {};
    std::optional<EpochSeconds> created = std::nullopt;
    std::string user = {};
    std::string working_dir = {};
    std::string stop_signal = {};
    std::vector<std::string> env = {};  ///< NAME=VALUE, each name once, in the order they were set
    std::optional<std::vector<std::string>> entrypoint = std::nullopt;
    std::optional<std::vector<std::string>> cmd = std::nullopt;
    std::set<std::string> exposed_ports = {};  ///< "80/tcp"
    std::set<std::string> volumes = {};
    std::map<std::string, std::string> labels = {};
    std::map<std::string, std::string> annotations = {};  ///< of the image manifest
};

/// Applies one "key=value" of a command line (`--config`). Keys, in any case: annotation, architecture (arch), author,
/// cmd, created, entrypoint, env, label, os, port (exposedports), stopsignal, user, variant, volume, workdir
/// (workingdir). env, label, annotation, port and volume may be given again and add up. entrypoint and cmd take a JSON
/// list of strings, or words split at blanks; port, volume and env take a JSON list, label and annotation a JSON object
/// as well. created takes RFC 3339 without fractions, or seconds. Throws (Blame::usage) one sentence that names the
/// key.
void apply_setting(ImageSettings &settings, std::string_view assignment);

/// The architecture of this machine by Go's name: "amd64", "arm64", …
std::string machine_architecture();

/// The media type of a layer stored that way.
std::string layer_media_type(Compression compression);

// The documents: canonical JSON (sorted keys, no spaces), so equal content has equal digests.

std::string image_config(const ImageSettings &settings, std::span<const Layer> layers);
std::string image_manifest(const ImageSettings &settings, const Descriptor &config, std::span<const Layer> layers);
/// The text of an index with `image` under `tag`, added to `index` (empty text: a new one). What had that tag, or for
/// the empty tag what had none, is replaced; all else stays. Throws when `index` is not an image index.
std::string add_to_index(std::string_view index, const Descriptor &image, std::string_view tag,
                         const ImageSettings &settings);

inline constexpr std::string_view oci_layout_text = R"({"imageLayoutVersion":"1.0.0"})";
inline constexpr const char *config_media_type = "application/vnd.oci.image.config.v1+json";
inline constexpr const char *manifest_media_type = "application/vnd.oci.image.manifest.v1+json";
inline constexpr const char *index_media_type = "application/vnd.oci.image.index.v1+json";

}  // namespace osb::oci
