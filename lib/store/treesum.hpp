// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "lib/base/fd.hpp"
#include "lib/base/sink.hpp"

namespace osb::store {

/// The treesum: a name for all that a tree is, and for nothing that depends on when, where or how it was made.
///
///     treesum  = lower-case hexadecimal of SHA-256(listing)
///     listing  = "osb-treesum 1" LF *entry                ; the root first, then as walk_tree goes: sorted by names
///     entry    = ( inode / link ) LF
///     inode    = kind SP mode SP uid SP gid SP path detail *xattr
///     link     = "h" SP path SP bytes                     ; a further name of the inode listed earlier under that path
///     kind     = "d" / "f" / "l" / "c" / "b" / "p" / "s"  ; directory, file, symlink, char/block device, fifo, socket
///     mode     = 1*4("0"-"7")                             ; permissions, set-id and sticky bits; of a symlink always
///     777 uid, gid, size, major, minor = decimal              ; as this process sees them path     = bytes ; below the
///     root, "" for the root itself detail   = ""                                       ; d, p, s
///              / SP size SP 64hex                         ; f: SHA-256 of the content, holes read as zeros
///              / SP bytes                                 ; l: where it leads
///              / SP major SP minor                        ; c, b
///     xattr    = SP "x" bytes bytes                       ; name and value, sorted by name
///     bytes    = length ":" *OCTET                        ; length in decimal: names, targets and values are any bytes
///
/// Modification times are not in it: two builds of the same content differ in them. Nor are inode numbers, link counts
/// (a name outside the tree is not the tree's), the order of directories, holes, or the flags of chattr(1).

/// Writes the listing of the tree below `root` (a directory) to `listing`. Contents are read and hashed by `threads`
/// threads; 0 means one for each processor. The tree must not change meanwhile.
void list_tree(const Fd &root, Sink &listing, unsigned threads = 0);

/// The treesum of the tree below `root`.
std::string treesum_of_tree(const Fd &root, unsigned threads = 0);

}  // namespace osb::store
