// SPDX-License-Identifier: Apache-2.0
#include "lib/store/deep_path.hpp"

#include <fcntl.h>

#include "lib/base/error.hpp"

namespace osb::store::detail {

Place place_of(const Fd &root, std::string_view path) {
    constexpr size_t at_once = 4000;
    Place place{root, Fd(), {}};
    while (path.size() > at_once) {
        const size_t cut = path.rfind('/', at_once);
        OSB_ASSERT(cut != std::string_view::npos && cut != 0);
        const std::string part(path.substr(0, cut));
        Fd next(check(::openat(place.directory().get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                      "open /{}", part));
        place.opened = std::move(next);
        path.remove_prefix(cut + 1);
    }
    place.rest = path.empty() ? "." : std::string(path);
    return place;
}

Fd open_deep(const Fd &root, std::string_view path, int flags) {
    const Place place = place_of(root, path);
    int fd = ::openat(place.directory().get(), place.rest.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
    if (fd == -1 && errno == EPERM && (flags & O_NOATIME) != 0)
        fd = ::openat(place.directory().get(), place.rest.c_str(), (flags & ~O_NOATIME) | O_NOFOLLOW | O_CLOEXEC);
    return Fd(check(fd, "open /{}", path));
}

}  // namespace osb::store::detail
