// SPDX-License-Identifier: Apache-2.0
#include "cmd/export.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/planning.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/store/clone.hpp"

namespace osb::cmd {
namespace {

/// The time everything in an export is clamped to: the pipeline's, else the environment's.
std::optional<EpochSeconds> epoch_of(const engine::PlannedPipeline &planned) {
    if (planned.pipeline->source_epoch) return *planned.pipeline->source_epoch;
    return source_date_epoch();
}

void check_directory(const std::filesystem::path &path) {
    std::error_code code;
    if (!std::filesystem::exists(path, code)) return;
    if (!std::filesystem::is_directory(path)) fail(Blame::usage, "{} is there and is not a directory", path.native());
    if (!std::filesystem::is_empty(path)) fail(Blame::usage, "the directory {} is not empty", path.native());
}

void check_parent(const std::filesystem::path &path) {
    const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
    if (!std::filesystem::is_directory(parent)) fail(Blame::usage, "there is no directory {}", parent.native());
}

/// A directory that has something else in it will not become an image layout; better told before the build than after.
void check_layout(const std::filesystem::path &path) {
    if (!std::filesystem::is_directory(path) || std::filesystem::is_empty(path)) return;
    if (!std::filesystem::exists(path / "oci-layout"))
        fail(Blame::usage, "the directory {} is not empty and no OCI image layout", path.native());
}

/// "No space left on device" alone helps nobody: adds how much is free there.
[[noreturn]] void rethrow_with_numbers(const Error &error, const std::filesystem::path &place) {
    if (error.is(std::errc::no_space_on_device)) {
        const auto parent = place.has_parent_path() ? place.parent_path() : std::filesystem::path(".");
        const auto room = std::filesystem::space(parent);
        throw Error(format("{} ({} free in {})", error.what(), human_size(room.available), parent.native()),
                    error.blame());
    }
    throw error;
}

/// A copy beside the target that is renamed onto it once it is complete.
void export_directory(const store::Reader &tree, const std::filesystem::path &path) {
    auto target = std::filesystem::absolute(path).lexically_normal();
    if (!target.has_filename()) target = target.parent_path();
    check_directory(target);
    TempDir copy(target.parent_path(), ".osb-export");
    const auto inside = copy.path() / "tree";
    std::filesystem::create_directory(inside);
    store::clone_tree(tree.dir().fd(), Dir::open(inside).fd(), store::CloneBy::copy);
    // rename(2) replaces an empty directory.
    check(::rename(inside.c_str(), target.c_str()), "rename the copy to {}", target.native());
}

struct Exporter {
    const store::Reader &tree;
    const Export &what;
    const engine::PlannedPipeline &planned;
    const oci::ExportOptions &options;

    Exported operator()(const oci::DirectoryTarget &target) const {
        export_directory(tree, target.path);
        return {};
    }
    Exported operator()(const oci::TarTarget &target) const {
        const oci::ExportedTar tar = oci::export_tar(tree.dir().fd(), target, options);
        return {.pipeline = {}, .target = {}, .digest = "sha256:" + tar.digest.hex(), .bytes = tar.size};
    }
    Exported operator()(const oci::LayoutTarget &target) const { return image(target); }
    Exported operator()(const oci::ArchiveTarget &target) const { return image(target); }

    template <typename ImageTarget>
    Exported image(const ImageTarget &target) const {
        const Dir root = tree.dir();
        const oci::LayerSource layer{.root = root.fd().duplicate(),
                                     .created_by = "osb: pipeline " + planned.pipeline->name};
        const oci::ExportedImage image = oci::export_image(std::span(&layer, 1), target, what.settings, options);
        std::uint64_t bytes = image.manifest.size + image.config.size;
        for (const oci::Layer &made : image.layers) bytes += made.blob.size;
        return {.pipeline = {}, .target = {}, .digest = image.manifest.digest_text(), .bytes = bytes};
    }
};

}  // namespace

std::vector<Export> prepare_exports(const RunOptions &options, const engine::Plan &plan) {
    std::vector<Export> exports;
    for (size_t i = 0; i < options.exports.size(); i++) {
        const ExportOption option = split_export(options.exports[i]);
        in_context(
            [&] {
                Export prepared{.pipeline = plan.exports[i], .target = {}, .settings = {}};
                if (!option.target.empty()) {
                    prepared.target = oci::parse_target(option.target);
                } else if (!options.output_directory.empty()) {
                    std::filesystem::create_directories(options.output_directory);
                    prepared.target = oci::DirectoryTarget{options.output_directory / option.pipeline};
                } else {
                    fail(Blame::usage, "say where to: {}=TARGET, or --output-directory", option.pipeline);
                }
                std::visit([](const auto &target) { check_parent(target.path); }, prepared.target);
                if (const auto *directory = std::get_if<oci::DirectoryTarget>(&prepared.target))
                    check_directory(directory->path);
                if (const auto *layout = std::get_if<oci::LayoutTarget>(&prepared.target)) check_layout(layout->path);
                prepared.settings.created = epoch_of(plan.pipelines[plan.exports[i]]).value_or(now());
                for (const std::string &assignment : options.image_config)
                    oci::apply_setting(prepared.settings, assignment);
                exports.push_back(std::move(prepared));
            },
            "export {}", options.exports[i]);
    }
    // A slip in --config is told even when nothing is exported.
    oci::ImageSettings ignored;
    for (const std::string &assignment : options.image_config) oci::apply_setting(ignored, assignment);
    return exports;
}

Exported export_tree(const Export &what, const engine::Plan &plan, store::ObjectStore &store, engine::Monitor &monitor,
                     const Stop &stop) {
    const engine::PlannedPipeline &planned = plan.pipelines[what.pipeline];
    const std::string target = oci::to_text(what.target);
    return in_context(
        [&] {
            monitor.export_begins(planned.pipeline->name, target);
            const store::Object object = store.get(planned.key());
            const store::Reader tree = object.read();
            oci::ExportOptions options;
            options.clamp_mtime = epoch_of(planned);
            options.progress = [&](std::uint64_t) { stop.check(); };
            Exported exported;
            try {
                exported = std::visit(Exporter{tree, what, planned, options}, what.target);
            } catch (const Error &error) {
                rethrow_with_numbers(error, std::visit([](const auto &place) { return place.path; }, what.target));
            }
            exported.pipeline = planned.pipeline->name;
            exported.target = target;
            monitor.export_ends(exported.pipeline, target, exported.digest, exported.bytes);
            return exported;
        },
        "export {} to {}", planned.pipeline->name, target);
}

}  // namespace osb::cmd
