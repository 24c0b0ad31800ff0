// SPDX-License-Identifier: Apache-2.0
//
// Why libarchive does not write these: it encodes names by the process's locale (in C, which the static programs have,
// every name beyond ASCII gets hdrcharset=BINARY, or with that option every entry does, at 1 KiB each and a warning of
// GNU tar each), it writes -5.5 seconds as -6.5 (3.6.2), and a layer's digest would depend on the version of
// libarchive. It reads for us.
//
// A header block (POSIX.1-2017, pax, "ustar Interchange Format"):
//     name 100, mode 8, uid 8, gid 8, size 12, mtime 12, checksum 8, type 1, link 100, "ustar" NUL "00", uname 32,
//     gname 32, devmajor 8, devminor 8, prefix 155, 12 zero bytes
// Numbers are octal digits and a NUL. An extended header is an entry of type 'x' whose data are records
// "LENGTH KEY=VALUE\n", LENGTH counting the whole record.
#include "oci/tar_header.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "lib/base/error.hpp"
#include "lib/base/format.hpp"

namespace osb::oci {
namespace {

constexpr size_t name_room = 100;
constexpr size_t prefix_room = 155;
constexpr std::uint64_t id_limit = 07777777;
constexpr std::uint64_t long_limit = 077777777777;  // of size and time

struct Field {
    size_t offset;
    size_t size;
};
constexpr Field name_field{0, name_room}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8}, size_field{124, 12},
    mtime_field{136, 12}, checksum_field{148, 8}, link_field{157, name_room}, devmajor_field{329, 8},
    devminor_field{337, 8}, prefix_field{345, prefix_room};
constexpr size_t type_offset = 156;
constexpr size_t magic_offset = 257;

class Block {
public:
    Block() { std::memcpy(&bytes_[magic_offset], "ustar\00000", 8); }

    void put(Field field, std::string_view text) {
        std::memcpy(&bytes_[field.offset], text.data(), std::min(text.size(), field.size));
    }
    void put_octal(Field field, std::uint64_t number) {
        for (size_t i = field.size - 1; i-- > 0; number >>= 3)
            bytes_[field.offset + i] = static_cast<char>('0' + (number & 7));
    }
    /// The GNU form of a number too large for octal digits: the first bit set, the rest big-endian.
    void put_binary(Field field, std::uint64_t number) {
        for (size_t i = field.size; i-- > 1; number >>= 8) bytes_[field.offset + i] = static_cast<char>(number & 0xff);
        bytes_[field.offset] = static_cast<char>(0x80);
    }
    void set_type(TarType type) { bytes_[type_offset] = static_cast<char>(type); }
    void set_type(char type) { bytes_[type_offset] = type; }

    /// With the checksum filled in: the sum of all bytes, its own field taken as blanks.
    void append_to(std::string &out) {
        put(checksum_field, "        ");
        unsigned sum = 0;
        for (const char byte : bytes_) sum += static_cast<unsigned char>(byte);
        put_octal({checksum_field.offset, 7}, sum);
        bytes_[checksum_field.offset + 6] = '\0';
        out.append(bytes_.data(), bytes_.size());
    }

private:
    std::array<char, tar_block_size> bytes_{};
};

bool is_utf8(std::string_view text) {
    for (size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
        if (length == 0 || text.size() - i < length) return false;
        std::uint32_t point = length == 1 ? lead : lead & (0x7fU >> length);
        for (size_t k = 1; k < length; k++) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if (next >> 6 != 2) return false;
            point = point << 6 | (next & 0x3fU);
        }
        constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
        if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
        i += length;
    }
    return true;
}

/// Where to cut a name of more than 100 bytes into ustar's prefix and name: the position of the slash between them, or
/// npos.
size_t split_of(std::string_view name) {
    if (name.size() > prefix_room + 1 + name_room) return std::string_view::npos;
    // The earliest slash that leaves a short enough rest. A directory's final slash belongs to its name.
    const size_t from = name.size() - name_room - 1;
    const size_t slash = name.find('/', from);
    return slash == 0 || slash > prefix_room || slash + 1 >= name.size() ? std::string_view::npos : slash;
}

void add_record(std::string &records, std::string_view key, std::string_view value) {
    const size_t rest = key.size() + value.size() + 3;  // blank, '=', newline
    size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) length = std::to_string(length).size() + rest;
    records += std::to_string(length);
    records += ' ';
    records += key;
    records += '=';
    records += value;
    records += '\n';
}

