// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/manifest.hpp"

#include <algorithm>

namespace osb::manifest {

const char *name_of(Origin origin) {
    return origin == Origin::source ? "org.osbuild.source" : "org.osbuild.pipeline";
}

std::optional<std::string> Pipeline::id() const {
    if (stages.empty()) return std::nullopt;
    return stages.back().id;
}

std::vector<std::string> Pipeline::dependencies() const {
    std::vector<std::string> names;
    const auto add = [&](const std::string &needed) {
        if (!needed.empty() && std::ranges::find(names, needed) == names.end()) names.push_back(needed);
    };
    if (build_name) add(*build_name);
    for (const Stage &stage : stages)
        for (const Input &input : stage.inputs)
            for (const Reference &reference : input.references) add(reference.pipeline);
    return names;
}

const Pipeline *Manifest::find(std::string_view name_or_id) const {
    for (const Pipeline &pipeline : pipelines)
        if (pipeline.name == name_or_id) return &pipeline;
    for (const Pipeline &pipeline : pipelines)
        if (!pipeline.stages.empty() && pipeline.stages.back().id == name_or_id) return &pipeline;
    return nullptr;
}

}  // namespace osb::manifest
