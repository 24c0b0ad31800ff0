// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "lib/base/fd.hpp"

namespace osb::engine {

/// The build id of a 64-bit ELF program of this machine's byte order, in hexadecimal: the linker's hash of its content
/// (section .note.gnu.build-id; elf(5), gABI "Note Section"). It survives stripping. nullopt for everything else.
std::optional<std::string> elf_build_id(const Fd &program);

}  // namespace osb::engine
