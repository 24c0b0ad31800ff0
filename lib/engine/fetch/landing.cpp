// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/landing.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::engine {
namespace {

/// How many bytes may gather in memory before they are sent to the disk, so that the sync at the end is short.
constexpr std::uint64_t write_behind = std::uint64_t{8} << 20;

std::uint64_t free_bytes(const std::filesystem::path &place) {
    struct statvfs status {};
    check(::statvfs(place.c_str(), &status), "ask for the free space of {}", place.native());
    return std::uint64_t{status.f_bavail} * status.f_frsize;
}

}  // namespace

std::filesystem::path files_directory(const FetchOptions &options) {
    return options.sources / "org.osbuild.files";
}

void make_files_directory(const FetchOptions &options) {
    const auto place = files_directory(options);
    std::error_code code;
    std::filesystem::create_directories(place, code);
    if (code) throw Error(format("make directory {}", place.native()), code);
}

std::optional<std::uint64_t> size_in_store(const FetchOptions &options, const Checksum &checksum) {
    const auto place = files_directory(options) / checksum.text();
    struct stat status {};
    if (::lstat(place.c_str(), &status) == -1) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        check(-1, "look up {}", place.native());
    }
    if (!S_ISREG(status.st_mode))
        fail(Blame::environment, "{}: this is not a file; the store is damaged", place.native());
    const std::array<timespec, 2> times{{{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = UTIME_OMIT}}};
    // Best effort: the store may be somebody else's and read-only.
    (void)::utimensat(AT_FDCWD, place.c_str(), times.data(), AT_SYMLINK_NOFOLLOW);
    return static_cast<std::uint64_t>(status.st_size);
}

Landing::Landing(const FetchOptions &options, Checksum checksum)
    : scratch_(options.scratch),
      checksum_(std::move(checksum)),
      file_(files_directory(options) / checksum_.text(), 0644, scratch_),
      hash_(checksum_.algorithm.c_str()) {}

void Landing::refuse_full(int number) const {
    const std::string needed = expected_ != 0 ? human_size(expected_) + " more needed, " : std::string();
    throw Error(
        format("write {} into the store ({}{} free)", checksum_.text(), needed, human_size(free_bytes(scratch_))),
        std::error_code(number, std::generic_category()));
}

void Landing::expect(std::uint64_t bytes) {
    expected_ = bytes;
    if (bytes > free_bytes(scratch_)) refuse_full(ENOSPC);
}

void Landing::write(std::span<const std::byte> data) {
    hash_.update(data);
    try {
        file_.write(data);
    } catch (const Error &error) {
        if (error.is(std::errc::no_space_on_device) || error.code().value() == EDQUOT)
            refuse_full(error.code().value());
        throw;
    }
    size_ += data.size();
    expected_ -= std::min<std::uint64_t>(expected_, data.size());
    if (size_ - on_its_way_ >= write_behind) {
        ::sync_file_range(file_.fd().get(), static_cast<off_t>(on_its_way_), 0, SYNC_FILE_RANGE_WRITE);
        on_its_way_ = size_;
    }
}

void Landing::restart() {
    check(::ftruncate(file_.fd().get(), 0), "empty {}", checksum_.text());
    check(::lseek(file_.fd().get(), 0, SEEK_SET), "rewind {}", checksum_.text());
    hash_ = Hasher(checksum_.algorithm.c_str());
    size_ = expected_ = on_its_way_ = 0;
}

std::string Landing::mismatch() {
    const std::string actual = hash_.finish_hex();
    if (actual == checksum_.hex) return {};
    return format("the {} bytes have {} {}, not {}", size_, checksum_.algorithm, actual, checksum_.hex);
}

void Publisher::add(size_t index, std::unique_ptr<Landing> landing) {
    ::sync_file_range(landing->file_.fd().get(), 0, 0, SYNC_FILE_RANGE_WRITE);
    waiting_.push_back({.index = index, .landing = std::move(landing)});
}

std::vector<Publisher::Done> Publisher::publish() {
    std::vector<Done> done;
    const auto attempt = [](Done &one, const auto &action) {
        if (!one.error.empty()) return;
        try {
            action();
        } catch (const Error &error) {
            one.error = error.what();
            one.blame = error.blame();
        }
    };
    for (const Waiting &one : waiting_) {
        const Fd &fd = one.landing->file_.fd();
        const std::string name = one.landing->checksum_.text();
        done.push_back({.index = one.index, .size = one.landing->size(), .error = {}, .blame = Blame::environment});
        attempt(done.back(), [&] {
            const std::array<timespec, 2> times{{{.tv_sec = 0, .tv_nsec = UTIME_NOW}, {.tv_sec = 0, .tv_nsec = 0}}};
            check(::futimens(fd.get(), times.data()), "set the time of {}", name);
            check(::fsync(fd.get()), "sync {}", name);
        });
    }
    for (size_t i = 0; i < done.size(); i++)
        attempt(done[i], [&] { waiting_[i].landing->file_.commit(Durability::lazy); });
    waiting_.clear();
    if (!done.empty()) sync_directory(directory_);
    return done;
}

}  // namespace osb::engine
