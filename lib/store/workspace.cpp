// SPDX-License-Identifier: Apache-2.0
#include "lib/store/workspace.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/store/clone.hpp"
#include "lib/store/layout.hpp"
#include "lib/store/publish.hpp"
#include "lib/store/treesum.hpp"

namespace osb::store::detail {
namespace {

constexpr const char *incoming = "incoming";  ///< in the work directory: the base's content on its way to `object`

/// WORK/NAME/tree, empty, with the mode and owner that every tree begins with.
Fd make_object_directory(const std::filesystem::path &work, const char *name) {
    const auto object = work / name;
    const auto tree = object / layout::tree;
    check(::mkdir(object.c_str(), 0700), "make directory {}", object.native());
    check(::mkdir(tree.c_str(), 0755), "make directory {}", tree.native());
    Fd fd = open_file(tree, O_RDONLY | O_DIRECTORY);
    // A umask, or a set-gid bit on the store's directory, must not show in the tree.
    check(::fchown(fd.get(), ::geteuid(), ::getegid()), "set the owner of {}", tree.native());
    check(::fchmod(fd.get(), 0755), "set the mode of {}", tree.native());
    return fd;
}

}  // namespace

class Workspace::Reading {
public:
    Reading(Workspace &workspace, std::string_view wish) : workspace_(workspace) { workspace_.begin_reading(wish); }
    Reading(const Reading &) = delete;
    Reading &operator=(const Reading &) = delete;
    ~Reading() {
        if (!kept_) workspace_.end_reading();
    }
    /// A View counts on in its place.
    void keep() noexcept { kept_ = true; }

private:
    Workspace &workspace_;
    bool kept_ = false;
};

/// Excludes everybody else, and turns into `after` at the end.
class Workspace::Changing {
public:
    Changing(Workspace &workspace, std::string_view wish) : workspace_(workspace) {
        const std::lock_guard lock(workspace_.mutex_);
        workspace_.check_unused(wish);
        workspace_.use_ = Use::changing;
    }
    Changing(const Changing &) = delete;
    Changing &operator=(const Changing &) = delete;
    ~Changing() {
        const std::lock_guard lock(workspace_.mutex_);
        if (workspace_.use_ == Use::changing) workspace_.use_ = after_;
    }
    void ends_in(Use after) noexcept { after_ = after; }

private:
    Workspace &workspace_;
    Use after_ = Use::shared;
};

Workspace::Workspace(std::shared_ptr<Core> core, std::optional<Base> base)
    : core_(std::move(core)), base_(std::move(base)) {
    work_ = core_->make_in_run("object");
    if (!base_) make_empty_tree();
}

Workspace::~Workspace() {
    force_cleanup();
}

void Workspace::make_empty_tree() {
    (void)make_object_directory(work_->path(), layout::object);
}

void Workspace::check_unused(std::string_view wish) const {
    switch (use_) {
        case Use::gone:
            throw AccessError(format("{} an object that was cleaned up", wish));
        case Use::writing:
            throw AccessError(format("{} an object that is being written", wish));
        case Use::changing:
            throw AccessError(format("{} an object that is being changed", wish));
        case Use::shared:
            break;
    }
    if (readers_ != 0) throw AccessError(format("{} an object that is being read", wish));
}

void Workspace::begin_reading(std::string_view wish) {
    const std::lock_guard lock(mutex_);
    if (use_ != Use::shared) check_unused(wish);
    readers_++;
}

void Workspace::end_reading() noexcept {
    const std::lock_guard lock(mutex_);
    if (use_ == Use::shared) readers_--;
}

Fd Workspace::open_shown() const {
    if (shows_base()) return base_->held.open_tree();
    return open_file(work_->path() / layout::object / layout::tree, O_RDONLY | O_DIRECTORY);
}

View Workspace::attach(Mount mount) {
    std::filesystem::path path;
    {
        const std::lock_guard lock(mutex_);
        if (use_ == Use::gone) throw AccessError("use an object that was cleaned up");
        path = work_->path() / format("view-{}", next_view_++);
    }
    check(::mkdir(path.c_str(), 0700), "make directory {}", path.native());
    AttachedMount attached = std::move(mount).attach(path);
    const std::lock_guard lock(mutex_);
    views_.emplace(path, std::move(attached));
    return {shared_from_this(), path};
}

View Workspace::read() {
    Reading reading(*this, "read");
    View view = attach(std::move(Mount::bind(open_shown()).read_only()));
    reading.keep();
    return view;
}

View Workspace::write() {
    Changing changing(*this, "write to");
    if (shows_base()) clone_base();
    {
        const std::lock_guard lock(mutex_);
        written_ = true;
        sum_.reset();
    }
    View view = attach(Mount::bind(open_shown()));
    changing.ends_in(Use::writing);
    return view;
}

void Workspace::clone_base() {
    const Fd from = base_->held.open_tree();
    const auto place = work_->path() / incoming;
    in_context(
        [&] {
            try {
                const Fd to = make_object_directory(work_->path(), incoming);
                clone_tree(from, to, core_->driver() == Driver::reflink ? CloneBy::reflink : CloneBy::copy);
                const auto object = work_->path() / layout::object;
                check(::rename(place.c_str(), object.c_str()), "make directory {}", object.native());
            } catch (Error &error) {
                remove_tree(place);
                if (means_no_room(error)) error.prepend(room_sentence(*core_, size_of_tree(from)));
                throw;
            }
        },
        "make {} writable", base_->id);
}

std::string Workspace::sum_of_shown() {
    {
        const std::lock_guard lock(mutex_);
        if (shows_base()) return base_->held.treesum;
        if (sum_) return *sum_;
    }
    std::string sum = in_context([&] { return treesum_of_tree(open_shown()); }, "read an object");
    const std::lock_guard lock(mutex_);
    sum_ = sum;
    return sum;
}

std::string Workspace::treesum() {
    const Reading reading(*this, "compute the treesum of");
    return sum_of_shown();
}

/// Whatever becomes of a commit, the Object is reset after it.
class Workspace::Resetting {
public:
    explicit Resetting(Workspace &workspace) : workspace_(workspace) {}
    Resetting(const Resetting &) = delete;
    Resetting &operator=(const Resetting &) = delete;
    ~Resetting() { workspace_.reset(); }

private:
    Workspace &workspace_;
};

std::string Workspace::commit(std::string_view id) {
    Changing changing(*this, "commit");
    TreeSize needed{.bytes = 4096, .files = 1};  // a ref
    return in_context(
        [&] {
            try {
                const Resetting resetting(*this);
                try {
                    return commit_shown(id);
                } catch (const Error &error) {
                    if (means_no_room(error) && is_own_tree_here()) needed = size_of_tree(open_shown());
                    throw;
                }
            } catch (Error &error) {
                if (means_no_room(error)) error.prepend(room_sentence(*core_, needed));
                throw;
            }
        },
        "commit {}", id);
}

std::string Workspace::commit_shown(std::string_view id) {
    std::string sum = sum_of_shown();
    prepare_ref(work_->path(), sum);
    Held held = shows_base() ? core_->hold(sum) : publish_object(*core_, work_->path(), sum);
    publish_ref(*core_, work_->path(), id);
    const std::lock_guard lock(mutex_);
    base_ = Base{.id = std::string(id), .held = std::move(held)};
    return sum;
}

bool Workspace::is_own_tree_here() const {
    return !shows_base() && ::access((work_->path() / layout::object).c_str(), F_OK) == 0;
}

/// A clean work directory again, on whatever base there is. Where that cannot be made the Object is gone.
void Workspace::reset() noexcept {
    try {
        remove_tree(work_->path() / layout::object);
        remove_prepared_ref(work_->path());
        if (!base_) make_empty_tree();
        const std::lock_guard lock(mutex_);
        written_ = false;
        sum_.reset();
    } catch (const std::exception &error) {
        log_warning("reset an object: {}", error.what());
        const std::lock_guard lock(mutex_);
        use_ = Use::gone;
    }
}

bool Workspace::written() const {
    const std::lock_guard lock(mutex_);
    if (use_ == Use::gone) check_unused("ask");
    return written_;
}

std::optional<std::string> Workspace::base() const {
    const std::lock_guard lock(mutex_);
    if (use_ == Use::gone) check_unused("ask");
    return base_ ? std::optional(base_->id) : std::nullopt;
}

void Workspace::check_idle(std::string_view wish) const {
    const std::lock_guard lock(mutex_);
    if (use_ != Use::gone) check_unused(wish);
}

void Workspace::cleanup() {
    {
        const std::lock_guard lock(mutex_);
        if (use_ == Use::gone) return;
        check_unused("clean up");
        use_ = Use::gone;
    }
    remove_all();
}

void Workspace::remove_all() {
    base_.reset();
    if (!work_) return;
    work_->remove();
    work_.reset();
    core_->leave_run_if_empty();
}

void Workspace::force_cleanup() noexcept {
    try {
        std::map<std::filesystem::path, AttachedMount> views;
        {
            const std::lock_guard lock(mutex_);
            use_ = Use::gone;
            views.swap(views_);
        }
        views.clear();
        remove_all();
    } catch (const std::exception &error) {
        log_warning("clean up an object: {}", error.what());
    }
}

void Workspace::check_view(const std::filesystem::path &path) const {
    const std::lock_guard lock(mutex_);
    if (!views_.contains(path)) throw AccessError("use a view of an object after the store was closed");
}

void Workspace::end_view(const std::filesystem::path &path) {
    std::map<std::filesystem::path, AttachedMount>::node_type view;
    {
        const std::lock_guard lock(mutex_);
        const auto found = views_.find(path);
        if (found == views_.end()) return;
        view = views_.extract(found);
    }
    try {
        view.mapped().detach();
    } catch (...) {
        const std::lock_guard lock(mutex_);
        views_.insert(std::move(view));
        throw;
    }
    ::rmdir(path.c_str());
    const std::lock_guard lock(mutex_);
    if (use_ == Use::writing)
        use_ = Use::shared;
    else if (use_ == Use::shared)
        readers_--;
}

}  // namespace osb::store::detail
