// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>

#include "lib/base/lock.hpp"

namespace osb::store::detail {

/// tmp/RUN: the directory that holds what one process has in flight, locked while that process lives.
class Run {
public:
    static Run make(const std::filesystem::path &tmp);
    const std::filesystem::path &path() const noexcept { return path_; }

private:
    Run(std::filesystem::path path, FileLock lock) : path_(std::move(path)), lock_(std::move(lock)) {}
    std::filesystem::path path_;
    FileLock lock_;
};

using Reap = std::function<void(const std::filesystem::path &run_directory)>;

/// Removes from tmp/ what no living process owns, while other processes do the same and start new runs. What cannot be
/// removed is logged and left. `hook` may be empty.
void reap_dead_runs(const std::filesystem::path &tmp, const Reap &hook);

/// Called by Run::make between making a directory and locking it, when others may take it for dead. Does nothing; tests
/// put such another in its place.
extern void (*run_not_yet_locked)(const std::filesystem::path &run_directory);

}  // namespace osb::store::detail
