// SPDX-License-Identifier: Apache-2.0
//
// The data go through a ring of blocks. Each block is filled by the caller, then hashed (in order), compressed (in any
// order) and written (in order). There is no thread for a job: each worker takes what is most urgent, so that all CPUs
// are busy whatever the jobs cost, and what the blocks hold never depends on who was ready first.
#include "oci/compress.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <sched.h>
#include <system_error>
#include <thread>
#include <vector>

#include <libdeflate.h>
#include <zstd.h>

#include "lib/base/error.hpp"

namespace osb::oci {
namespace {

constexpr size_t block_size = size_t{1} << 20;
constexpr size_t piece_size = size_t{1} << 16;  // of what is written, see tar_writer.cpp
constexpr int default_gzip_level = 2;
constexpr int default_zstd_level = 3;

struct FreeDeflate {
    void operator()(libdeflate_compressor *compressor) const { libdeflate_free_compressor(compressor); }
};
struct FreeZstd {
    void operator()(ZSTD_CCtx *context) const { ZSTD_freeCCtx(context); }
};

/// Compresses whole blocks. One for each thread; the result depends on the block alone.
class BlockCompressor {
public:
    BlockCompressor(Compression compression, int level) : level_(level) {
        if (compression == Compression::gzip) deflate_.reset(libdeflate_alloc_compressor(level));
        if (compression == Compression::zstd) zstd_.reset(ZSTD_createCCtx());
        if (compression != Compression::none && !deflate_ && !zstd_) throw_errno(ENOMEM, "prepare to compress");
    }

    void compress(std::span<const std::byte> from, std::vector<std::byte> &to) {
        if (deflate_) {
            to.resize(libdeflate_gzip_compress_bound(deflate_.get(), from.size()));
            const size_t size =
                libdeflate_gzip_compress(deflate_.get(), from.data(), from.size(), to.data(), to.size());
            OSB_ASSERT(size != 0);
            to.resize(size);
        } else {
            to.resize(ZSTD_compressBound(from.size()));
            const size_t size = ZSTD_compressCCtx(zstd_.get(), to.data(), to.size(), from.data(), from.size(), level_);
            OSB_ASSERT(!ZSTD_isError(size));
            to.resize(size);
        }
    }

private:
    int level_;
    std::unique_ptr<libdeflate_compressor, FreeDeflate> deflate_;
    std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd_;
};

unsigned usable_cpus() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
    return std::max(1U, std::thread::hardware_concurrency());
}

int level_of(const CompressOptions &options) {
    switch (options.compression) {
        case Compression::none:
            return 0;
        case Compression::gzip: {
            const int level = options.level == 0 ? default_gzip_level : options.level;
            if (level < 1 || level > 12) fail(Blame::usage, "gzip has levels 1 to 12, not {}", options.level);
            return level;
        }
        case Compression::zstd: {
            const int level = options.level == 0 ? default_zstd_level : options.level;
            if (level < 1 || level > ZSTD_maxCLevel())
                fail(Blame::usage, "zstd has levels 1 to {}, not {}", ZSTD_maxCLevel(), options.level);
            return level;
        }
    }
    OSB_ASSERT(false);
}

}  // namespace

const char *name_of(Compression compression) {
    switch (compression) {
        case Compression::none:
            return "none";
        case Compression::gzip:
            return "gzip";
        case Compression::zstd:
            return "zstd";
    }
    return "?";
}

Compression parse_compression(std::string_view name) {
    for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd})
        if (name == name_of(compression)) return compression;
    fail(Blame::usage, "compression {}: none, gzip and zstd are known", name);
}

class CompressSink::Pipeline {
public:
    Pipeline(Sink &out, const CompressOptions &options)
        : out_(out), compression_(options.compression), level_(level_of(options)) {
        const unsigned threads = options.threads == 0 ? usable_cpus() : options.threads;
        blocks_.resize(threads + 3);
        start(threads);
    }

    ~Pipeline() { stop(); }

    void write(std::span<const std::byte> data) {
        while (!data.empty()) {
            Block &block = block_to_fill();
            const size_t count = std::min(data.size(), block_size - block.plain.size());
            block.plain.insert(block.plain.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
            data = data.subspan(count);
            if (block.plain.size() == block_size) hand_over();
        }
    }

    BlobSummary finish() {
        // A stream of no bytes still needs a member to be a gzip file.
        if (is_filling_ || (filled_ == 0 && compression_ != Compression::none)) {
            block_to_fill();
            hand_over();
        }
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return failure_ || done() == filled_; });
            rethrow(lock);
        }
        stop();
        const Sha256Digest plain = plain_hash_.finish();
        const Sha256Digest stored = compression_ == Compression::none ? plain : hash_.finish();
        return {.plain_digest = plain, .plain_size = plain_size_, .digest = stored, .size = size_};
    }

