// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/fd.hpp"

namespace osb {

/// A mount somewhere in this process's mount namespace; detached (lazily) at the end of its scope.
class AttachedMount {
public:
    AttachedMount(AttachedMount &&other) noexcept : target_(std::exchange(other.target_, {})) {}
    AttachedMount &operator=(AttachedMount &&other) noexcept;
    AttachedMount(const AttachedMount &) = delete;
    AttachedMount &operator=(const AttachedMount &) = delete;
    ~AttachedMount();

    const std::filesystem::path &target() const noexcept { return target_; }
    /// Takes it off now; throws where the kernel refuses.
    void detach();
    /// It stays where it is, for a mount namespace that ends with this process.
    void stay() &&noexcept { target_.clear(); }

private:
    friend class Mount;
    explicit AttachedMount(std::filesystem::path target) : target_(std::move(target)) {}
    std::filesystem::path target_;
};

enum class Recursion { single, recursive };

/// An overlay to be mounted (Documentation/filesystems/overlayfs.rst). Every option that changes what ends up in the
/// upper directory is passed explicitly, so that no distribution's module default is inherited.
struct OverlaySpec {
    std::vector<std::filesystem::path> lower;                       ///< topmost first
    std::optional<std::filesystem::path> upper = std::nullopt;      ///< none: read-only
    std::optional<std::filesystem::path> work = std::nullopt;       ///< with upper; empty, on the upper's file system
    std::vector<std::pair<std::string, std::string>> options = {};  ///< further options; an empty value is a flag
};

/// A mount that is not anywhere yet: a descriptor, so closing it is the whole clean-up. Made with the kernel's
/// descriptor interface (Linux 5.12).
class Mount {
public:
    /// A private clone of what `source` shows.
    static Mount bind(const std::filesystem::path &source, Recursion recursion = Recursion::single);
    static Mount bind(const Fd &source, Recursion recursion = Recursion::single);
    static Mount overlay(const OverlaySpec &spec);
    /// A new tmpfs; options like {"mode", "755"}, {"size", "16m"}.
    static Mount tmpfs(const std::vector<std::pair<std::string, std::string>> &options = {});

    Mount &read_only(Recursion recursion = Recursion::single);
    /// Adds nosuid and nodev.
    Mount &without_privileges(Recursion recursion = Recursion::single);

    /// Makes it visible at `target` (an existing directory, or a file for a bind of a file).
    [[nodiscard("the mount lasts only while this lives")]] AttachedMount attach(const std::filesystem::path &target) &&;

    const Fd &fd() const noexcept { return fd_; }

private:
    explicit Mount(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

/// Moves this process (call it before any thread is started) into a mount namespace of its own into which mounts of the
/// host still come but from which none goes out: whatever osb mounts is gone when it dies.
void enter_private_mount_namespace();

/// Whether `path` is the root of a mount.
bool is_mount_point(const std::filesystem::path &path);

}  // namespace osb
