// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/fetch/local_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <vector>

#include "lib/base/error.hpp"

namespace osb::engine {

LocalCopy::LocalCopy(std::filesystem::path path) : path_(std::move(path)) {
    try {
        // A FIFO without a writer must not hold us up.
        fd_ = open_file(path_, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    } catch (Error &error) {
        error.set_blame(Blame::build);
        throw;
    }
    struct stat status {};
    check(::fstat(fd_.get(), &status), "stat {}", path_.native());
    if (S_ISDIR(status.st_mode)) fail(Blame::build, "open {}: it is a directory", path_.native());
    if (!S_ISREG(status.st_mode)) fail(Blame::build, "open {}: it is not a regular file", path_.native());
    size_ = static_cast<std::uint64_t>(status.st_size);
    ::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

bool LocalCopy::advance(Landing &landing) {
    std::vector<std::byte> room(size_t{1} << 20);
    for (int i = 0; i < 4; i++) {
        size_t count = 0;
        try {
            count = read_some(fd_, room, path_.native());
        } catch (Error &error) {
            error.set_blame(Blame::build);
            throw;
        }
        if (count == 0) return false;
        landing.write(std::span<const std::byte>(room).first(count));
    }
    return true;
}

}  // namespace osb::engine
