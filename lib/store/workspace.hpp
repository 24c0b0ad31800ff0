// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/mount.hpp"
#include "lib/store/core.hpp"
#include "lib/store/object.hpp"

namespace osb::store::detail {

/// What a committed id gave an Object to stand on.
struct Base {
    std::string id;
    Held held;
};

/// The work directory of one Object and who uses it at the moment. Outlives its Object while a Reader or Writer does.
class Workspace : public std::enable_shared_from_this<Workspace> {
public:
    Workspace(std::shared_ptr<Core> core, std::optional<Base> base);
    Workspace(const Workspace &) = delete;
    Workspace &operator=(const Workspace &) = delete;
    ~Workspace();

    View read();
    View write();
    std::string treesum();
    /// See ObjectStore::commit. The caller has checked the id.
    std::string commit(std::string_view id);

    bool written() const;
    std::optional<std::string> base() const;
    bool belongs_to(const Core &core) const noexcept { return core_.get() == &core; }

    /// Throws AccessError when it cannot be cleaned up now, or was.
    void check_idle(std::string_view wish) const;
    void cleanup();
    /// As cleanup(), whoever still uses it; logs what cannot be done.
    void force_cleanup() noexcept;

    // For View.
    void end_view(const std::filesystem::path &path);
    void check_view(const std::filesystem::path &path) const;

private:
    /// Readers are counted; the other uses exclude all others.
    enum class Use { shared, writing, changing, gone };
    class Reading;
    class Changing;
    class Resetting;

    void check_unused(std::string_view wish) const;
    void begin_reading(std::string_view wish);
    void end_reading() noexcept;
    bool shows_base() const { return base_.has_value() && !written_; }
    Fd open_shown() const;
    View attach(Mount mount);
    void make_empty_tree();
    void clone_base();
    std::string sum_of_shown();
    std::string commit_shown(std::string_view id);
    bool is_own_tree_here() const;
    void reset() noexcept;
    void remove_all();

    const std::shared_ptr<Core> core_;
    mutable std::mutex mutex_;  ///< guards what follows; never held during I/O that takes time
    Use use_ = Use::shared;
    size_t readers_ = 0;
    std::optional<Base> base_;
    bool written_ = false;
    std::optional<std::string> sum_;  ///< of the own tree, while nobody has written since
    std::optional<TempDir> work_;
    size_t next_view_ = 0;
    std::map<std::filesystem::path, AttachedMount> views_;
};

}  // namespace osb::store::detail
