// SPDX-License-Identifier: Apache-2.0
#include "oci/image.hpp"

#include <array>
#include <sys/utsname.h>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/base/json.hpp"

namespace osb::oci {
namespace {

constexpr const char *tag_annotation = "org.opencontainers.image.ref.name";

Json to_json(const Descriptor &descriptor) {
    return {{"mediaType", descriptor.media_type}, {"digest", descriptor.digest_text()}, {"size", descriptor.size}};
}

void put_if_set(Json &object, const char *key, const std::string &value) {
    if (!value.empty()) object[key] = value;
}

/// Sets are objects with empty values there (Go's map[string]struct{}).
void put_set(Json &object, const char *key, const std::set<std::string> &values) {
    for (const std::string &value : values) object[key][value] = Json::object();
}

void put_map(Json &object, const char *key, const std::map<std::string, std::string> &values) {
    for (const auto &[name, value] : values) object[key][name] = value;
}

Json run_config(const ImageSettings &settings) {
    Json config = Json::object();
    put_if_set(config, "User", settings.user);
    put_if_set(config, "WorkingDir", settings.working_dir);
    put_if_set(config, "StopSignal", settings.stop_signal);
    put_set(config, "ExposedPorts", settings.exposed_ports);
    put_set(config, "Volumes", settings.volumes);
    put_map(config, "Labels", settings.labels);
    if (!settings.env.empty()) config["Env"] = settings.env;
    if (settings.entrypoint) config["Entrypoint"] = *settings.entrypoint;
    if (settings.cmd) config["Cmd"] = *settings.cmd;
    return config;
}

Json platform(const ImageSettings &settings) {
    Json platform{{"architecture", settings.architecture.empty() ? machine_architecture() : settings.architecture},
                  {"os", settings.os}};
    put_if_set(platform, "variant", settings.variant);
    return platform;
}

std::string tag_of(const Json &descriptor) {
    const Json *annotations = find_member(descriptor, "annotations");
    const Json *tag = annotations == nullptr ? nullptr : find_member(*annotations, tag_annotation);
    return tag != nullptr && tag->is_string() ? tag->get<std::string>() : "";
}

Json parse_index(std::string_view text) {
    if (text.empty()) return {{"schemaVersion", 2}, {"mediaType", index_media_type}, {"manifests", Json::array()}};
    Json index = in_context([&] { return parse_json(text); }, "image index");
    const Json *version = find_member(index, "schemaVersion");
    const Json *manifests = find_member(index, "manifests");
    if (version == nullptr || *version != Json(2) || manifests == nullptr || !manifests->is_array())
        fail(Blame::environment, "image index: schemaVersion 2 with a list of manifests was expected");
    return index;
}

}  // namespace

std::string machine_architecture() {
    static constexpr std::array<std::pair<std::string_view, const char *>, 11> names{{{"x86_64", "amd64"},
                                                                                      {"aarch64", "arm64"},
                                                                                      {"i386", "386"},
                                                                                      {"i686", "386"},
                                                                                      {"armv7l", "arm"},
                                                                                      {"armv6l", "arm"},
                                                                                      {"ppc64le", "ppc64le"},
                                                                                      {"riscv64", "riscv64"},
                                                                                      {"s390x", "s390x"},
                                                                                      {"loongarch64", "loong64"},
                                                                                      {"mips64", "mips64"}}};
    utsname machine{};
    check(::uname(&machine), "ask for this machine's architecture");
    for (const auto &[kernel, go] : names)
        if (kernel == machine.machine) return go;
    return machine.machine;
}

std::string layer_media_type(Compression compression) {
    const std::string plain = "application/vnd.oci.image.layer.v1.tar";
    return compression == Compression::none ? plain : plain + "+" + name_of(compression);
}

std::string image_config(const ImageSettings &settings, std::span<const Layer> layers) {
    Json document = platform(settings);
    put_if_set(document, "author", settings.author);
    if (settings.created) document["created"] = to_rfc3339(*settings.created);
    document["config"] = run_config(settings);
    document["rootfs"] = {{"type", "layers"}, {"diff_ids", Json::array()}};
    document["history"] = Json::array();
    for (const Layer &layer : layers) {
        document["rootfs"]["diff_ids"].push_back("sha256:" + layer.diff_id.hex());
        Json entry{{"created_by", layer.created_by.empty() ? "osb" : layer.created_by}};
        if (settings.created) entry["created"] = to_rfc3339(*settings.created);
        document["history"].push_back(std::move(entry));
    }
    return to_text(document, compact_style);
}

std::string image_manifest(const ImageSettings &settings, const Descriptor &config, std::span<const Layer> layers) {
    Json document{{"schemaVersion", 2},
                  {"mediaType", manifest_media_type},
                  {"config", to_json(config)},
                  {"layers", Json::array()}};
    for (const Layer &layer : layers) document["layers"].push_back(to_json(layer.blob));
    put_map(document, "annotations", settings.annotations);
    return to_text(document, compact_style);
}

std::string add_to_index(std::string_view index, const Descriptor &image, std::string_view tag,
                         const ImageSettings &settings) {
    Json document = parse_index(index);
    Json kept = Json::array();
    for (const Json &other : document["manifests"])
        if (tag_of(other) != tag) kept.push_back(other);
    Json descriptor = to_json(image);
    descriptor["platform"] = platform(settings);
    if (!tag.empty()) descriptor["annotations"] = {{tag_annotation, tag}};
    kept.push_back(std::move(descriptor));
    document["manifests"] = std::move(kept);
    return to_text(document, compact_style);
}

}  // namespace osb::oci
