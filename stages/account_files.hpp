// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include "lib/base/dir.hpp"
#include "stages/login_defs.hpp"

namespace osb::stages {

/// The fields of a line of passwd(5), shadow(5), group(5) …
using Fields = std::vector<std::string>;

/// One of the files with a record a line and colons between fields, changed as shadow-utils change them: what is not
/// touched stays byte for byte; the file before the change is kept under its name with a hyphen.
class AccountFile {
public:
    /// A file that is not there has no records. A link in its place is an Error, as it is for shadow-utils.
    AccountFile(const Dir &tree, std::string_view path, size_t field_count);

    bool present() const { return present_; }
    std::optional<Fields> find(std::string_view name) const;
    /// All records with as many fields as this file has, in order.
    std::vector<Fields> records() const;
    /// Replaces the first record of that name (fields[0]), or adds one: at the end, but before NIS entries (`+…`).
    void put(const Fields &fields);
    /// Adds a record whose first field need not be unique, after sorting the others by their second and third field.
    void add_range(const Fields &fields);
    /// Writes what was changed since the last time: the backup, a new file, rename.
    void commit();

private:
    std::optional<Fields> parse(const std::string &line) const;

    const Dir &tree_;
    TreePath path_;
    size_t field_count_;
    bool present_ = false;
    bool changed_ = false;
    struct stat status_ {};
    std::string before_;
    std::vector<std::string> lines_;
};

/// The accounts of a tree.
struct Accounts {
    explicit Accounts(const Dir &tree);

    const Dir &tree;
    LoginDefs defs;
    AccountFile passwd;
    AccountFile shadow;
    AccountFile group;
    AccountFile gshadow;
    AccountFile subuid;
    AccountFile subgid;

    /// The number after the highest one that passwd uses in UID_MIN … UID_MAX; when there is none, the lowest free one.
    std::uint32_t new_uid() const;
    /// The same in group, unless `preferred` is in the range and free.
    std::uint32_t new_gid(std::optional<std::uint32_t> preferred) const;
    /// The group of that name, or, when the text is a number, of that number. Throws when there is none.
    Fields find_group(const std::string &name_or_number) const;
    bool has_gid(std::uint32_t gid) const;
    /// Adds a group without members to group and gshadow; `password` goes where it is when there is no gshadow.
    void add_group(const std::string &name, std::uint32_t gid, const char *password);
    /// Adds the user to these groups and, with `others`, removes it from all others.
    enum class Others { stay, go };
    void set_groups(const std::string &user, const std::vector<std::string> &groups, Others others);
    /// Commits all files, and leaves /etc/.pwd.lock as the programs do.
    void commit();
};

namespace field {
inline constexpr size_t name = 0;
inline constexpr size_t password = 1;
// passwd
inline constexpr size_t uid = 2;
inline constexpr size_t gid = 3;
inline constexpr size_t comment = 4;
inline constexpr size_t home = 5;
inline constexpr size_t shell = 6;
inline constexpr size_t passwd_count = 7;
// shadow
inline constexpr size_t last_change = 2;
inline constexpr size_t expire = 7;
inline constexpr size_t shadow_count = 9;
// group and gshadow
inline constexpr size_t group_id = 2;
inline constexpr size_t members = 3;
inline constexpr size_t group_count = 4;
// subuid and subgid
inline constexpr size_t range_count = 3;
}  // namespace field

/// A number of an account file; nullopt for what is none.
std::optional<std::uint32_t> parse_id(std::string_view text);

/// Throws unless shadow-utils accept it for a user or group: letters, digits, `_`, `.`, `-`, at most 32 characters, not
/// only digits.
void require_account_name(const std::string &name);
/// Throws when a field's text has a colon or a line end.
void require_field(const std::string &what, const std::string &text);

/// "a,b" → {"a", "b"}; "" → {}.
std::vector<std::string> split_list(std::string_view text, char separator = ',');
std::string join_list(const std::vector<std::string> &items);

}  // namespace osb::stages
