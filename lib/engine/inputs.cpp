// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/inputs.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"

namespace osb::engine {
namespace {

constexpr std::string_view inputs_in_sandbox = "/run/osbuild/inputs/";

const Json no_metadata = Json::object();

const Json &metadata_of(const manifest::Reference &reference) {
    const Json *metadata = find_member(reference.options, "metadata");
    return metadata != nullptr ? *metadata : no_metadata;
}

/// A source item becomes a hard link: no bytes are copied, and the stage cannot write through it, as all inputs are
/// mounted read-only.
void link_source_file(const std::string &checksum, const std::filesystem::path &from, const Dir &into) {
    if (::linkat(AT_FDCWD, from.c_str(), into.fd().get(), checksum.c_str(), 0) == -1) {
        const int number = errno;
        if (number == ENOENT) fail(Blame::build, "source item {} is not in the store", checksum);
        throw_errno(number, "link source item {}", checksum);
    }
}

void map_pipeline_file(const manifest::Reference &reference, const manifest::Input &input, const InputPlaces &places,
                       const Dir &into, MappedInput &mapped, Json &files) {
    const Json *file = find_member(reference.options, "file");
    if (file == nullptr || !file->is_string())
        fail(Blame::usage, "reference to pipeline {}: it does not say which file", reference.pipeline);
    const TreePath path(file->get<std::string>());
    store::Object object = places.tree_of(reference.pipeline);
    store::Reader reader = object.read();
    const Dir tree = Dir::open(reader.path());
    const Fd source = tree.open_file(path, O_PATH);
    into.make_dirs(path.parent());
    into.write_file(path, "");
    // The file is bound by the name the kernel has for it, so that a link in the tree cannot lead out of the tree.
    const auto resolved = std::filesystem::read_symlink(source.proc_path());
    mapped.binds.push_back(
        {.source = resolved, .target = format("{}{}/{}", inputs_in_sandbox, input.name, path.text())});
    mapped.readers.push_back(std::move(reader));
    mapped.objects.push_back(std::move(object));
    files[path.text()] = metadata_of(reference);
}

MappedInput map_files(const manifest::Input &input, const InputPlaces &places, const Dir &into) {
    MappedInput mapped;
    Json files = Json::object();
    auto &members = files.get_ref<Json::object_t &>();
    for (const manifest::Reference &reference : input.references) {
        if (input.origin == manifest::Origin::source) {
            link_source_file(reference.id, places.sources / "org.osbuild.files" / reference.id, into);
            members.Container::emplace_back(reference.id, metadata_of(reference));  // ids are unique: no search
        } else {
            map_pipeline_file(reference, input, places, into, mapped, files);
        }
    }
    mapped.reply["data"] = {{"files", std::move(files)}};
    return mapped;
}

MappedInput map_tree(const manifest::Input &input, const InputPlaces &places) {
    if (input.origin != manifest::Origin::pipeline || input.references.size() != 1)
        fail(Blame::usage, "it needs exactly one reference, to a pipeline");
    MappedInput mapped;
    store::Object object = places.tree_of(input.references.front().pipeline);
    store::Reader reader = object.read();
    mapped.binds.push_back({.source = reader.path(), .target = format("{}{}", inputs_in_sandbox, input.name)});
    mapped.readers.push_back(std::move(reader));
    mapped.objects.push_back(std::move(object));
    return mapped;
}

}  // namespace

MappedInput map_input(const manifest::Input &input, const InputPlaces &places) {
    return in_context(
        [&] {
            const Dir into = Dir::open(places.directory).make_dirs(TreePath(input.name));
            MappedInput mapped;
            if (input.type == "org.osbuild.files")
                mapped = map_files(input, places, into);
            else if (input.type == "org.osbuild.tree")
                mapped = map_tree(input, places);
            else
                fail(Blame::environment, "inputs of type {} are not supported yet", input.type);
            Json reply = {{"path", format("{}{}", inputs_in_sandbox, input.name)}};
            if (const Json *data = find_member(mapped.reply, "data")) reply["data"] = *data;
            mapped.reply = std::move(reply);
            return mapped;
        },
        "input {}", input.name);
}

}  // namespace osb::engine
