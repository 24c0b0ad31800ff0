// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// Reads a configuration file of the tree; links are followed inside the tree. nullopt when there is none; anything but
/// a regular file is an Error, so that a fifo put there makes nobody wait.
std::optional<std::string> read_config(const Dir &tree, const TreePath &path);

/// What open(path, "w") does: writes through a link, keeps mode and owner of what exists; a new file gets 0666 less the
/// umask.
void overwrite_config(const Dir &tree, const TreePath &path, std::string_view text);

/// Creates a file (and /etc before it) with exactly this mode; something in its place is an Error.
void create_config(const Dir &tree, const TreePath &path, std::string_view text, mode_t mode = 0644);

/// Removes a file or link; says so when there was one, as a stage that replaces what a package put there does.
void remove_config(const Dir &tree, const TreePath &path);

/// Directories with exactly 0755 where there are none.
Dir make_config_dirs(const Dir &tree, const TreePath &path);

}  // namespace osb::stages
