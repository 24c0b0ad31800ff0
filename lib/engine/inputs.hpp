// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/manifest/manifest.hpp"
#include "lib/sandbox/spec.hpp"
#include "lib/store/object_store.hpp"

namespace osb::engine {

/// An input made ready for one stage: what the stage is told, what is mounted for it, and what must live meanwhile.
struct MappedInput {
    Json reply;                             ///< {"path": absolute path in the sandbox, "data"?: …}
    std::vector<sandbox::Bind> binds = {};  ///< besides the inputs directory itself
    std::vector<store::Object> objects = {};
    std::vector<store::Reader> readers = {};
};

/// Where inputs find things.
struct InputPlaces {
    std::filesystem::path directory;  ///< what the stage sees as /run/osbuild/inputs
    std::filesystem::path sources;    ///< the store's sources
    /// The tree of a pipeline, by its name.
    std::function<store::Object(const std::string &pipeline)> tree_of;
};

/// Makes `input` ready: org.osbuild.files (source items by hard link; single files of pipelines) and org.osbuild.tree.
/// Throws for other types, and for what is not there.
MappedInput map_input(const manifest::Input &input, const InputPlaces &places);

}  // namespace osb::engine
