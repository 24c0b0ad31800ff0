// SPDX-License-Identifier: Apache-2.0
#include "lib/base/fd.hpp"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb {

void Fd::reset(int number) noexcept {
    if (number_ != none) ::close(number_);
    number_ = number;
}

Fd Fd::duplicate() const {
    return Fd(check(::fcntl(number_, F_DUPFD_CLOEXEC, 0), "duplicate descriptor {}", number_));
}

std::string Fd::proc_path() const {
    return format("/proc/self/fd/{}", number_);
}

Fd open_file(const std::filesystem::path &path, int flags, mode_t mode) {
    int number = -1;
    do number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    while (number == -1 && errno == EINTR);
    return Fd(check(number, "open {}", path.native()));
}

void write_all(const Fd &fd, std::span<const std::byte> data, std::string_view what) {
    while (!data.empty()) {
        const ssize_t count = ::write(fd.get(), data.data(), data.size());
        if (count == -1 && errno == EINTR) continue;
        check(count, "write {}", what);
        data = data.subspan(static_cast<size_t>(count));
    }
}

void write_all(const Fd &fd, std::string_view text, std::string_view what) {
    write_all(fd, std::as_bytes(std::span(text)), what);
}

size_t read_some(const Fd &fd, std::span<std::byte> room, std::string_view what) {
    ssize_t count = -1;
    do count = ::read(fd.get(), room.data(), room.size());
    while (count == -1 && errno == EINTR);
    return static_cast<size_t>(check(count, "read {}", what));
}

std::string read_all(const Fd &fd, std::string_view what, size_t limit) {
    std::string text;
    struct stat status {};
    if (::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0)
        text.reserve(std::min(static_cast<size_t>(status.st_size) + 1, limit + 1));
    std::array<std::byte, 65536> room;
    while (const size_t count = read_some(fd, room, what)) {
        if (text.size() + count > limit) fail(Blame::usage, "read {}: larger than {}", what, human_size(limit));
        text.append(reinterpret_cast<const char *>(room.data()), count);
    }
    return text;
}

std::string read_file(const std::filesystem::path &path, size_t limit) {
    return read_all(open_file(path, O_RDONLY), path.native(), limit);
}

std::string read_given_file(const std::filesystem::path &path, size_t limit) {
    try {
        return read_file(path, limit);
    } catch (Error &error) {
        error.set_blame(Blame::usage);
        throw;
    }
}

void write_file(const std::filesystem::path &path, std::string_view text, mode_t mode) {
    write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, mode), text, path.native());
}

Pipe Pipe::make() {
    std::array<int, 2> ends{};
    check(::pipe2(ends.data(), O_CLOEXEC), "make a pipe");
    return {.read = Fd(ends[0]), .write = Fd(ends[1])};
}

}  // namespace osb
