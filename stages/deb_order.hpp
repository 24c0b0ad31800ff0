// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stages/deb_archive.hpp"

namespace osb::stages {

/// The names in a relation field ("a (>= 1) | b:any, c [amd64]"): one list of alternatives for each comma.
std::vector<std::vector<std::string>> parse_relations(std::string_view field);

/// What a set of packages needs of each other. Packages are named by their place in the set; versions are not looked
/// at, for whoever chose the set has seen to them, and dpkg checks them again.
class PackageGraph {
public:
    explicit PackageGraph(const std::vector<Package> &packages);

    /// `start` and all that they depend or pre-depend on.
    std::set<size_t> closure(const std::set<size_t> &start) const;
    /// `start` with each package after what it (pre-)depends on; circles are cut where they were entered. Same set,
    /// same order.
    std::vector<size_t> order(const std::set<size_t> &start) const;
    /// Groups to unpack one after another: before a group, all that its members pre-depend on, and what that depends
    /// on, has to be configured, which `needs` lists in order.
    struct Group {
        std::vector<size_t> needs;
        std::vector<size_t> members;
    };
    std::vector<Group> groups(const std::set<size_t> &start) const;

private:
    std::vector<std::vector<size_t>> depends_;  ///< Depends and Pre-Depends
    std::vector<std::vector<size_t>> pre_depends_;
};

}  // namespace osb::stages