/// "-5.5" for six seconds before 1970 and half a second on.
std::string decimal_time(std::int64_t seconds, std::uint32_t nanoseconds) {
    if (nanoseconds == 0) return std::to_string(seconds);
    const bool negative = seconds < 0;
    const std::uint64_t whole =
        negative ? static_cast<std::uint64_t>(-(seconds + 1)) : static_cast<std::uint64_t>(seconds);
    std::string text =
        format("{}{}.{:09}", negative ? "-" : "", whole, negative ? 1'000'000'000 - nanoseconds : nanoseconds);
    text.resize(text.find_last_not_of('0') + 1);
    return text;
}

/// As GNU tar writes it: '=' would end the key.
std::string xattr_key(std::string_view name) {
    std::string key = "SCHILY.xattr.";
    for (const char c : name) {
        if (c == '=')
            key += "%3D";
        else if (c == '%')
            key += "%25";
        else
            key += c;
    }
    return key;
}

/// What ustar has no room for.
std::string extended_records(const TarEntry &entry) {
    std::string records;
    const bool name_utf8 = is_utf8(entry.name), link_utf8 = is_utf8(entry.link);
    if (!name_utf8 || !link_utf8) add_record(records, "hdrcharset", "BINARY");
    if (!name_utf8 || (entry.name.size() > name_room && split_of(entry.name) == std::string_view::npos))
        add_record(records, "path", entry.name);
    if (!link_utf8 || entry.link.size() > name_room) add_record(records, "linkpath", entry.link);
    if (entry.size > long_limit) add_record(records, "size", std::to_string(entry.size));
    if (entry.uid > id_limit) add_record(records, "uid", std::to_string(entry.uid));
    if (entry.gid > id_limit) add_record(records, "gid", std::to_string(entry.gid));
    if (entry.mtime < 0 || static_cast<std::uint64_t>(entry.mtime) > long_limit || entry.mtime_nanoseconds != 0)
        add_record(records, "mtime", decimal_time(entry.mtime, entry.mtime_nanoseconds));
    for (const auto &[name, value] : entry.xattrs) add_record(records, xattr_key(name), value);
    return records;
}

/// What a reader that skips extended headers sees of a name: its end, in ASCII.
std::string short_name(std::string_view name) {
    std::string text(name.substr(name.size() > name_room ? name.size() - name_room : 0));
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '_');
    if (text.starts_with('/')) text[0] = '_';
    return text;
}

void put_name(Block &block, std::string_view name) {
    const size_t split = name.size() > name_room ? split_of(name) : std::string_view::npos;
    if (!is_utf8(name) || (name.size() > name_room && split == std::string_view::npos)) {
        block.put(name_field, short_name(name));
    } else if (split != std::string_view::npos) {
        block.put(prefix_field, name.substr(0, split));
        block.put(name_field, name.substr(split + 1));
    } else {
        block.put(name_field, name);
    }
}

void put_numbers(Block &block, const TarEntry &entry) {
    const auto clamp = [](std::uint64_t number, std::uint64_t limit) { return std::min(number, limit); };
    block.put_octal(mode_field, entry.mode & 07777);
    block.put_octal(uid_field, clamp(entry.uid, id_limit));
    block.put_octal(gid_field, clamp(entry.gid, id_limit));
    block.put_octal(size_field, entry.size > long_limit ? 0 : entry.size);
    block.put_octal(mtime_field, entry.mtime < 0 ? 0 : clamp(static_cast<std::uint64_t>(entry.mtime), long_limit));
    const bool device = entry.type == TarType::character_device || entry.type == TarType::block_device;
    block.put_octal(devmajor_field, device ? entry.device_major : 0);
    block.put_octal(devminor_field, device ? entry.device_minor : 0);
}

void append_extended_header(std::string &out, const TarEntry &entry, const std::string &records) {
    Block block;
    std::string name = short_name("PaxHeaders/" + short_name(entry.name));
    while (name.ends_with('/')) name.pop_back();
    block.put(name_field, name);
    block.set_type('x');
    put_numbers(block, TarEntry{.mode = 0644, .size = records.size()});
    block.append_to(out);
    out += records;
    out.append(tar_padding(records.size()), '\0');
}

}  // namespace

std::string tar_header(const TarEntry &entry) {
    std::string out;
    const std::string records = extended_records(entry);
    if (!records.empty()) append_extended_header(out, entry, records);
    Block block;
    put_name(block, entry.name);
    put_numbers(block, entry);
    block.set_type(entry.type);
    block.put(link_field, is_utf8(entry.link) && entry.link.size() <= name_room ? entry.link : short_name(entry.link));
    block.append_to(out);
    return out;
}

std::string fixed_tar_header(const TarEntry &entry) {
    OSB_ASSERT(entry.name.size() <= name_room);
    Block block;
    block.put(name_field, entry.name);
    put_numbers(block, entry);
    if (entry.size > long_limit) block.put_binary(size_field, entry.size);
    block.set_type(entry.type);
    std::string out;
    block.append_to(out);
    return out;
}

}  // namespace osb::oci
