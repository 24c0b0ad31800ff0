// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>

namespace osb {

/// Owns one file descriptor, or none. Closing is silent; whoever must know whether data arrived calls fsync first.
class Fd {
public:
    Fd() = default;
    explicit Fd(int number) noexcept : number_(number) {}
    Fd(Fd &&other) noexcept : number_(std::exchange(other.number_, none)) {}
    Fd &operator=(Fd &&other) noexcept {
        if (this != &other) reset(std::exchange(other.number_, none));
        return *this;
    }
    Fd(const Fd &) = delete;
    Fd &operator=(const Fd &) = delete;
    ~Fd() { reset(); }

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ != none; }
    [[nodiscard("the caller closes it now")]] int release() noexcept { return std::exchange(number_, none); }
    void reset(int number = none) noexcept;
    /// A second descriptor (close-on-exec) for the same open file.
    Fd duplicate() const;
    /// A path that names the open file while this Fd lives: /proc/self/fd/N.
    std::string proc_path() const;

private:
    static constexpr int none = -1;
    int number_ = none;
};

/// open(2) with O_CLOEXEC added. Throws "open PATH: ...".
Fd open_file(const std::filesystem::path &path, int flags, mode_t mode = 0);

/// Writes all of `data`, through short writes and EINTR. `what` names the target in the Error.
void write_all(const Fd &fd, std::span<const std::byte> data, std::string_view what);
void write_all(const Fd &fd, std::string_view text, std::string_view what);

/// Reads up to `room.size()` bytes; 0 at the end. Retries EINTR.
size_t read_some(const Fd &fd, std::span<std::byte> room, std::string_view what);

/// Reads to the end of the file; more than `limit` bytes is an Error.
std::string read_all(const Fd &fd, std::string_view what, size_t limit = size_t{1} << 30);
std::string read_file(const std::filesystem::path &path, size_t limit = size_t{1} << 30);
/// The same for a file that somebody named: that it cannot be read is their slip (Blame::usage), not the machine's.
std::string read_given_file(const std::filesystem::path &path, size_t limit = size_t{64} << 20);

/// Creates or replaces a file in place (not atomically; see AtomicFile).
void write_file(const std::filesystem::path &path, std::string_view text, mode_t mode = 0644);

/// The two ends of a pipe, both close-on-exec.
struct Pipe {
    Fd read;
    Fd write;
    static Pipe make();
};

}  // namespace osb
