// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "lib/base/format.hpp"
#include "lib/manifest/problem.hpp"

namespace osb::manifest {

/// The place of a member or element of what lies at `path`: `at / "stages" / 3`.
inline JsonPath operator/(JsonPath path, std::string name) {
    path.emplace_back(std::move(name));
    return path;
}
inline JsonPath operator/(JsonPath path, std::size_t position) {
    path.emplace_back(position);
    return path;
}

/// Gathers what is wrong with one manifest.
class Problems {
public:
    template <typename... Args>
    void add(JsonPath path, fmt::format_string<Args...> text, const Args &...args) {
        found_.push_back({format_message(text, fmt::make_format_args(args...)), std::move(path)});
    }
    void add(std::vector<Problem> more);

    bool empty() const { return found_.empty(); }
    /// Sorted by path id, then message; what was found twice is there once.
    std::vector<Problem> take() &&;

private:
    std::vector<Problem> found_;
};

}  // namespace osb::manifest
