// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_order.hpp"

#include <algorithm>
#include <map>

namespace osb::stages {

std::vector<std::vector<std::string>> parse_relations(std::string_view field) {
    std::vector<std::vector<std::string>> relations;
    std::vector<std::string> alternatives;
    std::string name;
    int nesting = 0;     // inside (version), [architectures] or <profiles>
    bool ended = false;  // what follows the name up to the next separator is of no interest
    const auto end_name = [&] {
        if (!name.empty()) alternatives.push_back(std::move(name));
        name.clear();
        ended = false;
    };
    for (const char letter : field) {
        if (letter == '(' || letter == '[' || letter == '<')
            nesting++;
        else if (letter == ')' || letter == ']' || letter == '>')
            nesting--;
        else if (nesting > 0)
            continue;
        else if (letter == '|')
            end_name();
        else if (letter == ',') {
            end_name();
            if (!alternatives.empty()) relations.push_back(std::move(alternatives));
            alternatives.clear();
        } else if (letter == ' ' || letter == '\t' || letter == '\n')
            ended = ended || !name.empty();
        else if (letter == ':')
            ended = true;
        else if (!ended)
            name += letter;
    }
    end_name();
    if (!alternatives.empty()) relations.push_back(std::move(alternatives));
    return relations;
}

PackageGraph::PackageGraph(const std::vector<Package> &packages)
    : depends_(packages.size()), pre_depends_(packages.size()) {
    std::map<std::string, std::vector<size_t>> providers;
    for (size_t i = 0; i < packages.size(); i++) providers[packages[i].name()].push_back(i);
    for (size_t i = 0; i < packages.size(); i++)
        for (const auto &provided : parse_relations(packages[i].control.get("Provides")))
            providers[provided.front()].push_back(i);
    const auto resolve = [&](const std::string &field, std::vector<size_t> &into) {
        for (const auto &alternatives : parse_relations(field)) {
            // The first alternative that the set holds; what it does not hold is in the tree already, or dpkg will say
            // so.
            const auto held =
                std::ranges::find_if(alternatives, [&](const auto &name) { return providers.count(name) != 0; });
            if (held == alternatives.end()) continue;
            for (const size_t provider : providers[*held]) into.push_back(provider);
        }
    };
    for (size_t i = 0; i < packages.size(); i++) {
        resolve(packages[i].control.get("Pre-Depends"), pre_depends_[i]);
        depends_[i] = pre_depends_[i];
        resolve(packages[i].control.get("Depends"), depends_[i]);
    }
}

std::vector<size_t> PackageGraph::order(const std::set<size_t> &start) const {
    // Depth first with a stack of its own: chains of dependencies may be long.
    std::vector<size_t> ordered;
    std::vector<bool> seen(depends_.size());
    struct Step {
        size_t package;
        size_t next;
    };
    for (const size_t first : start) {
        std::vector<Step> stack;
        if (!seen[first]) stack.push_back({first, 0});
        seen[first] = true;
        while (!stack.empty()) {
            Step &step = stack.back();
            if (step.next == depends_[step.package].size()) {
                ordered.push_back(step.package);
                stack.pop_back();
                continue;
            }
            const size_t needed = depends_[step.package][step.next++];
            if (seen[needed]) continue;
            seen[needed] = true;
            stack.push_back({needed, 0});
        }
    }
    return ordered;
}

std::set<size_t> PackageGraph::closure(const std::set<size_t> &start) const {
    const std::vector<size_t> all = order(start);
    return {all.begin(), all.end()};
}

std::vector<PackageGraph::Group> PackageGraph::groups(const std::set<size_t> &start) const {
    std::vector<Group> groups;
    std::set<size_t> left = start;
    std::set<size_t> unpacked;
    while (!left.empty()) {
        Group group;
        std::set<size_t> needs;
        for (const size_t package : left) {
            // Pre-dependencies must be configured, and so what they depend on has to be unpacked as well.
            std::set<size_t> before;
            for (const size_t needed : pre_depends_[package])
                if (needed != package && start.count(needed) != 0) before.insert(needed);
            before = closure(before);
            before.erase(package);
            const bool ready = std::ranges::all_of(
                before, [&](size_t needed) { return start.count(needed) == 0 || unpacked.count(needed) != 0; });
            if (!ready) continue;
            group.members.push_back(package);
            needs.insert(before.begin(), before.end());
        }
        // A circle of pre-dependencies: dpkg gets it as it is and says what it thinks of it.
        if (group.members.empty()) group.members.assign(left.begin(), left.end());
        for (const size_t package : order(needs))
            if (start.count(package) != 0) group.needs.push_back(package);
        for (const size_t package : group.members) {
            left.erase(package);
            unpacked.insert(package);
        }
        groups.push_back(std::move(group));
    }
    return groups;
}

}  // namespace osb::stages
