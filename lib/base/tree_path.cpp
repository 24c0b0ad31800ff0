// SPDX-License-Identifier: Apache-2.0
#include "lib/base/tree_path.hpp"

#include "lib/base/error.hpp"

namespace osb {

TreePath::TreePath(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) fail(Blame::usage, "path in the tree: it contains a NUL byte");
    for (std::string_view rest = text; !rest.empty();) {
        const size_t slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
        if (part.empty() || part == ".") continue;
        if (part == "..") fail(Blame::usage, "path in the tree {}: it must not contain \"..\"", text);
        if (!text_.empty()) text_ += '/';
        text_ += part;
    }
}

TreePath TreePath::parent() const {
    TreePath up;
    const size_t slash = text_.rfind('/');
    if (slash != std::string::npos) up.text_ = text_.substr(0, slash);
    return up;
}

std::string TreePath::name() const {
    const size_t slash = text_.rfind('/');
    return slash == std::string::npos ? text_ : text_.substr(slash + 1);
}

TreePath TreePath::operator/(std::string_view more) const {
    TreePath longer = *this;
    const TreePath tail(more);
    if (tail.is_root()) return longer;
    if (!longer.text_.empty()) longer.text_ += '/';
    longer.text_ += tail.text_;
    return longer;
}

}  // namespace osb
