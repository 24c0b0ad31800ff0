// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

namespace osb {

/// A fresh directory (mode 0700) that is removed with all its content at the end of its scope.
class TempDir {
public:
    /// PARENT/PREFIX-XXXXXX. The parent must exist.
    explicit TempDir(const std::filesystem::path &parent, std::string_view prefix = "tmp");
    TempDir(TempDir &&other) noexcept;
    TempDir &operator=(TempDir &&other) noexcept;
    TempDir(const TempDir &) = delete;
    TempDir &operator=(const TempDir &) = delete;
    /// Removes, and logs a warning where it cannot.
    ~TempDir();

    const std::filesystem::path &path() const noexcept { return path_; }
    /// Removes now; throws where it cannot.
    void remove();
    /// The directory is the caller's from here on.
    std::filesystem::path release() &&noexcept;

private:
    std::filesystem::path path_;
};

}  // namespace osb