private:
    /// Blocks are counted from 0; number n lies in blocks_[n % blocks_.size()].
    struct Block {
        std::vector<std::byte> plain;
        std::vector<std::byte> compressed;
        bool is_compressed = false;
    };
    enum class Job { hash, compress, write };
    struct Task {
        Job job;
        Block &block;
    };

    /// Where threads are rationed one will do; none is an Error.
    void start(unsigned threads) {
        try {
            for (unsigned i = 0; i < threads; i++) workers_.emplace_back([this] { work(); });
        } catch (const std::system_error &error) {
            if (workers_.empty()) throw Error("start a thread", error.code());
        }
    }

    Block &at(std::uint64_t number) { return blocks_[number % blocks_.size()]; }

    Block &block_to_fill() {
        if (!is_filling_) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return failure_ || filled_ - done() < blocks_.size(); });
            rethrow(lock);
            is_filling_ = true;
            at(filled_).plain.clear();
            at(filled_).plain.reserve(block_size);
            at(filled_).is_compressed = false;
        }
        return at(filled_);
    }

    void hand_over() {
        const std::lock_guard lock(mutex_);
        is_filling_ = false;
        filled_++;
        changed_.notify_all();
    }

    /// How many blocks need nothing more.
    std::uint64_t done() const { return std::min(hashed_, written_); }

    /// The most urgent job nobody does yet: what is nearest to the end frees a block soonest.
    std::optional<Task> next_task() {
        if (!is_writing_ && written_ < filled_ && (compression_ == Compression::none || at(written_).is_compressed)) {
            is_writing_ = true;
            return Task{Job::write, at(written_)};
        }
        if (!is_hashing_ && hashed_ < filled_) {
            is_hashing_ = true;
            return Task{Job::hash, at(hashed_)};
        }
        if (compression_ != Compression::none && taken_ < filled_) return Task{Job::compress, at(taken_++)};
        return std::nullopt;
    }

    void do_task(const Task &task, std::optional<BlockCompressor> &compressor) {
        Block &block = task.block;
        switch (task.job) {
            case Job::hash:
                plain_hash_.update(std::span<const std::byte>(block.plain));
                plain_size_ += block.plain.size();
                break;
            case Job::compress:
                if (!compressor) compressor.emplace(compression_, level_);
                compressor->compress(block.plain, block.compressed);
                break;
            case Job::write: {
                const std::span<const std::byte> stored =
                    compression_ == Compression::none ? block.plain : block.compressed;
                size_ += stored.size();
                for (size_t at = 0; at < stored.size(); at += piece_size) {
                    const std::span<const std::byte> piece =
                        stored.subspan(at, std::min(piece_size, stored.size() - at));
                    if (compression_ != Compression::none) hash_.update(piece);
                    out_.write(piece);
                }
                break;
            }
        }
    }

    void note_done(const Task &task) {
        switch (task.job) {
            case Job::hash:
                is_hashing_ = false;
                hashed_++;
                break;
            case Job::compress:
                task.block.is_compressed = true;
                break;
            case Job::write:
                is_writing_ = false;
                written_++;
                break;
        }
        changed_.notify_all();
    }

    void work() {
        std::optional<BlockCompressor> compressor;
        std::unique_lock lock(mutex_);
        while (!is_stopping_ && !failure_) {
            const std::optional<Task> task = next_task();
            if (!task) {
                changed_.wait(lock);
                continue;
            }
            lock.unlock();
            try {
                do_task(*task, compressor);
            } catch (...) {
                lock.lock();
                if (!failure_) failure_ = std::current_exception();
                changed_.notify_all();
                return;
            }
            lock.lock();
            note_done(*task);
        }
    }

    void rethrow(std::unique_lock<std::mutex> &lock) {
        if (!failure_) return;
        const std::exception_ptr failure = failure_;
        lock.unlock();
        std::rethrow_exception(failure);
    }

    void stop() {
        {
            const std::lock_guard lock(mutex_);
            is_stopping_ = true;
            changed_.notify_all();
        }
        for (std::thread &worker : workers_)
            if (worker.joinable()) worker.join();
    }

    Sink &out_;
    Compression compression_;
    int level_;
    Sha256 plain_hash_;  ///< with none, the stored form's as well
    Sha256 hash_;
    std::uint64_t plain_size_ = 0;
    std::uint64_t size_ = 0;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Block> blocks_;
    bool is_filling_ = false;    ///< the caller's: block number filled_ is being filled
    std::uint64_t filled_ = 0;   ///< how many blocks were handed over,
    std::uint64_t taken_ = 0;    ///< were taken by somebody who compresses them,
    std::uint64_t hashed_ = 0;   ///< were hashed,
    std::uint64_t written_ = 0;  ///< were written
    bool is_hashing_ = false;
    bool is_writing_ = false;
    bool is_stopping_ = false;
    std::exception_ptr failure_;
    std::vector<std::thread> workers_;
};

CompressSink::CompressSink(Sink &out, const CompressOptions &options)
    : pipeline_(std::make_unique<Pipeline>(out, options)) {}
CompressSink::~CompressSink() = default;
void CompressSink::write(std::span<const std::byte> data) {
    pipeline_->write(data);
}
BlobSummary CompressSink::finish() {
    return pipeline_->finish();
}

}  // namespace osb::oci
