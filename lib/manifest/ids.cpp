// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/ids.hpp"

#include <algorithm>

#include "lib/base/sha256.hpp"
#include "lib/manifest/json_values.hpp"

namespace osb::manifest {
namespace {

/// The digest of canonical JSON texts, one after the other, nothing between.
class Id {
public:
    Id &add(const Json &value) {
        hash_.update(to_canonical(value));
        return *this;
    }
    Id &add_or_null(const std::optional<std::string> &value) { return add(value ? Json(*value) : Json()); }
    Id &add_text(std::string_view text) {
        hash_.update(text);
        return *this;
    }
    std::string finish() { return hash_.finish_hex(); }

private:
    Sha256 hash_;
};

/// The canonical text of an object of the references, written member by member: there may be thousands, and adding each
/// to a Json object would look for it among all before.
std::string references_text(const std::vector<Reference> &references) {
    std::vector<const Reference *> sorted;
    sorted.reserve(references.size());
    for (const Reference &reference : references) sorted.push_back(&reference);
    std::ranges::sort(sorted, [](const Reference *a, const Reference *b) { return a->id < b->id; });
    std::string text = "{";
    for (const Reference *reference : sorted) {
        if (text.size() > 1) text += ", ";
        text += to_canonical(reference->id);
        text += ": ";
        text += to_canonical(reference->options);
    }
    return text += "}";
}

}  // namespace

std::string id_of(const Input &input) {
    return Id()
        .add(input.type)
        .add(name_of(input.origin))
        .add_text(references_text(input.references))
        .add(input.options)
        .finish();
}

std::string id_of(const Device &device, const std::optional<std::string> &parent_id) {
    Id id;
    id.add(device.type);
    if (parent_id) id.add(*parent_id);
    return id.add(device.options).finish();
}

std::string id_of(const Mount &mount, const std::optional<std::string> &device_id) {
    Id id;
    id.add(mount.type);
    if (device_id) id.add(*device_id);
    if (is_truthy(mount.partition)) id.add(mount.partition);
    if (mount.target && !mount.target->empty()) id.add(*mount.target);
    return id.add(mount.options).finish();
}

std::string id_of(const Stage &stage) {
    Id id;
    id.add(stage.type).add_or_null(stage.build).add_or_null(stage.base).add(stage.options);
    if (stage.source_epoch) id.add(*stage.source_epoch);
    if (!stage.inputs.empty()) {
        Json ids = Json::object();
        for (const Input &input : stage.inputs) append_member(ids, input.name, input.id);
        id.add(ids);
    }
    if (!stage.mounts.empty()) {
        Json ids = Json::array();
        for (const Mount &mount : stage.mounts) ids.push_back(mount.id);
        id.add(ids);
    }
    return id.finish();
}

std::string id_of(const Source &source) {
    return Id().add(source.type).add(source.items).finish();
}

}  // namespace osb::manifest
