// SPDX-License-Identifier: Apache-2.0
#include "lib/store/copy_file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <linux/fs.h>
#include <span>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::store {
namespace detail {
namespace {

constexpr size_t room_size = size_t{128} << 10;

/// What the kernel says of two files that it cannot copy between; everything else is a failure.
bool means_cannot(int number) {
    return number == EOPNOTSUPP || number == EINVAL || number == EXDEV || number == ENOSYS || number == ENOTTY ||
           number == ETXTBSY;
}

/// btrfs shares blocks only between files that both have or both lack this flag, and takes it only for an empty file.
void take_over_nocow(const Fd &from, const Fd &to) {
    int flags = 0;
    int own = 0;
    if (::ioctl(from.get(), FS_IOC_GETFLAGS, &flags) == -1 || (flags & FS_NOCOW_FL) == 0) return;
    if (::ioctl(to.get(), FS_IOC_GETFLAGS, &own) == -1) return;
    own |= FS_NOCOW_FL;
    ::ioctl(to.get(), FS_IOC_SETFLAGS, &own);
}

}  // namespace

void FileCopier::copy(const Fd &from, const Fd &to, const struct stat &status) {
    const off_t size = status.st_size;
    if (size == 0) return;
    if (by_ == CloneBy::reflink) {
        take_over_nocow(from, to);
        if (::ioctl(to.get(), FICLONE, from.get()) == 0) return;
        if (const int number = errno; !means_cannot(number)) throw_errno(number, "reflink it");
    }
    if (status.st_blocks * 512 >= size) {
        copy_range(from, to, 0, size);
        return;
    }
    check(::ftruncate(to.get(), size), "set its size");
    for (off_t end = 0; end < size;) {
        const off_t begin = ::lseek(from.get(), end, SEEK_DATA);
        if (begin == -1 && errno == ENXIO) break;  // a hole up to the end
        check(begin, "find its data");
        end = check(::lseek(from.get(), begin, SEEK_HOLE), "find its holes");
        copy_range(from, to, begin, std::min(end, size));
    }
}

void FileCopier::copy_range(const Fd &from, const Fd &to, off_t begin, off_t end) {
    // For what fits the buffer a read and a write cost less than the kernel's own copying.
    while (kernel_copies_ && end - begin > static_cast<off_t>(room_size)) {
        off_t in = begin;
        off_t out = begin;
        const ssize_t count = ::copy_file_range(from.get(), &in, to.get(), &out, static_cast<size_t>(end - begin), 0);
        if (count == -1 && errno == EINTR) continue;
        if (count == -1 && means_cannot(errno))
            kernel_copies_ = false;
        else if (check(count, "copy it") == 0)
            fail(Blame::environment, "copy it: it ends before its size");
        else
            begin += count;
    }
    copy_range_by_hand(from, to, begin, end);
}

void FileCopier::copy_range_by_hand(const Fd &from, const Fd &to, off_t begin, off_t end) {
    room_.resize(room_size);
    while (begin < end) {
        const auto wanted = static_cast<size_t>(std::min(end - begin, static_cast<off_t>(room_size)));
        const ssize_t got = ::pread(from.get(), room_.data(), wanted, begin);
        if (got == -1 && errno == EINTR) continue;
        if (check(got, "read it") == 0) fail(Blame::environment, "copy it: it ends before its size");
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = ::pwrite(to.get(), room_.data() + done, static_cast<size_t>(got - done), begin + done);
            if (put == -1 && errno == EINTR) continue;
            done += check(put, "write it");
        }
        begin += got;
    }
}

}  // namespace detail

bool can_reflink(const Fd &directory) {
    const auto unnamed = [&] { return Fd(::openat(directory.get(), ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)); };
    const Fd from = unnamed();
    const Fd to = unnamed();
    const std::vector<std::byte> block(4096, std::byte{1});
    if (!from || !to || ::write(from.get(), block.data(), block.size()) != static_cast<ssize_t>(block.size()))
        return false;
    return ::ioctl(to.get(), FICLONE, from.get()) == 0;
}

}  // namespace osb::store
