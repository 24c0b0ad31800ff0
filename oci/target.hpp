// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "oci/compress.hpp"

namespace osb::oci {

/// `dir:PATH`: a plain directory. The engine's business; parsed here because it is written like the others.
struct DirectoryTarget {
    std::filesystem::path path;
    bool operator==(const DirectoryTarget &) const = default;
};

/// `tar:FILE`: compressed as the name says: .tar.gz and .tgz with gzip, .tar.zst with zstd, .tar and others not at all.
struct TarTarget {
    std::filesystem::path path;
    Compression compression = Compression::none;
    bool operator==(const TarTarget &) const = default;
};

/// `oci:DIR[:TAG]`: an image layout (image-spec 1.1, image-layout.md), new or already there.
struct LayoutTarget {
    std::filesystem::path path;
    std::string tag = {};
    bool operator==(const LayoutTarget &) const = default;
};

/// `oci-archive:FILE[:TAG]`: a layout as one tar file.
struct ArchiveTarget {
    std::filesystem::path path;
    std::string tag = {};
    bool operator==(const ArchiveTarget &) const = default;
};

using Target = std::variant<DirectoryTarget, TarTarget, LayoutTarget, ArchiveTarget>;

/// Throws (Blame::usage) one sentence that quotes `text`. As with podman, PATH ends at the first colon of oci: and
/// oci-archive:.
Target parse_target(std::string_view text);
/// What parse_target reads.
std::string to_text(const Target &target);

}  // namespace osb::oci
