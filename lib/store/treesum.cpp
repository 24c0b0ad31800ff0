// SPDX-License-Identifier: Apache-2.0
#include "lib/store/treesum.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/sysmacros.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/base/sha256.hpp"
#include "lib/base/tree_walk.hpp"
#include "lib/store/deep_path.hpp"

namespace osb::store {
namespace {

/// One line of the listing. A file's digest stands between head and tail and is filled in by whoever hashes it.
struct Line {
    std::string head;
    std::string tail;
    std::string path;  ///< of a regular file; empty for the rest
    std::uint64_t size = 0;
    Sha256Digest digest;
};

std::string bytes_of(std::string_view text) {
    std::string out = std::to_string(text.size());
    out += ':';
    out += text;
    return out;
}

char kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFDIR:
            return 'd';
        case S_IFREG:
            return 'f';
        case S_IFLNK:
            return 'l';
        case S_IFCHR:
            return 'c';
        case S_IFBLK:
            return 'b';
        case S_IFIFO:
            return 'p';
        case S_IFSOCK:
            return 's';
        default:
            fail(Blame::environment, "a file of unknown type {:o}", mode & S_IFMT);
    }
}

std::string xattrs_of(const TreeEntry &entry) {
    std::string out;
    for (const auto &[name, value] : read_xattrs(entry)) out += " x" + bytes_of(name) + bytes_of(value);
    return out;
}

std::string head_of(const TreeEntry &entry) {
    const struct stat &status = entry.status;
    std::string head = format("{} {:o} {} {} {}", kind_of(status.st_mode), status.st_mode & 07777U, status.st_uid,
                              status.st_gid, bytes_of(entry.path));
    if (entry.is_regular())
        head += format(" {} ", status.st_size);
    else if (entry.is_symlink())
        head += " " + bytes_of(entry.link_target());
    else if (entry.is_device())
        head += format(" {} {}", major(status.st_rdev), minor(status.st_rdev));
    return head;
}

/// Hashes files while the walk still finds more of them.
class Hashers {
public:
    Hashers(const Fd &root, unsigned threads) : root_(root) {
        if (threads == 0) threads = std::clamp(std::thread::hardware_concurrency(), 1U, 64U);
        for (unsigned i = 1; i < threads; i++) workers_.emplace_back([this] { work(); });
    }
    Hashers(const Hashers &) = delete;
    Hashers &operator=(const Hashers &) = delete;
    ~Hashers() {
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        end();
    }

    void add(Line &line) {
        batch_.push_back(&line);
        if (batch_.size() == batch_size) hand_over();
    }

    /// Joins in, and returns when all are done; throws what a worker threw.
    void finish() {
        hand_over();
        {
            const std::lock_guard lock(mutex_);
            complete_ = true;
        }
        changed_.notify_all();
        work();
        end();
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    using Batch = std::vector<Line *>;
    static constexpr size_t batch_size = 32;

    void hand_over() {
        {
            const std::lock_guard lock(mutex_);
            queue_.push_back(std::move(batch_));
        }
        batch_.clear();
        changed_.notify_one();
    }

    void end() {
        changed_.notify_all();
        workers_.clear();  // joins
    }

    void work() {
        std::vector<std::byte> room(size_t{256} << 10);
        Sha256 hash;
        while (true) {
            Batch batch;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [&] { return stopped_ || complete_ || !queue_.empty(); });
                if (stopped_ || queue_.empty()) return;
                batch = std::move(queue_.front());
                queue_.pop_front();
            }
            try {
                for (Line *line : batch) digest(*line, hash, room);
            } catch (...) {
                const std::lock_guard lock(mutex_);
                if (!failure_) failure_ = std::current_exception();
                stopped_ = true;
                changed_.notify_all();
            }
        }
    }

    void digest(Line &line, Sha256 &hash, std::span<std::byte> room) const {
        const Fd file = detail::open_deep(root_, line.path, O_RDONLY | O_NOATIME);
        std::uint64_t done = 0;
        while (const size_t count = read_some(file, room, line.path)) {
            hash.update(room.first(count));
            done += count;
        }
        if (done != line.size) fail(Blame::environment, "/{} changed while it was read", line.path);
        line.digest = hash.finish();
        line.path = {};
    }

    const Fd &root_;
    Batch batch_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Batch> queue_;
    bool complete_ = false;  ///< no more will come
    bool stopped_ = false;   ///< nobody wants the rest
    std::exception_ptr failure_;
    std::vector<std::jthread> workers_;  // last: they use all of the above
};

}  // namespace

void list_tree(const Fd &root, Sink &listing, unsigned threads) {
    std::deque<Line> lines;  // a deque: the hashers keep addresses
    std::map<std::pair<dev_t, ino_t>, std::string> first_names;
    const Sha256Digest nothing = Sha256::of("");
    Hashers hashers(root, threads);
    walk_tree(root, [&](const TreeEntry &entry) {
        const struct stat &status = entry.status;
        Line &line = lines.emplace_back();
        if (!entry.is_directory() && status.st_nlink > 1) {
            const auto [known, is_first] = first_names.try_emplace({status.st_dev, status.st_ino}, entry.path);
            if (!is_first) {
                line.head = "h " + bytes_of(entry.path) + " " + bytes_of(known->second);
                return;
            }
        }
        line.head = head_of(entry);
        line.tail = xattrs_of(entry);
        if (entry.is_regular()) {
            line.path = entry.path;
            line.size = static_cast<std::uint64_t>(status.st_size);
            if (line.size != 0)
                hashers.add(line);
            else
                line.digest = nothing;
        }
    });
    hashers.finish();

    constexpr size_t piece = size_t{64} << 10;
    std::string text = "osb-treesum 1\n";
    for (const Line &line : lines) {
        text += line.head;
        if (line.head.front() == 'f') text += line.digest.hex();
        text += line.tail;
        text += '\n';
        if (text.size() >= piece) {
            listing.write(text);
            text.clear();
        }
    }
    listing.write(text);
}

std::string treesum_of_tree(const Fd &root, unsigned threads) {
    HashSink hash;
    list_tree(root, hash, threads);
    return hash.finish().hex();
}

}  // namespace osb::store
