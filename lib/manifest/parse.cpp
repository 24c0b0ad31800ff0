// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/parse.hpp"

#include "lib/manifest/load.hpp"
#include "lib/manifest/module_check.hpp"

namespace osb::manifest {
namespace {

Version version_of(const Json &document) {
    if (!document.is_object()) fail(Blame::usage, "a manifest must be a JSON object");
    const Json *version = find_member(document, "version");
    if (version == nullptr || *version == "1") return Version::one;
    if (*version == "2") return Version::two;
    fail(Blame::usage, "Unsupported manifest format");
}

}  // namespace

std::variant<Manifest, std::vector<Problem>> parse_document(Json document, const Lookups &lookups) {
    const Version version = version_of(document);
    Problems problems;
    check_document(document, version, lookups, problems);
    Manifest manifest = version == Version::one ? load_one(std::move(document), lookups, problems)
                                                : load_two(std::move(document), lookups, problems);
    if (!problems.empty()) return std::move(problems).take();
    return manifest;
}

std::variant<Manifest, std::vector<Problem>> parse(std::string_view text, const Lookups &lookups) {
    return parse_document(parse_json(text), lookups);
}

}  // namespace osb::manifest
