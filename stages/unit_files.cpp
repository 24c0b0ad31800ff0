// SPDX-License-Identifier: Apache-2.0
#include "stages/unit_files.hpp"

#include <algorithm>
#include <map>
#include <sys/stat.h>

#include "lib/base/error.hpp"
#include "stages/account_files.hpp"
#include "stages/etc_file.hpp"
#include "stages/os_release.hpp"

namespace osb::stages {
namespace {

constexpr size_t longest_name = 255;
constexpr int most_links = 40;
constexpr std::string_view suffixes[] = {".service", ".socket", ".target", ".device", ".mount", ".automount",
                                         ".swap",    ".timer",  ".path",   ".slice",  ".scope"};

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.\\").find(c) != std::string_view::npos;
}

bool is_directory_on_its_own(const Dir &tree, const char *path) {
    const auto status = tree.status(TreePath(path));
    return status && S_ISDIR(status->st_mode);
}

std::string base_name(std::string_view path) {
    return std::string(path.substr(path.rfind('/') + 1));
}

/// Words separated by blanks; quotes and backslashes do not occur in names of units and are refused.
std::vector<std::string> words_of(std::string_view value) {
    if (value.find_first_of("\"'") != std::string_view::npos)
        fail(Blame::build, "a quoted name of a unit is not understood: {}", value);
    std::vector<std::string> words;
    for (size_t at = value.find_first_not_of(" \t"); at != std::string_view::npos;
         at = value.find_first_not_of(" \t", at)) {
        const size_t end = std::min(value.find_first_of(" \t", at), value.size());
        words.emplace_back(value.substr(at, end - at));
        at = end;
    }
    return words;
}

/// An assignment adds to the list; an empty one starts it again.
void take_list(std::vector<std::string> &list, std::string_view value) {
    if (value.empty()) return list.clear();
    for (std::string &word : words_of(value)) list.push_back(std::move(word));
}

/// Reads the [Install] section of one file (systemd.syntax(7)).
void parse_install(const std::string &text, InstallSection &install) {
    std::string section;
    std::string held;  // the beginning of a line that goes on
    for (std::string line : split_list(text, '\n')) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
        line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
        if (line.starts_with('#') || line.starts_with(';')) continue;  // also in the middle of a line that goes on
        if (line.ends_with('\\')) {
            line.back() = ' ';
            held += line;
            continue;
        }
        line = std::exchange(held, "") + line;
        if (line.starts_with('[') && line.ends_with(']')) {
            section = line;
            continue;
        }
        const size_t equals = line.find('=');
        if (section != "[Install]" || equals == std::string::npos) continue;
        std::string name = line.substr(0, equals);
        while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.pop_back();
        std::string value = line.substr(equals + 1);
        value.erase(0, std::min(value.find_first_not_of(" \t"), value.size()));
        if (name == "Alias") take_list(install.aliases, value);
        if (name == "WantedBy") take_list(install.wanted_by, value);
        if (name == "RequiredBy") take_list(install.required_by, value);
        if (name == "UpheldBy") take_list(install.upheld_by, value);
        if (name == "Also") take_list(install.also, value);
        if (name == "DefaultInstance") install.default_instance = value;
    }
}

}  // namespace

std::optional<UnitName> UnitName::parse(std::string_view name) {
    const size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || name.size() > longest_name ||
        std::ranges::find(suffixes, name.substr(dot)) == std::end(suffixes))
        return std::nullopt;
    UnitName unit{.suffix = std::string(name.substr(dot))};
    name = name.substr(0, dot);
    const size_t at = name.find('@');
    unit.prefix = name.substr(0, at);
    if (at != std::string_view::npos) {
        unit.instance = name.substr(at + 1);
        unit.kind = unit.instance.empty() ? Kind::template_ : Kind::instance;
    }
    if (unit.prefix.empty() || !std::ranges::all_of(unit.prefix, is_name_character) ||
        !std::ranges::all_of(unit.instance, [](char c) { return c == '@' || is_name_character(c); }))
        return std::nullopt;
    return unit;
}

std::string UnitName::text() const {
    return prefix + (kind == Kind::plain ? "" : "@" + instance) + suffix;
}

UnitName UnitName::as_template() const {
    return {.prefix = prefix, .suffix = suffix, .kind = Kind::template_};
}

UnitName UnitName::with_instance(std::string_view name) const {
    return {.prefix = prefix, .instance = std::string(name), .suffix = suffix, .kind = Kind::instance};
}

std::string unit_name_of(std::string_view given, std::string_view fallback) {
    if (given.empty()) fail(Blame::build, "the name of a unit is empty");
    if (given.find('/') != std::string_view::npos)
        fail(Blame::build, "'{}' is a path, where the name of a unit is wanted", given);
    if (given.find_first_of("*?[") != std::string_view::npos)
        fail(Blame::build, "'{}' is a pattern, where the name of one unit is wanted", given);
    std::string name;
    for (const char c : given) {
        if (is_name_character(c) || c == '@')
            name += c;
        else
            name += format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos || std::ranges::find(suffixes, name.substr(dot)) == std::end(suffixes))
        name += fallback;
    if (!UnitName::parse(name)) fail(Blame::build, "'{}' is no name of a unit", given);
    return name;
}

