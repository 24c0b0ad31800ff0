// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/atomic_file.hpp"
#include "lib/base/sha256.hpp"
#include "lib/base/sink.hpp"
#include "lib/engine/fetch/checksum.hpp"
#include "lib/engine/fetch/fetch.hpp"

namespace osb::engine {

/// Where the items of all sources of files lie.
std::filesystem::path files_directory(const FetchOptions &options);
void make_files_directory(const FetchOptions &options);

/// The size of the item when the store has it, with its access time set to now. Throws when something that is no file
/// is in its place.
std::optional<std::uint64_t> size_in_store(const FetchOptions &options, const Checksum &checksum);

/// An item on its way into the store: a file in the scratch directory, hashed as the bytes pass. Nobody else sees it,
/// and nothing of it stays unless a Publisher publishes it.
class Landing final : public Sink {
public:
    using Sink::write;
    Landing(const FetchOptions &options, Checksum checksum);

    /// Throws "…: no space left: N needed, M free" when the file system is full.
    void write(std::span<const std::byte> data) override;
    /// Throws the same when `bytes` more will not fit, before they are fetched.
    void expect(std::uint64_t bytes);
    /// Forgets all bytes so far.
    void restart();

    /// Bytes so far.
    std::uint64_t size() const noexcept { return size_; }
    /// Empty when the bytes are what the checksum says; else a sentence. Either way the hash is used up: publish or
    /// restart.
    std::string mismatch();

private:
    friend class Publisher;
    [[noreturn]] void refuse_full(int number) const;
    std::filesystem::path scratch_;
    Checksum checksum_;
    AtomicFile file_;
    Hasher hash_;
    std::uint64_t size_ = 0;
    std::uint64_t expected_ = 0;    ///< bytes still to come, 0 while unknown
    std::uint64_t on_its_way_ = 0;  ///< bytes whose way to the disk has begun
};

/// Gives verified Landings their final names, many at a time: written to disk first, then renamed, then the directory
/// is synced once. Waiting for the disk is most of the cost of a small file, and most of that is shared.
class Publisher {
public:
    explicit Publisher(const FetchOptions &options) : directory_(files_directory(options)) {}

    struct Done {
        size_t index;
        std::uint64_t size;
        std::string error;  ///< empty: it has its final name
        Blame blame;
    };
    void add(size_t index, std::unique_ptr<Landing> landing);
    /// So many at a time share nearly all the cost.
    static constexpr size_t plenty = 32;
    size_t waiting() const noexcept { return waiting_.size(); }
    std::vector<Done> publish();

private:
    struct Waiting {
        size_t index;
        std::unique_ptr<Landing> landing;
    };
    std::filesystem::path directory_;
    std::vector<Waiting> waiting_;
};

}  // namespace osb::engine
