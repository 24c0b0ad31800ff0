// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include "lib/base/error.hpp"
#include "oci/compress.hpp"
#include "oci/image.hpp"
#include "oci/image_sink.hpp"
#include "oci/tar_writer.hpp"
#include "stages/arguments.hpp"

namespace osb::stages {

int run_oci_archive(const Arguments &arguments);

namespace {

constexpr std::string_view layer_prefix = "layer.";

/// "base" is 0, "layer.7" is 7.
long long layer_number(const std::string &input) {
    if (input == "base") return 0;
    const size_t at = input.find(layer_prefix);
    long long number = 0;
    if (at != std::string::npos)
        std::from_chars(input.data() + at + layer_prefix.size(), input.data() + input.size(), number);
    if (number <= 0) fail(Blame::build, "the input '{}' is neither base nor layer.N", input);
    return number;
}

std::vector<std::string> inputs_in_order(const Arguments &arguments) {
    std::vector<std::string> names;
    for (const auto &[name, input] : arguments.inputs().items()) names.push_back(name);
    if (std::ranges::find(names, "base") == names.end()) fail(Blame::build, "the input base is missing");
    std::ranges::sort(names, {}, [](const std::string &name) { return std::pair(layer_number(name), name); });
    return names;
}

std::map<std::string, std::string> text_map(const Json &object, const char *name) {
    std::map<std::string, std::string> texts;
    if (const Json *map = find_member(object, name); map != nullptr)
        for (const auto &[key, value] : map->items()) texts[key] = text_option(*map, key);
    return texts;
}

oci::ImageSettings settings_of(const Arguments &arguments) {
    const Json &options = arguments.options();
    const Json *given = find_member(options, "config");
    const Json config = given == nullptr ? Json::object() : *given;
    const auto set_of = [&](const char *name) {
        const auto list = text_list(config, name);
        return std::set<std::string>(list.begin(), list.end());
    };
    oci::ImageSettings settings{.architecture = text_option(options, "architecture"),
                                .variant = optional_text(options, "variant").value_or(""),
                                .created = arguments.time(),
                                .user = optional_text(config, "User").value_or(""),
                                .working_dir = optional_text(config, "WorkingDir").value_or(""),
                                .stop_signal = optional_text(config, "StopSignal").value_or(""),
                                .env = text_list(config, "Env"),
                                .cmd = text_list(config, "Cmd"),
                                .exposed_ports = set_of("ExposedPorts"),
                                .volumes = set_of("Volumes"),
                                .labels = text_map(config, "Labels"),
                                .annotations = text_map(options, "annotations")};
    if (find_member(config, "Env") == nullptr)
        settings.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    if (find_member(config, "Cmd") == nullptr) settings.cmd = {"sh"};
    if (const auto entrypoint = text_list(config, "Entrypoint"); !entrypoint.empty()) settings.entrypoint = entrypoint;
    return settings;
}

/// What osbuild's layers carry: no SELinux labels, which belong to the machine that runs the image.
bool belongs_in_a_layer(std::string_view xattr) {
    return xattr.starts_with("user.") || xattr == "security.ima" || xattr == "security.capability" ||
           xattr.starts_with("system.posix_acl_");
}

oci::Layer add_layer(oci::ImageSink &image, const Dir &tree, const std::string &input) {
    const oci::TarOptions how{.fractions = oci::TarOptions::Fractions::keep,
                              .root = oci::TarOptions::RootEntry::omit,
                              .whiteout_names = oci::TarOptions::WhiteoutNames::allow,
                              .keep_xattr = belongs_in_a_layer};
    const oci::BlobSummary blob = image.add_blob([&](Sink &out) {
        oci::CompressSink compressed(out, {.compression = oci::Compression::gzip});
        oci::write_tar(tree.fd(), compressed, how);
        return compressed.finish();
    });
    return {.blob = {oci::layer_media_type(oci::Compression::gzip), blob.digest, blob.size},
            .diff_id = blob.plain_digest,
            .created_by = "org.osbuild.oci-archive: input " + input};
}

}  // namespace

int run_oci_archive(const Arguments &arguments) {
    const oci::ImageSettings settings = settings_of(arguments);
    const TreePath file = normalized(text_option(arguments.options(), "filename"));
    if (file.is_root()) fail(Blame::build, "the option filename names no file");
    const Dir directory = arguments.tree().open_parent(file);
    // The path through the descriptor: no link in the output directory leads elsewhere.
    const auto image =
        oci::open_archive({.path = std::filesystem::path(directory.fd().proc_path()) / file.name()}, Durability::lazy);
    std::vector<oci::Layer> layers;
    for (const std::string &input : inputs_in_order(arguments))
        layers.push_back(add_layer(*image, arguments.input(input), input));
    const oci::Descriptor config = image->add_document(oci::image_config(settings, layers), oci::config_media_type);
    const oci::Descriptor manifest =
        image->add_document(oci::image_manifest(settings, config, layers), oci::manifest_media_type);
    image->publish(manifest, settings);
    say(format("{} layers, image {}", layers.size(), manifest.digest_text()));
    return 0;
}

}  // namespace osb::stages
