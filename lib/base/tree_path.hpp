// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <filesystem>
#include <string>
#include <string_view>

namespace osb {

/// A place inside a tree: always relative to the tree's root, without `.`, `..`, empty components or NUL.
/// The root itself is the empty path. Says nothing about symlinks; `Dir` sees to those.
class TreePath {
public:
    TreePath() = default;
    /// Accepts "/a//b/./c" and "a/b/c"; throws (Blame::usage) for a `..` component or a NUL byte.
    explicit TreePath(std::string_view text);

    bool is_root() const noexcept { return text_.empty(); }
    /// "a/b/c"; "" for the root.
    const std::string &text() const noexcept { return text_; }
    const char *c_str() const noexcept { return text_.empty() ? "." : text_.c_str(); }
    /// "/a/b/c"; "/" for the root.
    std::string absolute() const { return "/" + text_; }
    TreePath parent() const;
    std::string name() const;
    TreePath operator/(std::string_view more) const;
    /// Where this is when the tree stands at `root`. For handing to other programs; no symlink is resolved.
    std::filesystem::path below(const std::filesystem::path &root) const { return is_root() ? root : root / text_; }

    auto operator<=>(const TreePath &) const = default;

private:
    std::string text_;
};

}  // namespace osb
