// SPDX-License-Identifier: Apache-2.0
#include "lib/store/object_store.hpp"

#include <algorithm>
#include <mutex>
#include <unistd.h>

#include "lib/base/atomic_file.hpp"
#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/store/core.hpp"
#include "lib/store/layout.hpp"
#include "lib/store/workspace.hpp"

namespace osb::store {

struct ObjectStore::State {
    std::shared_ptr<detail::Core> core;
    std::mutex mutex;  ///< guards what follows
    std::vector<std::weak_ptr<detail::Workspace>> workspaces;
    bool closed = false;

    std::vector<std::shared_ptr<detail::Workspace>> living() {
        const std::lock_guard lock(mutex);
        std::vector<std::shared_ptr<detail::Workspace>> list;
        for (const auto &workspace : workspaces)
            if (auto alive = workspace.lock()) list.push_back(std::move(alive));
        return list;
    }

    void check_open() {
        const std::lock_guard lock(mutex);
        if (closed) throw AccessError("use a store that was closed");
    }

    void remember(const std::shared_ptr<detail::Workspace> &workspace) {
        const std::lock_guard lock(mutex);
        std::erase_if(workspaces, [](const auto &known) { return known.expired(); });
        workspaces.push_back(workspace);
    }
};

ObjectStore::ObjectStore(std::filesystem::path root, Options options) : state_(std::make_unique<State>()) {
    layout::open_or_create(root);
    state_->core = std::make_shared<detail::Core>(std::filesystem::canonical(root), options.driver);
    const auto tmp = state_->core->root() / layout::tmp;
    // Who may not write here cannot remove what others have left.
    if (::access(tmp.c_str(), W_OK) == 0) detail::reap_dead_runs(tmp, options.reap);
}

ObjectStore::~ObjectStore() {
    try {
        if (state_->closed) return;
        for (const auto &workspace : state_->living()) workspace->force_cleanup();
        state_->core->remove_run();
    } catch (const std::exception &error) {
        log_warning("close store {}: {}", root().native(), error.what());
    }
}

void ObjectStore::close() {
    const auto living = state_->living();
    for (const auto &workspace : living) workspace->check_idle("close the store with");
    for (const auto &workspace : living) workspace->cleanup();
    state_->core->remove_run();
    const std::lock_guard lock(state_->mutex);
    state_->closed = true;
}

Object ObjectStore::new_object(std::optional<std::string> base) {
    state_->check_open();
    std::optional<detail::Base> on;
    if (base) {
        const auto treesum = treesum_of(*base);
        if (!treesum) fail(Blame::environment, "store {} holds no object {}", root().native(), *base);
        on = detail::Base{.id = *base, .held = state_->core->hold(*treesum)};
    }
    auto workspace = std::make_shared<detail::Workspace>(state_->core, std::move(on));
    state_->remember(workspace);
    return Object(std::move(workspace));
}

bool ObjectStore::contains(std::string_view id) const {
    return treesum_of(id).has_value();
}

std::optional<std::string> ObjectStore::treesum_of(std::string_view id) const {
    auto treesum = state_->core->resolve(id);
    if (treesum && !state_->core->has_object(*treesum)) treesum.reset();
    return treesum;
}

std::vector<Ref> ObjectStore::refs() const {
    std::vector<Ref> list;
    for (std::string &id : Dir::open(root() / layout::refs).names()) {
        const auto treesum = state_->core->resolve(id);
        list.push_back({.id = std::move(id),
                        .treesum = treesum.value_or(""),
                        .complete = treesum && state_->core->has_object(*treesum)});
    }
    return list;
}

std::string ObjectStore::commit(Object &object, std::string_view id) {
    layout::check_id(id);
    state_->check_open();
    if (!object.workspace()->belongs_to(*state_->core))
        throw AccessError("commit an object to a store that is not its own");
    return object.workspace()->commit(id);
}

void ObjectStore::set_note(std::string_view id, std::string_view text) {
    layout::check_id(id);
    {
        const TempDir scratch = this->scratch("note");
        AtomicFile file(root() / layout::notes / id, 0644, scratch.path());
        file.write(text);
        file.commit();
    }
    state_->core->leave_run_if_empty();
}

std::optional<std::string> ObjectStore::note(std::string_view id) const {
    if (!layout::is_id(id)) return std::nullopt;
    return Dir::open(root() / layout::notes).read_file_if_exists(TreePath(id));
}

TempDir ObjectStore::scratch(std::string_view prefix) {
    state_->check_open();
    return state_->core->make_in_run(prefix);
}

std::filesystem::path ObjectStore::run_directory() {
    state_->check_open();
    return state_->core->run_directory();
}

std::filesystem::path ObjectStore::sources() const {
    return root() / layout::sources;
}
const std::filesystem::path &ObjectStore::root() const noexcept {
    return state_->core->root();
}
Room ObjectStore::room() const {
    return state_->core->room();
}
Driver ObjectStore::driver() const noexcept {
    return state_->core->driver();
}
const char *ObjectStore::driver_name() const noexcept {
    return name_of(driver());
}

const char *name_of(Driver driver) noexcept {
    switch (driver) {
        case Driver::automatic:
            return "automatic";
        case Driver::reflink:
            return "reflink";
        case Driver::copy:
            return "copy";
    }
    return "automatic";
}

Driver driver_of(std::string_view name) {
    for (const Driver driver : {Driver::automatic, Driver::reflink, Driver::copy})
        if (name == name_of(driver)) return driver;
    fail(Blame::usage, "no store driver is named '{}': there are automatic, reflink and copy", name);
}

}  // namespace osb::store
