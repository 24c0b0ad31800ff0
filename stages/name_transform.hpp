// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace osb::stages {

/// What GNU tar's --transform does to names: sed expressions `s/REGEXP/REPLACEMENT/FLAGS`, joined by semicolons, with
/// the flags g, i, x, a number, and r R s S h H for whether names, symlink targets and hard link targets are meant.
/// Case conversion (\L \U …) is refused.
class NameTransform {
public:
    enum class Kind { name, symlink_target, hard_link_target };

    /// Throws (Blame::build) for an expression that is none. The empty text changes nothing.
    explicit NameTransform(std::string_view expression);
    ~NameTransform();
    NameTransform(NameTransform &&) noexcept;

    std::string apply(std::string name, Kind kind) const;

private:
    struct Rule;
    std::vector<std::unique_ptr<Rule>> rules_;
};

}  // namespace osb::stages
