// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "lib/base/fd.hpp"

namespace osb {

/// Whether what is committed must survive a power cut at once, or may be synced by the caller later.
enum class Durability { synced, lazy };

/// A file that becomes visible whole or not at all: written under a temporary name in `scratch`, then renamed to its
/// final name. Destroyed uncommitted it leaves nothing behind.
class AtomicFile {
public:
    /// `scratch` must be on the file system of the final name; by default the final name's own directory. `mode` is
    /// exact: no umask.
    explicit AtomicFile(std::filesystem::path final_name, mode_t mode = 0644, std::filesystem::path scratch = {});
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;
    ~AtomicFile();

    const Fd &fd() const noexcept { return fd_; }
    void write(std::span<const std::byte> data) { write_all(fd_, data, final_name_.native()); }
    void write(std::string_view text) { write_all(fd_, text, final_name_.native()); }

    /// Replaces what is at the final name. With Durability::synced the file and the directory entry are on disk on
    /// return.
    void commit(Durability durability = Durability::synced);
    /// The same under another final name, for content that is named by its digest.
    void commit_as(const std::filesystem::path &final_name, Durability durability = Durability::synced);

private:
    std::filesystem::path final_name_;
    std::filesystem::path temporary_;
    Fd fd_;
};

/// fsync(2) of a directory, so that renames in it are on disk.
void sync_directory(const std::filesystem::path &directory);

}  // namespace osb
