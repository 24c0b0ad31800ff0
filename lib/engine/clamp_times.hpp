// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/fd.hpp"

namespace osb::engine {

/// Sets access and modification time of every entry that is younger than `epoch` to it (the root included, links not
/// followed), so that a tree does not tell when it was built. Entries that do not allow it (immutable ones) keep
/// theirs.
void clamp_times(const Fd &tree, EpochSeconds epoch);

}  // namespace osb::engine
