// SPDX-License-Identifier: Apache-2.0
#include "lib/store/publish.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/atomic_file.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/store/layout.hpp"

namespace osb::store::detail {

namespace {
constexpr const char *prepared_ref = "ref";
}  // namespace

int (*rename_object)(const char *from, const char *to) = ::rename;

void prepare_ref(const std::filesystem::path &work, const std::string &treesum) {
    const auto link = work / prepared_ref;
    check(::symlink(layout::ref_target(treesum).c_str(), link.c_str()), "make a link in {}", work.native());
}

void remove_prepared_ref(const std::filesystem::path &work) noexcept {
    ::unlink((work / prepared_ref).c_str());
}

Held publish_object(const Core &core, const std::filesystem::path &work, const std::string &treesum) {
    const auto from = work / layout::object;
    const auto objects = core.root() / layout::objects;
    const auto to = objects / treesum;
    // Locked before it can be seen: nobody removes it between the rename and its use.
    FileLock own = FileLock::wait(open_file(from, O_RDONLY | O_DIRECTORY), LockKind::shared, from.native());
    // Once for the whole tree. An fsync for each file costs a journal commit each.
    check(::syncfs(core.root_fd().get()), "sync store {}", core.root().native());
    const bool moved = rename_object(from.c_str(), to.c_str()) == 0;
    const int number = errno;
    // ext4 and xfs answer ENOTEMPTY when it is there, btrfs EEXIST (rename(2) allows both).
    if (!moved && number != ENOTEMPTY && number != EEXIST) throw_errno(number, "move the tree to {}", to.native());
    // Also when another process moved it here: that one may not have come to this line yet.
    sync_directory(objects);
    if (moved) return {.treesum = treesum, .lock = std::move(own)};
    log_debug("object {} is in the store already", treesum);
    return core.hold(treesum);
}

void publish_ref(const Core &core, const std::filesystem::path &work, std::string_view id) {
    const auto refs = core.root() / layout::refs;
    const auto ref = refs / id;
    check(::rename((work / prepared_ref).c_str(), ref.c_str()), "make ref {}", ref.native());
    sync_directory(refs);
}

}  // namespace osb::store::detail