UnitFiles::UnitFiles(const Dir &tree) : tree_(tree) {
    paths_ = {"/etc/systemd/system.control", std::string(config_path), "/etc/systemd/system.attached",
              "/usr/local/lib/systemd/system"};
    const bool own_lib = is_directory_on_its_own(tree, "/lib");
    if (own_lib || OsRelease::read(tree).has_units_in_lib()) paths_.emplace_back("/lib/systemd/system");
    paths_.emplace_back("/usr/lib/systemd/system");
}

std::string UnitFiles::chase(std::string_view path) const {
    std::vector<std::string> rest = split_list(path, '/');
    std::ranges::reverse(rest);
    TreePath done;
    for (int links = 0; !rest.empty();) {
        const std::string part = std::move(rest.back());
        rest.pop_back();
        if (part.empty() || part == ".") continue;
        if (part == "..") {
            if (!done.is_root()) done = done.parent();
            continue;
        }
        const TreePath next = done / part;
        const auto status = tree_.status(next);
        if (!status || !S_ISLNK(status->st_mode)) {
            done = next;
            continue;
        }
        if (++links > most_links) throw_errno(ELOOP, "follow {}", path);
        const std::string target = tree_.read_link(next);
        if (target.starts_with('/')) done = TreePath();
        std::vector<std::string> more = split_list(target, '/');
        std::ranges::reverse(more);
        rest.insert(rest.end(), more.begin(), more.end());
    }
    return done.absolute();
}

/// Looks for the file in all paths. An alias sets `next` to the unit it stands for.
std::optional<UnitFile> UnitFiles::look(const std::string &file_name, const std::string &unit, ConfigAliases aliases,
                                        std::string &next) const {
    for (const std::string &directory : paths_) {
        const std::string path = directory + "/" + file_name;
        const auto status = tree_.status(TreePath(path));
        if (!status) continue;
        UnitFile found{.state = UnitFile::State::loaded, .name = unit, .path = path};
        if (S_ISLNK(status->st_mode)) {
            const std::string target = chase(path);
            if (target == "/dev/null") {
                found.state = UnitFile::State::masked;
                return found;
            }
            const auto behind = tree_.status(TreePath(target));
            if (!behind) continue;  // a link to nowhere is as good as none
            const std::string name = base_name(target);
            if (name != file_name) {
                const auto alias = UnitName::parse(name);
                if (!alias) fail(Blame::build, "{} is a link to {}, which is no unit", path, target);
                if (aliases == ConfigAliases::refuse && directory.starts_with("/etc/"))
                    fail(Blame::build, "{} is an alias, made by enabling {}; name that unit", path, name);
                const auto asked = UnitName::parse(unit);
                const bool instantiate =
                    alias->kind == UnitName::Kind::template_ && asked && asked->kind == UnitName::Kind::instance;
                next = instantiate ? alias->with_instance(asked->instance).text() : name;
                return found;
            }
            found.path = target;
            if (behind->st_size == 0 || !S_ISREG(behind->st_mode)) found.state = UnitFile::State::masked;
        } else if (!S_ISREG(status->st_mode) || status->st_size == 0) {
            found.state = UnitFile::State::masked;
        }
        return found;
    }
    return std::nullopt;
}

UnitFile UnitFiles::find(const std::string &asked, ConfigAliases aliases) const {
    std::string name = asked;
    for (int links = 0; links < most_links; links++) {
        std::string next;
        auto found = look(name, name, aliases, next);
        const auto parsed = UnitName::parse(name);
        if (!found && parsed && parsed->kind == UnitName::Kind::instance)
            found = look(parsed->as_template().text(), name, aliases, next);
        if (!found) return {.state = UnitFile::State::missing, .name = name};
        if (next.empty()) {
            if (found->state == UnitFile::State::loaded) load(*found);
            return *found;
        }
        name = next;
    }
    fail(Blame::build, "the unit {} is an alias of an alias without end", asked);
}

/// The file and its drop-ins, by the bytes of their names; of two of one name the directory that comes first has its
/// way.
void UnitFiles::load(UnitFile &unit) const {
    parse_install(read_config(tree_, TreePath(unit.path)).value_or(""), unit.install);
    std::vector<std::string> owners = {unit.name};
    if (const auto name = UnitName::parse(unit.name); name && name->kind == UnitName::Kind::instance)
        owners.push_back(name->as_template().text());
    std::map<std::string, std::string> drop_ins;  // name → path
    for (const std::string &owner : owners) {
        for (const std::string &directory : paths_) {
            const TreePath path(directory + "/" + owner + ".d");
            const auto status = tree_.status(path, Symlinks::follow);
            if (!status || !S_ISDIR(status->st_mode)) continue;
            for (const std::string &name : tree_.open_dir(path).names())
                if (name.ends_with(".conf")) drop_ins.try_emplace(name, (path / name).absolute());
        }
    }
    for (const auto &[name, path] : drop_ins) {
        if (chase(path) == "/dev/null") continue;
        parse_install(read_config(tree_, TreePath(path)).value_or(""), unit.install);
    }
}

}  // namespace osb::stages
