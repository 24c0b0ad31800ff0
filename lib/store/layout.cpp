// SPDX-License-Identifier: Apache-2.0
#include "lib/store/layout.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/atomic_file.hpp"
#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"
#include "lib/base/lock.hpp"

namespace osb::store::layout {
namespace {

constexpr std::string_view format_prefix = "osb-store ";
constexpr std::string_view target_prefix = "../objects/";
constexpr std::string_view tag_text =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This directory is a cache of osb: see https://bford.info/cachedir/\n";

struct Part {
    const char *name;
    mode_t mode;
};
constexpr std::array<Part, 5> parts{{{objects, 0700}, {refs, 0755}, {notes, 0755}, {sources, 0755}, {tmp, 0700}}};

bool is_treesum(std::string_view text) {
    return text.size() == 64 &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void check_format(const std::string &text) {
    const auto version = parse_format(text);
    if (!version)
        fail(Blame::environment, "its file '{}' does not name a format: the store is damaged, or not one", format_file);
    if (*version > format_version)
        fail(Blame::environment, "it has format {}, made by a newer osb; this one knows formats up to {}", *version,
             format_version);
}

/// Whether a directory holds nothing, or what a process that died while making a store can have left.
bool may_become_a_store(const Dir &root) {
    for (const std::string &name : root.names()) {
        if (name == cachedir_tag || name == tmp || name == "lost+found") continue;
        const bool ours = std::ranges::any_of(parts, [&](const Part &part) { return name == part.name; });
        if (!ours || !root.open_dir(TreePath(name), Symlinks::refuse).names().empty()) return false;
    }
    return true;
}

void make_directories(const std::filesystem::path &root) {
    for (const auto &[name, mode] : parts) {
        const auto path = root / name;
        if (::mkdir(path.c_str(), mode) == 0)
            check(::chmod(path.c_str(), mode), "set the mode of {}", path.native());
        else if (errno != EEXIST)
            check(-1, "make directory {}", path.native());
    }
}

void publish_text(const std::filesystem::path &root, const char *name, std::string_view text) {
    AtomicFile file(root / name, 0644, root / tmp);
    file.write(text);
    file.commit();
}

/// What was lost from a store is made again where that can be; on a read-only file system the store is used as it is.
void mend_directories(const std::filesystem::path &root) {
    for (const auto &[name, mode] : parts)
        if (::access((root / name).c_str(), F_OK) == -1 && errno == ENOENT) ::mkdir((root / name).c_str(), mode);
}

/// nullopt where there is no store yet.
std::optional<std::string> read_format(const Dir &dir) {
    return dir.read_file_if_exists(TreePath(format_file), 4096);
}

void create(const std::filesystem::path &root, const Dir &dir) {
    // One process makes it; the others wait here and find it made.
    const FileLock making = FileLock::wait(dir.fd().duplicate(), LockKind::exclusive, root.native());
    if (const auto text = read_format(dir)) return check_format(*text);
    if (!may_become_a_store(dir))
        fail(Blame::environment, "it is not a store, and not empty (an empty or a new directory becomes one)");
    make_directories(root);
    publish_text(root, cachedir_tag, tag_text);
    publish_text(root, format_file, format_text(format_version));
}

}  // namespace

std::string format_text(int version) {
    return format("{}{}\n", format_prefix, version);
}

std::optional<int> parse_format(std::string_view text) {
    if (!text.starts_with(format_prefix) || !text.ends_with('\n')) return std::nullopt;
    text.remove_prefix(format_prefix.size());
    text.remove_suffix(1);
    int version = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error != std::errc{} || end != text.data() + text.size() || version < 1) return std::nullopt;
    return version;
}

std::string ref_target(std::string_view treesum) {
    return std::string(target_prefix).append(treesum);
}

std::optional<std::string> parse_ref_target(std::string_view target) {
    if (!target.starts_with(target_prefix)) return std::nullopt;
    target.remove_prefix(target_prefix.size());
    if (!is_treesum(target)) return std::nullopt;
    return std::string(target);
}

bool is_id(std::string_view text) noexcept {
    constexpr size_t longest = 200;
    if (text.empty() || text.size() > longest || text.front() == '.') return false;
    return std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
               c == ':' || c == '-';
    });
}

void check_id(std::string_view text) {
    if (!is_id(text))
        fail(Blame::bug, "an object id has 1 to 200 letters, digits, '.', '_', ':' or '-', not '{}'", text);
}

void open_or_create(const std::filesystem::path &root) {
    std::error_code code;
    std::filesystem::create_directories(root, code);
    // A path that leads through a file, or ends in one, is told by the open.
    if (code && code != std::errc::not_a_directory && code != std::errc::file_exists)
        throw Error(format("make store {}", root.native()), code);
    const Dir dir(Fd(check(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open store {}", root.native())));
    in_context(
        [&] {
            const auto text = read_format(dir);
            if (!text) return create(root, dir);
            check_format(*text);
            mend_directories(root);
        },
        "open store {}", root.native());
}

}  // namespace osb::store::layout
