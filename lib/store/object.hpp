// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"

namespace osb::store {

class ObjectStore;
namespace detail {
class Workspace;
}

/// An Object was asked for what its present use forbids: a write() while it is read, a read() while it is written,
/// anything after it was cleaned up or moved from. Nothing has changed when it is thrown. Only osb itself can be wrong
/// here.
class AccessError : public Error {
public:
    explicit AccessError(std::string sentence) : Error(std::move(sentence), Blame::bug) {}
};

namespace detail {

/// A mount that shows an Object's tree, taken off at the end of its scope. Keeps the tree there past the end of its
/// Object.
class View {
public:
    View(std::shared_ptr<Workspace> workspace, std::filesystem::path path);
    View(View &&) noexcept = default;
    View &operator=(View &&other) noexcept;
    View(const View &) = delete;
    View &operator=(const View &) = delete;
    ~View() { end(); }

    const std::filesystem::path &path() const;
    /// Takes it off now; throws where the kernel refuses.
    void detach();

private:
    void end() noexcept;
    std::shared_ptr<Workspace> workspace_;
    std::filesystem::path path_;
};

}  // namespace detail

/// An Object's tree, read-only, while this lives: writing through it is answered with EROFS. While nobody has written
/// to the Object these are the very inodes of its base.
class Reader {
public:
    /// A mount point in this process's mount namespace. Throws AccessError on one moved from, or when the store was
    /// closed.
    const std::filesystem::path &path() const { return view_.path(); }
    /// The tree's root, opened anew. Close it before the Reader ends.
    Dir dir() const { return Dir::open(path()); }
    /// Ends it now, as the destructor does, but throws where the kernel refuses.
    void detach() { view_.detach(); }

private:
    friend class Object;
    explicit Reader(detail::View view) : view_(std::move(view)) {}
    detail::View view_;
};

/// An Object's tree, read-write, while this lives. Its path is a mount of its own; what is kept lies somewhere else.
class Writer {
public:
    /// A mount point in this process's mount namespace. Throws AccessError on one moved from, or when the store was
    /// closed.
    const std::filesystem::path &path() const { return view_.path(); }
    /// The tree's root, opened anew. Close it before the Writer ends.
    Dir dir() const { return Dir::open(path()); }
    /// Ends it now, as the destructor does, but throws where the kernel refuses.
    void detach() { view_.detach(); }

private:
    friend class Object;
    explicit Writer(detail::View view) : view_(std::move(view)) {}
    detail::View view_;
};

/// A tree on its way into the store: shows its base until somebody writes, then a copy-on-write version of it; without
/// a base an empty directory (mode 0755, owned by who runs osb). Made by ObjectStore::new_object.
///
/// Owns a work directory in the store's tmp/ that the end of its scope removes (a Reader or Writer still alive puts
/// that off until it ends). An Object destroyed uncommitted leaves nothing behind. It may be used from several threads:
/// what excludes each other throws, nothing waits.
class Object {
public:
    Object(Object &&) noexcept = default;
    Object &operator=(Object &&) noexcept = default;
    Object(const Object &) = delete;
    Object &operator=(const Object &) = delete;
    ~Object() = default;

    /// The tree, read-write, for as long as the Writer lives; the base stays as it was. The first write() since the
    /// Object was made or committed makes the base's content writable, which with Driver::copy takes as long as copying
    /// it. Throws AccessError while another Writer or any Reader lives. When there is no room the sentence says how
    /// much was needed and is free, and the Object is as it was.
    [[nodiscard("the tree is writable only while this lives")]] Writer write();

    /// The tree, read-only. Any number at a time; throws AccessError while a Writer lives. Copies nothing.
    [[nodiscard("the tree is readable only while this lives")]] Reader read() const;

    /// What came out: the name of this content (treesum.hpp). Counts as reading: throws AccessError while a Writer
    /// lives. Nothing is read again for content whose treesum is known, such as an unwritten base's.
    std::string treesum() const;

    /// Whether write() was called since it was made or last committed.
    bool written() const;
    /// The id this stands on: the one given to new_object, later the one last committed.
    std::optional<std::string> base() const;

    /// Removes the work directory now, and throws where it cannot; AccessError while a Reader or Writer lives. From
    /// here on every operation but this one throws AccessError.
    void cleanup();

private:
    friend class ObjectStore;
    explicit Object(std::shared_ptr<detail::Workspace> workspace) : workspace_(std::move(workspace)) {}
    const std::shared_ptr<detail::Workspace> &workspace() const;
    std::shared_ptr<detail::Workspace> workspace_;
};

}  // namespace osb::store
