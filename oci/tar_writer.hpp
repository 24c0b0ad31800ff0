// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "lib/base/clock.hpp"
#include "lib/base/fd.hpp"
#include "lib/base/sink.hpp"
#include "lib/base/tree_walk.hpp"

namespace osb::oci {

/// How write_tar writes. The defaults are those of an image layer without an epoch.
struct TarOptions {
    /// Times newer than this become this; fractions of a second are cut from all.
    std::optional<EpochSeconds> clamp_mtime = std::nullopt;
    /// Fractions of a second, without clamp_mtime. Keeping them costs 1 KiB an entry that has one; layers do without.
    enum class Fractions { cut, keep } fractions = Fractions::cut;
    /// Whether the tree's own directory is the first entry, "./".
    enum class RootEntry { include, omit } root = RootEntry::include;
    /// Names that begin with ".wh." mean a removal in an image layer (image-spec, layer.md): there they are an Error.
    enum class WhiteoutNames { allow, refuse } whiteout_names = WhiteoutNames::allow;
    /// Which entries are written; what is below a directory is asked about itself. Empty: all.
    std::function<bool(const TreeEntry &)> select = {};
    /// Which of the extended attributes a tar can carry (user.*, trusted.*, security.*, POSIX ACLs; never overlayfs's)
    /// are written. Empty: all.
    std::function<bool(std::string_view name)> keep_xattr = {};
    /// Told the size of the archive so far, about once a megabyte, on the caller's thread. May throw to stop.
    std::function<void(std::uint64_t bytes)> progress = {};
};

struct TarSummary {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;            ///< size of the archive
    std::uint64_t sockets_skipped = 0;  ///< a tar has no sockets; each is told at -v
};

/// Writes the tree at `root` (a directory) as one tar: same tree and options, same bytes. Entries come in walk_tree's
/// order, owners are numbers only, the first name of a hard-linked file carries the data, holes are written as zeroes.
/// File capabilities of user namespaces (revision 3) become plain ones (revision 2). Throws when a file changes its
/// size meanwhile. `out` gets pieces of up to 64 KiB; an Error leaves it with the beginning of an archive.
TarSummary write_tar(const Fd &root, Sink &out, const TarOptions &options = {});

}  // namespace osb::oci
