// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "lib/deb822/deb822.hpp"

namespace osb::stages {

/// A file of a package's control archive other than `control`: "postinst", "conffiles", "triggers", "md5sums" …
struct ControlMember {
    std::string content;
    mode_t mode = 0644;
    time_t mtime = 0;
};

/// What a .deb says about itself, without its files (deb(5), deb-control(5)).
struct Package {
    std::filesystem::path archive;
    Paragraph control;
    std::map<std::string, ControlMember> members;
    time_t newest = 0;  ///< the newest date in the control archive

    const std::string &name() const { return control.get("Package"); }
    const std::string &version() const { return control.get("Version"); }
    const std::string &architecture() const { return control.get("Architecture"); }
    bool is_essential() const { return control.get("Essential") == "yes"; }
    /// What dpkg calls it where names alone would clash, among them its files in the info directory: "apt",
    /// "libc6:amd64".
    std::string key() const;
};

/// Reads everything but the files. Throws for what is no package, or one without name, version or architecture.
Package read_package(const std::filesystem::path &archive);

/// One entry of a package's data archive. Names are relative, without "./" in front and "/" at the end; the root is "".
struct PackageEntry {
    std::string path;
    mode_t mode = 0;  ///< type and permissions
    uid_t uid = 0;
    gid_t gid = 0;
    time_t mtime = 0;
    dev_t device = 0;
    std::string link;      ///< a symlink's target as it stands
    std::string hardlink;  ///< the path whose inode this shares; then nothing but `path` counts besides
};

/// Gives a regular file's bytes, piece by piece, to the function it is handed.
using PackageContent = std::function<void(const std::function<void(std::span<const std::byte>)> &)>;

/// Calls `visit` for every entry in the archive's order. The content may be asked for once, during the call.
void read_package_files(const std::filesystem::path &archive,
                        const std::function<void(const PackageEntry &, const PackageContent &)> &visit);

}  // namespace osb::stages
