// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace osb::sandbox {

/// The directories in which a runtime started by this process makes a container's cgroup when the configuration names
/// no path: this process's own cgroup in every version 1 hierarchy, the own one's parent and the own one in version 2.
/// Takes the text of /proc/self/mountinfo and /proc/self/cgroup. Empty: no cgroup file system is mounted.
std::vector<std::filesystem::path> cgroup_parents(std::string_view mountinfo, std::string_view own);

/// Whether the container's cgroup can be made in all of them.
bool writable(const std::vector<std::filesystem::path> &parents);

/// Mounts cgroup version 2 on /sys/fs/cgroup in this process's mount namespace. Throws where the kernel refuses.
void mount_cgroups();

/// Kills what is in the cgroups whose names begin with `prefix`, and removes them. Nothing there is fine.
void remove_cgroups(const std::vector<std::filesystem::path> &parents, std::string_view prefix);

}  // namespace osb::sandbox
