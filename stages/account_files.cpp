// SPDX-License-Identifier: Apache-2.0
#include "stages/account_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"

namespace osb::stages {
namespace {

constexpr size_t account_file_limit = size_t{64} << 20;
constexpr mode_t kept_mode = 0664;  // what shadow-utils keep of a file's mode
constexpr size_t longest_name = 32;

/// Writes a file that takes the place of whatever has its name, with this owner and mode.
Fd create_fresh(const Dir &directory, const std::string &name, std::string_view text, const struct stat &like) {
    if (::unlinkat(directory.fd().get(), name.c_str(), 0) == -1 && errno != ENOENT)
        check(-1, "remove {} in the tree", name);
    Fd fd(
        check(::openat(directory.fd().get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600),
              "create {} in the tree", name));
    check(::fchown(fd.get(), like.st_uid, like.st_gid), "change the owner of {}", name);
    check(::fchmod(fd.get(), like.st_mode & kept_mode), "change the mode of {}", name);
    write_all(fd, text, name);
    return fd;
}

bool is_nis(std::string_view line) {
    return line.starts_with('+') || line.starts_with('-');
}

std::uint64_t number_or_zero(const std::string &text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::string join(const Fields &fields) {
    std::string line;
    for (const std::string &one : fields) line += (&one == fields.data() ? "" : ":") + one;
    return line;
}

/// Above the highest used number, or the lowest free one.
std::uint32_t new_id(const AccountFile &file, std::uint32_t least, std::uint32_t most, const char *what) {
    std::vector<std::uint32_t> used;
    std::uint64_t next = least;
    for (const Fields &record : file.records()) {
        const auto id = parse_id(record[field::uid]);
        if (!id) continue;
        used.push_back(*id);
        if (*id >= next && *id <= most) next = std::uint64_t{*id} + 1;
    }
    if (next <= most) return static_cast<std::uint32_t>(next);
    std::ranges::sort(used);
    for (std::uint64_t id = least; id <= most; id++)
        if (!std::ranges::binary_search(used, static_cast<std::uint32_t>(id))) return static_cast<std::uint32_t>(id);
    fail(Blame::build, "no number from {} to {} is left for a new {}", least, most, what);
}

std::uint32_t range_limit(const LoginDefs &defs, const std::string &name, long fallback) {
    const long value = defs.number(name, fallback);
    if (value < 0 || value >= UINT32_MAX)
        fail(Blame::build, "/etc/login.defs: {} is {}, which is no user or group", name, value);
    return static_cast<std::uint32_t>(value);
}

}  // namespace

AccountFile::AccountFile(const Dir &tree, std::string_view path, size_t field_count)
    : tree_(tree), path_(path), field_count_(field_count) {
    const auto status = tree.status(path_);
    if (!status) return;
    if (!S_ISREG(status->st_mode)) fail(Blame::build, "{} in the tree is no regular file", path_.absolute());
    status_ = *status;
    present_ = true;
    before_ = read_all(tree.open_file(path_, O_RDONLY | O_NONBLOCK, 0, Symlinks::refuse), path_.absolute(),
                       account_file_limit);
    lines_ = split_list(before_, '\n');
    if (!lines_.empty() && lines_.back().empty()) lines_.pop_back();
}

std::optional<Fields> AccountFile::parse(const std::string &line) const {
    if (is_nis(line)) return std::nullopt;
    Fields fields = split_list(line, ':');
    if (fields.size() != field_count_) return std::nullopt;
    return fields;
}

std::optional<Fields> AccountFile::find(std::string_view name) const {
    for (const std::string &line : lines_) {
        if (line.size() <= name.size() || line[name.size()] != ':' || !line.starts_with(name)) continue;
        if (auto fields = parse(line)) return fields;
    }
    return std::nullopt;
}

std::vector<Fields> AccountFile::records() const {
    std::vector<Fields> all;
    for (const std::string &line : lines_)
        if (auto fields = parse(line)) all.push_back(std::move(*fields));
    return all;
}

void AccountFile::put(const Fields &fields) {
    changed_ = true;
    const std::string start = fields[field::name] + ":";
    for (std::string &line : lines_) {
        if (!line.starts_with(start) || !parse(line)) continue;
        line = join(fields);
        return;
    }
    lines_.insert(std::ranges::find_if(lines_, is_nis), join(fields));
}

void AccountFile::add_range(const Fields &fields) {
    changed_ = true;
    const auto key = [&](const std::string &line) {
        const auto parsed = parse(line);
        if (!parsed) return std::make_tuple(true, std::uint64_t{0}, std::uint64_t{0}, std::string());
        return std::make_tuple(false, number_or_zero((*parsed)[1]), number_or_zero((*parsed)[2]), (*parsed)[0]);
    };
    std::ranges::stable_sort(lines_, {}, key);
    lines_.push_back(join(fields));
}

void AccountFile::commit() {
    if (!changed_) return;
    changed_ = false;
    const Dir directory = tree_.open_parent(path_);
    const std::string name = path_.name();
    if (present_) {
        const Fd backup = create_fresh(directory, name + "-", before_, status_);
        const std::array<timespec, 2> times = {timespec{status_.st_atim.tv_sec, 0},
                                               timespec{status_.st_mtim.tv_sec, 0}};
        check(::futimens(backup.get(), times.data()), "set the times of {}-", path_.absolute());
    } else {
        status_.st_mode = S_IFREG | 0644;
    }
    std::string text;
    for (const std::string &line : lines_) text += line + "\n";
    const Fd fresh = create_fresh(directory, name + "+", text, status_);
    check(::renameat(directory.fd().get(), (name + "+").c_str(), directory.fd().get(), name.c_str()),
          "replace {} in the tree", path_.absolute());
    check(::fstat(fresh.get(), &status_), "stat {}", path_.absolute());
    present_ = true;
    before_ = std::move(text);
}

Accounts::Accounts(const Dir &root)
    : tree(root),
      defs(LoginDefs::read(root)),
      passwd(root, "/etc/passwd", field::passwd_count),
      shadow(root, "/etc/shadow", field::shadow_count),
      group(root, "/etc/group", field::group_count),
      gshadow(root, "/etc/gshadow", field::group_count),
      subuid(root, "/etc/subuid", field::range_count),
      subgid(root, "/etc/subgid", field::range_count) {}

std::uint32_t Accounts::new_uid() const {
    return new_id(passwd, range_limit(defs, "UID_MIN", 1000), range_limit(defs, "UID_MAX", 60000), "user");
}

std::uint32_t Accounts::new_gid(std::optional<std::uint32_t> preferred) const {
    const std::uint32_t least = range_limit(defs, "GID_MIN", 1000);
    const std::uint32_t most = range_limit(defs, "GID_MAX", 60000);
    if (preferred && *preferred >= least && *preferred <= most && !has_gid(*preferred)) return *preferred;
    return new_id(group, least, most, "group");
}

bool Accounts::has_gid(std::uint32_t gid) const {
    return std::ranges::any_of(group.records(),
                               [&](const Fields &record) { return parse_id(record[field::group_id]) == gid; });
}

Fields Accounts::find_group(const std::string &name_or_number) const {
    if (const auto gid = parse_id(name_or_number)) {
        for (const Fields &record : group.records())
            if (parse_id(record[field::group_id]) == gid) return record;
    } else if (auto record = group.find(name_or_number)) {
        return *record;
    }
    fail(Blame::build, "there is no group '{}'", name_or_number);
}

void Accounts::add_group(const std::string &name, std::uint32_t gid, const char *password) {
    group.put({name, gshadow.present() ? "x" : password, std::to_string(gid), ""});
    if (gshadow.present()) gshadow.put({name, "!", "", ""});
}

void Accounts::set_groups(const std::string &user, const std::vector<std::string> &groups, Others others) {
    for (AccountFile *file : {&group, &gshadow}) {
        for (Fields record : file->records()) {
            std::vector<std::string> members = split_list(record[field::members]);
            const bool was = std::ranges::find(members, user) != members.end();
            const bool wanted = std::ranges::find(groups, record[field::name]) != groups.end();
            if (wanted && (!was || others == Others::stay)) {
                if (!was) members.push_back(user);  // useradd writes the record again even if nothing changes
            } else if (was && !wanted && others == Others::go) {
                std::erase(members, user);
            } else {
                continue;
            }
            record[field::members] = join_list(members);
            file->put(record);
        }
    }
}

void Accounts::commit() {
    for (AccountFile *file : {&passwd, &shadow, &group, &gshadow, &subuid, &subgid}) file->commit();
    const TreePath lock("/etc/.pwd.lock");
    if (tree.status(lock)) return;
    const Dir directory = tree.open_parent(lock);
    Fd(check(::openat(directory.fd().get(), lock.name().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
             "create {}", lock.absolute()));
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

void require_account_name(const std::string &name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
               c == '-';
    };
    const bool digits = std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (name.empty() || name.size() > longest_name || name == "." || name == ".." || name.front() == '-' || digits ||
        !std::ranges::all_of(name, allowed))
        fail(Blame::build,
             "'{}' is no name for a user or group: at most {} letters, digits, '_', '.' and '-', not digits alone",
             name, longest_name);
}

void require_field(const std::string &what, const std::string &text) {
    if (text.find_first_of(":\n") != std::string::npos)
        fail(Blame::build, "the {} '{}' has a colon or a line end in it", what, text);
}

std::vector<std::string> split_list(std::string_view text, char separator) {
    std::vector<std::string> items;
    if (text.empty()) return items;
    while (true) {
        const size_t end = std::min(text.find(separator), text.size());
        items.emplace_back(text.substr(0, end));
        if (end == text.size()) return items;
        text.remove_prefix(end + 1);
    }
}

std::string join_list(const std::vector<std::string> &items) {
    std::string text;
    for (const std::string &item : items) text += (&item == items.data() ? "" : ",") + item;
    return text;
}

}  // namespace osb::stages
