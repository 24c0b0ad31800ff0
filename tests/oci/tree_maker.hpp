// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "lib/base/fd.hpp"

namespace osb::oci::test {

enum class Order { forwards, backwards };

/// Fills an empty directory with one of everything a tar can carry: setuid, owners, hard links, devices, fifos,
/// symlinks, extended attributes, file capabilities, ACLs, long and non-UTF-8 names, a sparse file, odd times. Needs
/// root. The order in which things are made must not show in any archive of it.
void make_rich_tree(const std::filesystem::path &root, Order order = Order::forwards);

enum class Times { exact, whole_seconds, ignored };

/// One line an entry with all that should survive: type, mode, owner, time, size and digest, link, device, hard-link
/// group, xattrs.
std::string describe(const std::filesystem::path &root, Times times = Times::exact);

Fd open_root(const std::filesystem::path &root);

}  // namespace osb::oci::test
