// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "lib/base/dir.hpp"
#include "lib/base/fd.hpp"

namespace osb::oci {

struct UnpackOptions {
    /// Owners as the archive says (needs the right to chown), or all of them this process.
    enum class Owners { as_archived, mine } owners = Owners::as_archived;
    /// A directory of the archive whose place is taken by a symlink to a directory: the link goes, or it stays and what
    /// belongs below lands where it leads (a merged /usr).
    enum class DirectoryLinks { replace, keep } directory_links = DirectoryLinks::replace;
    /// That many leading components are cut off names and hard link targets; entries that have no more are left out.
    unsigned strip_components = 0;
    /// Whether to unpack the entry of that name (as it is after stripping, without "./" and a final '/'). Empty: all.
    std::function<bool(std::string_view name)> select = {};
    /// Which extended attributes are set. Empty: all.
    std::function<bool(std::string_view name)> keep_xattr = {};
    /// Told the bytes of the archive read so far (before decompression). May throw to stop.
    std::function<void(std::uint64_t bytes)> progress = {};
};

struct UnpackSummary {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;  ///< of file content written
};

/// Unpacks a tar (ustar, pax, GNU, v7), plain or compressed with gzip, xz, zstd or bzip2, into a directory with all its
/// metadata: owners, modes, times, links, devices, extended attributes and ACLs; directories get theirs at the end.
/// What stands in an entry's place is replaced, except a directory that is not empty. Numeric owners are used, names
/// are not.
///
/// The archive is not trusted. An entry or hard link whose name is absolute or has a `..` component is refused, and so
/// is one that passes through a symlink which this archive made; symlinks that were there before are followed inside
/// the tree only (they cannot lead out). Each refusal is an Error (Blame::build) that names the entry; what was
/// unpacked until then stays. A truncated or damaged archive is an Error, too. `what` names the archive in Errors.
UnpackSummary unpack_tar(const Fd &archive, std::string_view what, const Dir &into, const UnpackOptions &options = {});
UnpackSummary unpack_tar(const std::filesystem::path &archive, const Dir &into, const UnpackOptions &options = {});

}  // namespace osb::oci
