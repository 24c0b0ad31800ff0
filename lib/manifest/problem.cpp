// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/problem.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "lib/manifest/problems.hpp"

namespace osb::manifest {

std::string path_id(const JsonPath &path) {
    if (path.empty()) return ".";
    std::string id;
    for (const auto &element : path) {
        if (const auto *position = std::get_if<std::size_t>(&element)) {
            id += format("[{}]", *position);
            continue;
        }
        const auto &name = std::get<std::string>(element);
        id += name.find(' ') == std::string::npos ? format(".{}", name) : format(".'{}'", name);
    }
    return id;
}

void Problems::add(std::vector<Problem> more) {
    found_.insert(found_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

std::vector<Problem> Problems::take() && {
    std::map<std::pair<std::string, std::string>, Problem> sorted;
    for (Problem &problem : found_) {
        auto key = std::pair(path_id(problem.path), problem.message);
        sorted.try_emplace(std::move(key), std::move(problem));
    }
    std::vector<Problem> all;
    all.reserve(sorted.size());
    for (auto &[key, problem] : sorted) all.push_back(std::move(problem));
    return all;
}

}  // namespace osb::manifest
