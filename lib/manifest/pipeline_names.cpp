// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/pipeline_names.hpp"

#include <algorithm>

#include "lib/manifest/json_values.hpp"
#include "lib/manifest/load.hpp"

namespace osb::manifest {

PipelineNames::PipelineNames(const Json &document) {
    for (const Json &pipeline : elements_of(document, "pipelines")) {
        const auto *name = string_member(pipeline, "name");
        if (name == nullptr) continue;
        auto &needs = needs_[*name];
        const auto add = [&](const std::string *reference) {
            if (reference != nullptr && reference->starts_with("name:")) needs.push_back(reference->substr(5));
        };
        add(string_member(pipeline, "build"));
        for (const Json &stage : elements_of(pipeline, "stages")) {
            for (const auto &[input_name, input] : members_of(stage, "inputs")) {
                const auto *origin = string_member(input, "origin");
                if (origin == nullptr || *origin != "org.osbuild.pipeline") continue;
                for (const auto &[id, options] : members_of(input, "references")) add(&id);
                for (const Json &element : elements_of(input, "references"))
                    add(element.is_string() ? element.get_ptr<const std::string *>() : string_member(element, "id"));
            }
        }
    }
}

std::vector<std::string> PipelineNames::way(const std::string &from, const std::string &to) const {
    std::unordered_map<std::string, std::string> came_from{{from, ""}};
    std::vector<std::string> open{from};
    while (!open.empty()) {
        const std::string at = open.back();
        open.pop_back();
        if (at == to) {
            std::vector<std::string> stations{to};
            while (stations.back() != from) stations.push_back(came_from.at(stations.back()));
            std::ranges::reverse(stations);
            return stations;
        }
        if (const auto found = needs_.find(at); found != needs_.end())
            for (const std::string &next : found->second)
                if (came_from.try_emplace(next, at).second) open.push_back(next);
    }
    return {};
}

std::string PipelineNames::why_not(const std::string &user, const std::string &name) const {
    if (name == user) return format("pipeline {} cannot use itself", in_quotes(name));
    if (!needs_.contains(name)) return format("there is no pipeline {}", in_quotes(name));
    const auto stations = way(name, user);
    if (stations.empty()) return format("pipeline {} comes later; only an earlier one can be used", in_quotes(name));
    std::string circle = user;
    for (const std::string &station : stations) circle += " -> " + station;
    return format("pipelines need each other in a circle: {}", circle);
}

}  // namespace osb::manifest
