// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// What lies where in a store, and nowhere else in the code:
///
///     STORE/format                   "osb-store 1" LF; written last when a store is made
///     STORE/CACHEDIR.TAG             so that backups leave it out (bford.info/cachedir)
///     STORE/objects/TREESUM/tree     a committed tree, never changed; what is known about it will lie beside it
///     STORE/refs/ID                  symlink to ../objects/TREESUM
///     STORE/notes/ID                 a small text about the id
///     STORE/sources/                 the engine's
///     STORE/tmp/RUN/                 what one run has in flight; RUN is locked (flock) by its process while it lives
///     STORE/tmp/RUN/object-XXXXXX/object/tree   an Object's own tree; `object` is what a commit renames to
///     objects/TREESUM STORE/tmp/RUN/object-XXXXXX/view-N  where a Reader or Writer shows it
///
/// A directory of one tree around the tree has two reasons: it is never empty, so that rename(2) cannot replace an
/// object that is there already, and it has none of the flags and modes that a stage may have given to the tree's root.
/// objects/ and tmp/ can be entered only by their owner: there are set-id programs in them.
namespace osb::store::layout {

inline constexpr int format_version = 1;

inline constexpr const char *format_file = "format";
inline constexpr const char *cachedir_tag = "CACHEDIR.TAG";
inline constexpr const char *objects = "objects";
inline constexpr const char *refs = "refs";
inline constexpr const char *notes = "notes";
inline constexpr const char *sources = "sources";
inline constexpr const char *tmp = "tmp";
inline constexpr const char *tree = "tree";      ///< in an object
inline constexpr const char *object = "object";  ///< in a work directory

/// "osb-store 1\n" and back; nullopt for anything else.
std::string format_text(int version);
std::optional<int> parse_format(std::string_view text);

/// "../objects/TREESUM" and back; nullopt for anything else.
std::string ref_target(std::string_view treesum);
std::optional<std::string> parse_ref_target(std::string_view target);

/// Whether it may be an id: 1 to 200 of `0-9 A-Z a-z . _ : -`, no dot in front.
bool is_id(std::string_view text) noexcept;
/// Throws (Blame::bug) when it may not.
void check_id(std::string_view text);

/// Opens the store at `root`, making it where there is nothing: see ObjectStore's constructor.
void open_or_create(const std::filesystem::path &root);

}  // namespace osb::store::layout
