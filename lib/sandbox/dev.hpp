// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "lib/sandbox/host.hpp"

namespace osb::sandbox {

/// Makes in a directory what a fresh /dev has: the nodes full null random tty urandom zero (and fuse where the host has
/// it), the links fd stdin stdout stderr, and the directory shm. What is there stays.
void furnish_dev(const std::filesystem::path &directory, const Host &host);

}  // namespace osb::sandbox
