// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/mount.hpp"
#include "lib/sandbox/spec.hpp"

namespace osb::sandbox {

/// A Spec's root, standing on the disk as long as this lives.
struct MadeRoot {
    std::filesystem::path path;
    std::vector<Bind> binds = {};            ///< to be mounted in it, before the Spec's own
    std::vector<AttachedMount> mounts = {};  ///< what `path` and the sources of `binds` are
};

/// How a build tree becomes a root. `overlay` needs nothing of the tree; `binds` is for trees the kernel stacks no
/// overlay on.
enum class RootMethod { overlay_or_binds, binds };

struct Skeleton;

/// Makes roots. The runtime makes mount points it misses in the root directory, before it becomes read-only: so every
/// root made here has them all already, in a *skeleton*, an otherwise empty tree. Over a build tree the skeleton is
/// laid as an overlay without upper directory, so that nothing ever reaches the tree. Skeletons are made once and
/// shared. For several threads.
class RootMaker {
public:
    /// Skeletons go into the existing directory `skeletons`.
    explicit RootMaker(std::filesystem::path skeletons, RootMethod method = RootMethod::overlay_or_binds)
        : skeletons_(std::move(skeletons)), method_(method) {}

    /// Overlays are mounted on directories made in `place`.
    MadeRoot make(const Spec &spec, const std::filesystem::path &place);

private:
    std::filesystem::path make_skeleton(const Skeleton &skeleton);

    std::filesystem::path skeletons_;
    RootMethod method_;
    std::mutex mutex_;
    std::map<std::string, std::filesystem::path> made_;
    int count_ = 0;
};

}  // namespace osb::sandbox
