// SPDX-License-Identifier: Apache-2.0
#include "oci/target.hpp"

#include <algorithm>

#include "lib/base/error.hpp"

namespace osb::oci {
namespace {

constexpr std::string_view known_forms = "dir:PATH, tar:FILE, oci:DIR[:TAG] and oci-archive:FILE[:TAG] are known";

TarTarget tar_target(std::string_view text, std::string_view path) {
    TarTarget target{.path = path};
    if (path.ends_with(".tar.gz") || path.ends_with(".tgz")) target.compression = Compression::gzip;
    if (path.ends_with(".tar.zst") || path.ends_with(".tzst")) target.compression = Compression::zstd;
    for (const std::string_view other : {".xz", ".txz", ".bz2", ".tbz2", ".lz4", ".Z", ".zip"})
        if (path.ends_with(other))
            fail(Blame::usage, "target {}: a tar is written plain, or as .tar.gz (.tgz) or .tar.zst (.tzst), not as {}",
                 text, other);
    return target;
}

/// What may stand in org.opencontainers.image.ref.name (image-spec 1.1, annotations.md): runs of letters and digits,
/// joined by one of -._:@/+ or by two dashes.
bool is_tag(std::string_view tag) {
    const auto is_alnum = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    };
    bool after_separator = true;
    for (size_t i = 0; i < tag.size(); i++) {
        if (is_alnum(tag[i])) {
            after_separator = false;
        } else {
            if (after_separator || std::string_view("-._:@/+").find(tag[i]) == std::string_view::npos) return false;
            if (tag.substr(i, 2) == "--") i++;
            after_separator = true;
        }
    }
    return !after_separator;
}

struct PathAndTag {
    std::filesystem::path path;
    std::string tag;
};

PathAndTag split(std::string_view text, std::string_view rest) {
    const size_t colon = rest.find(':');
    PathAndTag both{.path = rest.substr(0, colon)};
    if (both.path.empty()) fail(Blame::usage, "target {}: a path is missing", text);
    if (colon == std::string_view::npos) return both;
    both.tag = rest.substr(colon + 1);
    if (!is_tag(both.tag))
        fail(Blame::usage,
             "target {}: \"{}\" is no tag: letters and digits joined by single - . _ : @ / + were expected", text,
             both.tag);
    return both;
}

}  // namespace

Target parse_target(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    if (colon == std::string_view::npos) fail(Blame::usage, "target {}: the kind is missing; {}", text, known_forms);
    const std::string_view rest = text.substr(colon + 1);
    if (kind == "docker")
        fail(Blame::usage, "target {}: this version does not push to registries; {}", text, known_forms);
    if (kind != "dir" && kind != "tar" && kind != "oci" && kind != "oci-archive")
        fail(Blame::usage, "target {}: no kind {}; {}", text, kind, known_forms);
    if (rest.empty()) fail(Blame::usage, "target {}: a path is missing", text);
    if (kind == "dir") return DirectoryTarget{.path = rest};
    if (kind == "tar") return tar_target(text, rest);
    auto [path, tag] = split(text, rest);
    if (kind == "oci") return LayoutTarget{.path = std::move(path), .tag = std::move(tag)};
    return ArchiveTarget{.path = std::move(path), .tag = std::move(tag)};
}

std::string to_text(const Target &target) {
    struct Visitor {
        std::string operator()(const DirectoryTarget &to) const { return "dir:" + to.path.native(); }
        std::string operator()(const TarTarget &to) const { return "tar:" + to.path.native(); }
        std::string operator()(const LayoutTarget &to) const { return "oci:" + tagged(to.path, to.tag); }
        std::string operator()(const ArchiveTarget &to) const { return "oci-archive:" + tagged(to.path, to.tag); }
        static std::string tagged(const std::filesystem::path &path, const std::string &tag) {
            return tag.empty() ? path.native() : path.native() + ":" + tag;
        }
    };
    return std::visit(Visitor{}, target);
}

}  // namespace osb::oci
