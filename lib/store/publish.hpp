// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "lib/store/core.hpp"

namespace osb::store::detail {

/// The three steps of a commit, in this order. WORK is an Object's work directory, in which all is that is in flight.

/// Makes the link that will be the ref, early: the sync of publish_object covers it.
void prepare_ref(const std::filesystem::path &work, const std::string &treesum);
/// Takes back what prepare_ref made, when the commit got no further.
void remove_prepared_ref(const std::filesystem::path &work) noexcept;

/// The tree in WORK/object becomes objects/TREESUM, unless that is there already; then that is used and the tree stays
/// where it is. On return everything is on disk, and what the id will refer to is held.
Held publish_object(const Core &core, const std::filesystem::path &work, const std::string &treesum);

/// refs/ID is replaced by the prepared link, on disk on return.
void publish_ref(const Core &core, const std::filesystem::path &work, std::string_view id);

/// rename(2) as publish_object calls it. Tests replace it to answer what the file system under them never does.
extern int (*rename_object)(const char *from, const char *to);

}  // namespace osb::store::detail
