// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/fd.hpp"
#include "lib/base/lock.hpp"
#include "lib/base/temp_dir.hpp"
#include "lib/store/clone.hpp"
#include "lib/store/object_store.hpp"
#include "lib/store/run.hpp"

namespace osb::store::detail {

/// An object in the store, kept from being removed while this lives: a shared lock on objects/TREESUM.
struct Held {
    std::string treesum;
    FileLock lock;
    /// The tree itself, opened.
    Fd open_tree() const;
};

/// The store's directories and this process's place in tmp/: what the ObjectStore and its Objects share. Thread-safe.
class Core {
public:
    Core(std::filesystem::path root, Driver driver);

    const std::filesystem::path &root() const noexcept { return root_; }
    const Fd &root_fd() const noexcept { return root_fd_; }
    Driver driver() const noexcept { return driver_; }

    /// What refs/ID says, whether or not the object is there; nullopt when there is no such ref or it is no link into
    /// objects/.
    std::optional<std::string> resolve(std::string_view id) const;
    bool has_object(std::string_view treesum) const;
    /// Throws when the object is not there.
    Held hold(const std::string &treesum) const;

    /// tmp/RUN for as long as the store is open.
    std::filesystem::path run_directory();
    /// A directory in tmp/RUN, which is made when needed.
    TempDir make_in_run(std::string_view prefix);
    /// Removes tmp/RUN when nothing is in it and nobody asked for its name.
    void leave_run_if_empty() noexcept;
    /// Removes tmp/RUN with all it holds.
    void remove_run();

    Room room() const;

private:
    const std::filesystem::path &run_path();

    std::filesystem::path root_;
    Fd root_fd_;  ///< opened before anything is written, so that syncfs(2) on it tells of every write that got lost
    Driver driver_;
    std::mutex mutex_;
    std::optional<Run> run_;
    bool run_is_known_ = false;
};

/// Whether it is about a full disk, a quota, or no inodes left.
bool means_no_room(const Error &error) noexcept;
/// "it needs 1.2 GB in 40000 files, and /var/cache/osb has 300.0 MB and 6553600 files free".
std::string room_sentence(const Core &core, const TreeSize &needed);

}  // namespace osb::store::detail
