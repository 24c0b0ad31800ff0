// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/base/tree_walk.hpp"

namespace osb::oci {

/// The typeflag of a tar entry (POSIX.1-2017, pax, "ustar Interchange Format").
enum class TarType : char {
    file = '0',
    hard_link = '1',
    symlink = '2',
    character_device = '3',
    block_device = '4',
    directory = '5',
    fifo = '6',
};

/// What one tar header says. A value; names are raw bytes.
struct TarEntry {
    std::string name;  ///< a directory's ends in '/'
    TarType type = TarType::file;
    std::uint32_t mode = 0644;  ///< permissions with setuid, setgid and sticky
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::uint64_t size = 0;               ///< of the data that follows; files only
    std::int64_t mtime = 0;               ///< seconds since 1970, may be negative
    std::uint32_t mtime_nanoseconds = 0;  ///< 0: whole seconds
    std::string link;                     ///< target of a hard_link or symlink
    std::uint32_t device_major = 0;
    std::uint32_t device_minor = 0;
    std::vector<Xattr> xattrs;
};

inline constexpr size_t tar_block_size = 512;

/// The header of `entry`: one ustar block, with a pax extended header before it where ustar cannot say all of it: names
/// longer than ustar's or not UTF-8 (raw bytes, hdrcharset=BINARY), sizes over 8 GiB, ids over 2 097 151, times that
/// are negative, far or have a fraction, extended attributes (SCHILY.xattr.NAME, raw values). No user and group names,
/// no access and change times, no process id: equal entries have equal bytes. A multiple of 512 bytes.
std::string tar_header(const TarEntry &entry);

/// One block that fits a size of any magnitude without changing its length (base 256 above 8 GiB), for a header that is
/// written before the size is known and again after. The name is at most 100 bytes of ASCII.
std::string fixed_tar_header(const TarEntry &entry);

/// The zero bytes that fill up the last block of `size` bytes of data: 0 … 511.
constexpr size_t tar_padding(std::uint64_t size) {
    return (tar_block_size - size % tar_block_size) % tar_block_size;
}

/// What ends an archive: two empty blocks.
inline constexpr size_t tar_end_size = 2 * tar_block_size;

}  // namespace osb::oci
