// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/resolve.hpp"

#include <algorithm>
#include <map>

#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"
#include "lib/deb822/deb822.hpp"
#include "lib/resolve/apt.hpp"

namespace osb::resolve {
namespace {

constexpr const char *deb_stage = "org.osb.deb";
constexpr const char *curl_source = "org.osbuild.curl";

std::string text_of(const Json &object, std::string_view member) {
    const Json *value = find_member(object, member);
    return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// A manifest somebody resolved before, seen as a thing to build on.
class Base {
public:
    explicit Base(Json manifest) : manifest_(std::move(manifest)) {
        const Json *pipelines = find_member(manifest_, "pipelines");
        if (text_of(manifest_, "version") != "2" || pipelines == nullptr || !pipelines->is_array())
            fail(Blame::usage, "not a manifest of version 2");
        for (size_t i = 0; i < pipelines->size(); i++)
            if (read_packages((*pipelines)[i])) pipeline_ = i;
        if (packages_.empty())
            fail(Blame::usage, "no pipeline of it has a stage {} with the names of its packages", deb_stage);
    }

    struct Package {
        std::string name;
        std::string version;
        std::string architecture;
    };
    const std::vector<Package> &packages() const noexcept { return packages_; }

    std::string architecture() const {
        for (const Package &package : packages_)
            if (package.architecture != "all") return package.architecture;
        return {};
    }

    /// The whole manifest, to be gone on with, and where in it the pipeline is.
    const Json &manifest() const noexcept { return manifest_; }
    size_t pipeline() const noexcept { return pipeline_; }

private:
    /// The last pipeline with packages is the one to build on; an earlier one is its build tree.
    bool read_packages(const Json &pipeline) {
        std::map<std::pair<std::string, std::string>, Package> found;
        const Json *stages = find_member(pipeline, "stages");
        if (stages == nullptr) return false;
        for (const Json &stage : *stages) {
            if (text_of(stage, "type") != deb_stage) continue;
            const Json *inputs = find_member(stage, "inputs");
            const Json *input = inputs != nullptr ? find_member(*inputs, "packages") : nullptr;
            const Json *references = input != nullptr ? find_member(*input, "references") : nullptr;
            if (references == nullptr || !references->is_object()) continue;
            for (const auto &[id, reference] : references->items()) {
                const Json *metadata = find_member(reference, "metadata");
                if (metadata == nullptr) continue;
                Package package{text_of(*metadata, "deb.name"), text_of(*metadata, "deb.version"),
                                text_of(*metadata, "deb.architecture")};
                if (!package.name.empty()) found[{package.name, package.architecture}] = package;
            }
        }
        if (found.empty()) return false;
        packages_.clear();
        for (auto &[key, package] : found) packages_.push_back(std::move(package));
        return true;
    }

    Json manifest_;
    size_t pipeline_ = 0;
    std::vector<Package> packages_;
};

/// What apt should think is installed. The base has versions, the archive has everything else about the packages; where
/// the archive went on since, what it says about its own version is the best there is to know.
std::vector<Paragraph> installed(const Base &base, const Apt &apt) {
    std::vector<std::string> names;
    for (const Base::Package &package : base.packages()) names.push_back(package.name);
    std::map<std::string, Paragraph> known;
    for (Paragraph &paragraph : apt.show(names)) {
        const std::string name = paragraph.get("Package");
        known[name] = std::move(paragraph);
    }
    std::vector<Paragraph> paragraphs;
    for (const Base::Package &package : base.packages()) {
        Paragraph paragraph = known[package.name];
        paragraph.set("Package", package.name);
        paragraph.set("Version", package.version);
        paragraph.set("Architecture", package.architecture);
        paragraphs.push_back(std::move(paragraph));
    }
    return paragraphs;
}

/// "package a", "packages a, b and c"
std::string named(const std::vector<std::string> &names) {
    std::string text = names.size() == 1 ? "package " : "packages ";
    for (size_t i = 0; i < names.size(); i++) text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    return text;
}

std::vector<Chosen> choose(const Description &description, const Apt &apt, const std::string &architecture) {
    if (const auto unknown = apt.unknown(description.packages); !unknown.empty())
        fail(Blame::usage, "the archive has no {} for {}", named(unknown), architecture);
    std::vector<std::string> requests =
        *find_variant(description.variant.value_or(description.base ? "none" : "minbase"));
    requests.insert(requests.end(), description.packages.begin(), description.packages.end());
    std::vector<Chosen> chosen = apt.solve(requests, description.recommends);
    // Either of two packages says that /bin is in /usr; usrmerge, which apt takes unless told, is the one that converts
    // old systems and brings perl for it. A tree that starts merged needs the other.
    const auto is_usrmerge = [](const Chosen &package) { return package.name == "usrmerge" && package.automatic; };
    if (std::ranges::any_of(chosen, is_usrmerge) && apt.unknown({"usr-is-merged"}).empty()) {
        requests.push_back("usr-is-merged");
        chosen = apt.solve(requests, description.recommends);
    }
    return chosen;
}

Json deb_stage_of(const Description &description, const std::vector<Chosen> &packages) {
    Json references = Json::object();
    for (const Chosen &package : packages) {
        Json metadata = {
            {"deb.name", package.name}, {"deb.version", package.version}, {"deb.architecture", package.architecture}};
        if (package.automatic) metadata["deb.automatic"] = true;
        references["sha256:" + package.sha256] = {{"metadata", std::move(metadata)}};
    }
    Json stage = {{"type", deb_stage}};
    if (!description.debconf.empty()) stage["options"] = {{"debconf", description.debconf}};
    stage["inputs"] = {
        {"packages",
         {{"type", "org.osbuild.files"}, {"origin", "org.osbuild.source"}, {"references", std::move(references)}}}};
    return stage;
}

/// Adds the packages to the sources of the manifest, all items sorted by checksum.
void add_sources(Json &manifest, const std::vector<Chosen> &packages) {
    std::map<std::string, Json> items;
    Json &source = manifest["sources"][curl_source];
    if (const Json *known = find_member(source, "items"))
        for (const auto &[id, item] : known->items()) items[id] = item;
    for (const Chosen &package : packages) items.try_emplace("sha256:" + package.sha256, package.url);
    Json sorted = Json::object();
    for (auto &[id, item] : items) sorted[id] = std::move(item);
    source["items"] = std::move(sorted);
}

Json empty_manifest() {
    Json manifest = {{"version", "2"}};
    manifest["pipelines"] = Json::array({Json{{"name", "os"}}});
    return manifest;
}

}  // namespace

Json resolve(const Description &description, const Options &options) {
    std::optional<Base> base;
    if (description.base) {
        const auto path = options.directory / *description.base;
        in_context([&] { base.emplace(parse_json(read_given_file(path))); }, "base {}", path.native());
    }
    std::string architecture = base ? base->architecture() : std::string();
    if (architecture.empty())
        architecture = description.architecture ? *description.architecture : Apt::host_architecture();
    if (description.architecture && *description.architecture != architecture)
        fail(Blame::usage, "architecture: the base is for {}, not for {}", architecture, *description.architecture);

    Apt apt(architecture, description.archives, options.directory, options.scratch);
    apt.update();
    if (base) apt.set_installed(installed(*base, apt));
    const std::vector<Chosen> packages = choose(description, apt, architecture);

    Json manifest = base ? base->manifest() : empty_manifest();
    Json &pipeline = manifest["pipelines"][base ? base->pipeline() : 0];
    if (description.name) pipeline["name"] = *description.name;
    if (!base) {
        pipeline["source-epoch"] = description.source_epoch.value_or(apt.newest_release().value_or(0));
    } else if (description.source_epoch) {
        // The epoch is part of every stage's id.
        const Json *epoch = find_member(pipeline, "source-epoch");
        if (epoch == nullptr || *epoch != *description.source_epoch)
            fail(Blame::usage, "source-epoch: the base has {}, and its stages would not be the same with {}",
                 epoch != nullptr ? to_text(*epoch, python_style) : "none", *description.source_epoch);
    }
    Json &stages = pipeline["stages"];
    if (!packages.empty()) stages.push_back(deb_stage_of(description, packages));
    for (const Json &stage : description.stages) stages.push_back(stage);
    add_sources(manifest, packages);
    return manifest;
}

Json resolve_file(const std::filesystem::path &file) {
    const ParsedDescription parsed = parse_description(read_given_file(file, size_t{16} << 20));
    if (!parsed.problems.empty()) {
        std::string text;
        for (const std::string &problem : parsed.problems) text += (text.empty() ? "" : "\n  ") + problem;
        if (parsed.problems.size() == 1) fail(Blame::usage, "{}: {}", file.native(), text);
        fail(Blame::usage, "{} has {} problems:\n  {}", file.native(), parsed.problems.size(), text);
    }
    const auto directory = file.parent_path().empty() ? std::filesystem::path(".") : file.parent_path();
    return in_context([&] { return resolve(parsed.description, {.directory = directory}); }, "{}", file.native());
}

}  // namespace osb::resolve
