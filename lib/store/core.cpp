// SPDX-License-Identifier: Apache-2.0
#include "lib/store/core.hpp"

#include <array>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/store/layout.hpp"

namespace osb::store::detail {
namespace {

std::string path_of_object(std::string_view treesum) {
    return format("{}/{}", layout::objects, treesum);
}

Driver choose_driver(const std::filesystem::path &root, Driver wanted) {
    if (wanted == Driver::copy) return wanted;
    const Fd tmp(::open((root / layout::tmp).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (tmp && can_reflink(tmp)) return Driver::reflink;
    if (wanted == Driver::reflink)
        fail(Blame::environment, "open store {}: its file system cannot share blocks between files (reflink)",
             root.native());
    return Driver::copy;
}

}  // namespace

Fd Held::open_tree() const {
    return Fd(check(::openat(lock.fd().get(), layout::tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                    "open object {}: the store is damaged", treesum));
}

Core::Core(std::filesystem::path root, Driver driver)
    : root_(std::move(root)),
      root_fd_(check(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open store {}", root_.native())),
      driver_(choose_driver(root_, driver)) {}

std::optional<std::string> Core::resolve(std::string_view id) const {
    if (!layout::is_id(id)) return std::nullopt;
    const std::string place = format("{}/{}", layout::refs, id);
    std::array<char, 256> room{};
    const ssize_t size = ::readlinkat(root_fd_.get(), place.c_str(), room.data(), room.size());
    // EINVAL: something that is no symlink. It refers to nothing.
    if (size == -1 && (errno == ENOENT || errno == EINVAL)) return std::nullopt;
    check(size, "read ref {} of store {}", id, root_.native());
    return layout::parse_ref_target(std::string_view(room.data(), static_cast<size_t>(size)));
}

bool Core::has_object(std::string_view treesum) const {
    const std::string place = path_of_object(treesum) + "/" + layout::tree;
    struct stat status {};
    if (::fstatat(root_fd_.get(), place.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return S_ISDIR(status.st_mode);
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return false;
    check(-1, "look up object {} of store {}", treesum, root_.native());
    return false;
}

Held Core::hold(const std::string &treesum) const {
    const std::string place = path_of_object(treesum);
    Fd fd(check(::openat(root_fd_.get(), place.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                "open object {} of store {}", treesum, root_.native()));
    Held held{.treesum = treesum, .lock = FileLock::wait(std::move(fd), LockKind::shared, place)};
    (void)held.open_tree();  // an object without a tree is refused here, not when it is read
    return held;
}

const std::filesystem::path &Core::run_path() {
    if (!run_) run_ = Run::make(root_ / layout::tmp);
    return run_->path();
}

std::filesystem::path Core::run_directory() {
    const std::lock_guard lock(mutex_);
    run_is_known_ = true;
    return run_path();
}

TempDir Core::make_in_run(std::string_view prefix) {
    const std::lock_guard lock(mutex_);
    return TempDir(run_path(), prefix);
}

void Core::leave_run_if_empty() noexcept {
    const std::lock_guard lock(mutex_);
    // rmdir(2) refuses a directory in which something is.
    if (run_ && !run_is_known_ && ::rmdir(run_->path().c_str()) == 0) run_.reset();
}

void Core::remove_run() {
    const std::lock_guard lock(mutex_);
    if (run_) remove_tree(run_->path());
    run_.reset();
    run_is_known_ = false;
}

Room Core::room() const {
    struct statvfs status {};
    check(::fstatvfs(root_fd_.get(), &status), "ask for the room in store {}", root_.native());
    const bool limited = status.f_files != 0;
    return {.bytes = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
            .files = limited ? status.f_favail : std::numeric_limits<std::uint64_t>::max()};
}

bool means_no_room(const Error &error) noexcept {
    return error.is(std::errc::no_space_on_device) || error.code().value() == EDQUOT;
}

std::string room_sentence(const Core &core, const TreeSize &needed) {
    const Room room = core.room();
    std::string text = format("it needs {} in {} files, and {} has {}", human_size(needed.bytes), needed.files,
                              core.root().native(), human_size(room.bytes));
    if (room.files != std::numeric_limits<std::uint64_t>::max()) text += format(" and {} files", room.files);
    return text + " free";
}

}  // namespace osb::store::detail
