// SPDX-License-Identifier: Apache-2.0
#include "lib/engine/build_id.hpp"

#include <cstring>
#include <elf.h>
#include <span>
#include <unistd.h>
#include <vector>

#include "lib/base/sha256.hpp"

namespace osb::engine {
namespace {

template <typename Value>
bool read_at(const Fd &file, off_t at, Value &value) {
    return ::pread(file.get(), &value, sizeof value, at) == static_cast<ssize_t>(sizeof value);
}

size_t padded(size_t size) {
    return (size + 3) & ~size_t{3};
}

std::optional<std::string> build_id_in(std::span<const std::byte> notes) {
    Elf64_Nhdr header{};
    while (notes.size() >= sizeof header) {
        std::memcpy(&header, notes.data(), sizeof header);
        const size_t name = sizeof header;
        const size_t content = name + padded(header.n_namesz);
        const size_t end = content + padded(header.n_descsz);
        if (end > notes.size()) return std::nullopt;
        if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 && std::memcmp(notes.data() + name, "GNU", 4) == 0)
            return to_hex(notes.subspan(content, header.n_descsz));
        notes = notes.subspan(end);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> elf_build_id(const Fd &program) {
    constexpr size_t most_notes = 65536;
    Elf64_Ehdr header{};
    if (!read_at(program, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof(Elf64_Phdr)) return std::nullopt;
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment{};
        if (!read_at(program, static_cast<off_t>(header.e_phoff + i * sizeof segment), segment)) return std::nullopt;
        if (segment.p_type != PT_NOTE || segment.p_filesz > most_notes) continue;
        std::vector<std::byte> notes(segment.p_filesz);
        if (::pread(program.get(), notes.data(), notes.size(), static_cast<off_t>(segment.p_offset)) !=
            static_cast<ssize_t>(notes.size()))
            return std::nullopt;
        if (auto id = build_id_in(notes)) return id;
    }
    return std::nullopt;
}

}  // namespace osb::engine
