// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "lib/base/mount.hpp"
#include "lib/store/object_store.hpp"
#include "tests/support.hpp"

namespace osb::test {

/// Names in a directory, sorted.
std::vector<std::string> names_in(const std::filesystem::path &directory);

/// Fills `directory` with one of everything a tree can hold: all kinds of files, odd names, owners, set-id bits, times,
/// hard links, holes, ACLs, file capabilities and, where the file system has them, flags.
void make_rich_tree(const std::filesystem::path &directory);

/// What describe() tells of each file.
enum class Detail {
    content,   ///< all that a copy must keep
    identity,  ///< also inode numbers and change times: what nobody may have touched at all
};
/// One line for each file, without the code under test: type, mode, owner, link count, times, attributes, flags,
/// content, holes.
std::string describe(const std::filesystem::path &directory, Detail detail = Detail::content);

ino_t inode_of(const std::filesystem::path &path);

/// Writes a file through a Writer of `object`.
void write_into(store::Object &object, std::string_view path, std::string_view text);
std::string read_from(const store::Object &object, std::string_view path);

/// A file system of its own in an image file, mounted until the end of the scope.
class FileSystem {
public:
    /// "ext4", "xfs", "btrfs", "tmpfs"; nullptr where the tools or the kernel lack it.
    static std::unique_ptr<FileSystem> make(const std::string &type, std::string_view size = "400M");
    FileSystem(const FileSystem &) = delete;
    FileSystem &operator=(const FileSystem &) = delete;
    ~FileSystem();
    const std::filesystem::path &path() const { return mounted_; }

private:
    FileSystem() = default;
    Scratch scratch_;
    std::filesystem::path mounted_;
};

/// Runs `action` in a child process of its own mount namespace; an exception becomes exit status 1, and its words go to
/// stderr.
pid_t in_child(const std::function<void()> &action);
/// The wait status (waitpid(2)).
int wait_for(pid_t child);
bool ended_well(int status);

/// Every ref leads to an object, and every object is what its name says. Returns the number of objects.
size_t expect_valid(const std::filesystem::path &store);

}  // namespace osb::test
