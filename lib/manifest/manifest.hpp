// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/json.hpp"
#include "lib/manifest/module_info.hpp"

namespace osb::manifest {

/// One thing an input asks for.
struct Reference {
    /// Origin source: the id of a source item (a checksum with its algorithm). Origin pipeline: the id of that
    /// pipeline, or the text "null" when it has no stages.
    std::string id;
    Json options = Json::object();
    /// Origin pipeline: the name of the pipeline meant; empty otherwise.
    std::string pipeline;
};

enum class Origin { source, pipeline };
/// "org.osbuild.source" or "org.osbuild.pipeline", as modules are told.
const char *name_of(Origin origin);

/// What a stage can see besides its tree. Its name is in the stage's id, not in its own.
struct Input {
    std::string name;
    std::string type;
    Origin origin = Origin::source;
    std::vector<Reference> references;  ///< in the order of the text; no id twice
    Json options = Json::object();
    std::string id;
};

struct Device {
    std::string name;
    std::string type;
    std::optional<std::string> parent;  ///< the name of a device earlier in the same stage's list
    Json options = Json::object();
    std::string id;
};

struct Mount {
    std::string name;
    std::string type;
    std::optional<std::string> source;  ///< the name of a device of the same stage
    std::optional<std::string> target;
    Json partition;  ///< a number, or null
    Json options = Json::object();
    std::string id;
};

/// One step of a pipeline.
struct Stage {
    std::string type;
    ModuleClass module_class = ModuleClass::stage;  ///< or assembler (version 1)
    std::string id;
    std::optional<std::string> build;  ///< the id of the pipeline whose tree is the root it runs in; none: the host
    std::optional<std::string> base;   ///< the id of the stage before it; none: it starts from an empty tree
    Json options = Json::object();
    std::vector<Input> inputs;    ///< in the order of the text, which is the order of starting them
    std::vector<Device> devices;  ///< in the order of opening them: parents first
    std::vector<Mount> mounts;    ///< in the order of mounting them
    std::optional<std::int64_t> source_epoch;
};

/// What adapts a build tree before a stage runs in it.
struct Runner {
    std::string name;  ///< as the manifest has it ("org.osbuild.fedora38"), or the file name of the host's
    std::string file;  ///< what Lookups::runner answered; empty when there was no lookup
};

/// A named list of stages that make one tree.
struct Pipeline {
    std::string name;
    std::optional<std::string> build_id;    ///< the build pipeline's id; none: its stages run on the host
    std::optional<std::string> build_name;  ///< the build pipeline's name, if it has an id and is in this manifest
    Runner runner;  ///< what this pipeline's stages are run with: it belongs to the build pipeline, or to the host
    std::optional<std::int64_t> source_epoch;  ///< seconds since 1970
    std::vector<Stage> stages;

    /// The id of its last stage: what the tree is known by. None without stages.
    std::optional<std::string> id() const;
    /// The names of the pipelines that must be built before this one: its build pipeline, then what inputs refer to,
    /// each once.
    std::vector<std::string> dependencies() const;
};

/// Where bytes come from. Only monitors show its id.
struct Source {
    std::string type;
    Json items = Json::object();  ///< item id -> description; the order is the text's
    Json options = Json::object();
    std::string id;
};

enum class Version { one, two };

/// What is asked for: everything checked, every reference resolved, every id known. Made by parse(); never changed.
struct Manifest {
    Version version = Version::two;
    /// In the order of the text: none refers by name to a later one (a build given as an id may be that of any).
    /// Version 1: the build pipelines, innermost first ("build-build", "build"), "tree", "assembler".
    std::vector<Pipeline> pipelines;
    std::vector<Source> sources;
    Json metadata = Json::object();

    /// The pipeline of that name, else the first with that id, else nullptr.
    const Pipeline *find(std::string_view name_or_id) const;
};

}  // namespace osb::manifest
