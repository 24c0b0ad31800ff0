// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/clamp_times.hpp"

#include <array>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/error.hpp"
#include "lib/base/tree_walk.hpp"

namespace osb::engine {

void clamp_times(const Fd &tree, EpochSeconds epoch) {
    const timespec time{.tv_sec = epoch, .tv_nsec = 0};
    const std::array<timespec, 2> times{time, time};
    walk_tree(tree, [&](const TreeEntry &entry) {
        const timespec &modified = entry.status.st_mtim;
        if (modified.tv_sec < epoch || (modified.tv_sec == epoch && modified.tv_nsec == 0)) return;
        const int result = entry.is_root()
                               ? ::futimens(entry.parent.get(), times.data())
                               : ::utimensat(entry.parent.get(), entry.name.c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
        if (result == -1 && errno != EPERM) check(-1, "set the time of /{}", entry.path);
    });
}

}  // namespace osb::engine
