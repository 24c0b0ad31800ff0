// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "lib/base/json.hpp"

namespace osb::manifest {

/// Which pipelines of a version 2 document name which others, to tell why a reference does not work.
class PipelineNames {
public:
    explicit PipelineNames(const Json &document);

    /// The sentence for the reference to `name` in pipeline `user`, where `name` is not that of an earlier pipeline.
    std::string why_not(const std::string &user, const std::string &name) const;

private:
    /// The pipelines on the way from one to another, both included; empty: there is no way.
    std::vector<std::string> way(const std::string &from, const std::string &to) const;

    std::unordered_map<std::string, std::vector<std::string>> needs_;
};

}  // namespace osb::manifest
