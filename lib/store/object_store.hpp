// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/temp_dir.hpp"
#include "lib/store/object.hpp"

namespace osb::store {

/// How the first write() makes a base's content writable.
enum class Driver {
    automatic,  ///< the first of these that the store's file system can do
    reflink,    ///< each file shares its blocks with the base's until one is written (FICLONE: xfs, btrfs)
    copy,       ///< each file is copied; holes stay holes
};

struct Options {
    /// Anything but automatic is refused at once where the file system cannot do it.
    Driver driver = Driver::automatic;
    /// Called with the directory tmp/RUN of each dead run before it is removed, so that the sandbox can end what it
    /// left outside (runtime state, cgroups). When it throws, the directory stays for the next run and a warning is
    /// logged.
    std::function<void(const std::filesystem::path &run_directory)> reap = {};
};

/// What the store's file system has left for this process.
struct Room {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;  ///< inodes; the largest number where the file system has no limit
};

/// An id and what it refers to.
struct Ref {
    std::string id;
    std::string treesum;    ///< empty when the ref is no link into objects/
    bool complete = false;  ///< the object is there
    bool operator==(const Ref &) const = default;
};

/// Trees under ids. What the ids mean is the caller's business; here they are names of 1 to 200 of the characters
/// `0-9 A-Z a-z . _ : -`, not beginning with a dot.
///
/// Thread-safe, and any number of processes share one store. The files inside are described in layout.hpp; what this
/// class promises is design.md, section 4, and tests/store has a test per promise.
///
/// The process should be in a mount namespace of its own (enter_private_mount_namespace): Readers and Writers are
/// mounts.
class ObjectStore {
public:
    /// Opens the store at `root`, or makes an empty one where there is nothing or an empty directory. Anything else
    /// that is there is refused, as is a store of a newer format. Removes what dead runs have left in tmp/ (not on a
    /// read-only file system, where a store can still be asked and nothing else).
    explicit ObjectStore(std::filesystem::path root, Options options = {});
    ObjectStore(const ObjectStore &) = delete;
    ObjectStore &operator=(const ObjectStore &) = delete;
    /// close(), but a Reader or Writer that lives loses its mount, and what cannot be removed is only logged.
    ~ObjectStore();

    /// An Object that shows the object behind id `base`, or without one an empty tree. Copies nothing. What `base`
    /// refers to is decided now: a later commit under that id does not change this Object. Throws when the store holds
    /// no such id.
    Object new_object(std::optional<std::string> base = std::nullopt);
    /// The same, said by whoever only reads: `store.get(id).read()`.
    Object get(std::optional<std::string> id) { return new_object(std::move(id)); }

    /// Whether the id refers to an object that is there. False for what cannot be an id.
    bool contains(std::string_view id) const;
    /// What the id refers to; nullopt when contains() is false.
    std::optional<std::string> treesum_of(std::string_view id) const;
    /// All refs, sorted by id, those to lost objects among them.
    std::vector<Ref> refs() const;

    /// Makes the Object's content visible under `id`, once it is complete and on disk, and returns its treesum. An id
    /// that is there already refers to the new content from here on; what it referred to stays in the store. When this
    /// content is in the store already, the present copy is used.
    ///
    /// The Object is then reset: an unwritten one based on `id`. Throws AccessError, with the Object as it was, while a
    /// Reader or Writer lives. When anything else is thrown, what was written is gone and the Object shows its former
    /// base.
    std::string commit(Object &object, std::string_view id);

    /// Keeps a small text under the id, whether or not it is committed yet: set it before the commit, and whoever sees
    /// the id sees the note. Replaced as a whole, on disk on return.
    void set_note(std::string_view id, std::string_view text);
    std::optional<std::string> note(std::string_view id) const;

    /// A directory in flight, gone at the end of its scope, and when osb dies with the next run.
    TempDir scratch(std::string_view prefix);
    /// This run's directory in tmp/, made at the first call, removed by close().
    std::filesystem::path run_directory();
    /// Where fetched bytes lie under their checksum; laid out by the engine.
    std::filesystem::path sources() const;
    const std::filesystem::path &root() const noexcept;
    Room room() const;

    /// The strategy in use, never `automatic`.
    Driver driver() const noexcept;
    const char *driver_name() const noexcept;

    /// Cleans up all Objects, and removes this run's directory with all it holds; the store cannot be used afterwards.
    /// Throws AccessError, with nothing changed, while a Reader or Writer lives.
    void close();

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// "reflink", "copy"; "automatic".
const char *name_of(Driver driver) noexcept;
/// The opposite; throws (Blame::usage) for other names, with those there are.
Driver driver_of(std::string_view name);

}  // namespace osb::store
