// SPDX-License-Identifier: Apache-2.0
#include "stages/unit_install.hpp"

#include <deque>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/unit_files.hpp"

namespace osb::stages {
namespace {

enum class Existing { keep, replace };

/// Makes PATH a link to `target`, with its directory. One that leads there already stays.
void make_link(const Dir &tree, const UnitFiles &units, const std::string &target, const std::string &path,
               Existing existing) {
    const TreePath place(path);
    const Dir directory = tree.make_dirs(place.parent());
    const std::string name = place.name();
    if (::symlinkat(target.c_str(), directory.fd().get(), name.c_str()) == 0)
        return say(path + " is now a link to " + target);
    const int number = errno;
    if (number != EEXIST) throw_errno(number, "make link {}", path);
    const auto status = tree.status(place);
    if (!status || !S_ISLNK(status->st_mode)) fail(Blame::build, "{} is in the way: it is no link", path);
    const std::string there = tree.read_link(place);
    if (there == target || (!there.empty() && units.chase(path) == units.chase(target))) return;
    if (existing == Existing::keep) fail(Blame::build, "{} is in the way: it is a link to {}", path, there);
    check(::unlinkat(directory.fd().get(), name.c_str(), 0), "remove {}", path);
    check(::symlinkat(target.c_str(), directory.fd().get(), name.c_str()), "make link {}", path);
    say(path + " is now a link to " + target);
}

/// Fills in the specifiers an [Install] section may use (systemd.unit(5), "Specifiers"), those that do not depend on a
/// machine.
std::string expand(const std::string &text, const UnitFile &unit) {
    auto name = *UnitName::parse(unit.name);
    if (name.kind == UnitName::Kind::template_ && !unit.install.default_instance.empty())
        name = name.with_instance(unit.install.default_instance);
    std::string result;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] != '%' || i + 1 == text.size()) {
            result += text[i];
            continue;
        }
        switch (text[++i]) {
            case 'n':
                result += name.text();
                break;
            case 'N':
                result += name.text().substr(0, name.text().size() - name.suffix.size());
                break;
            case 'p':
                result += name.prefix;
                break;
            case 'j':
                result += name.prefix.substr(name.prefix.rfind('-') + 1);
                break;
            case 'i':
                result += name.instance;
                break;
            case '%':
                result += '%';
                break;
            default:
                fail(Blame::build, "{}: the specifier %{} in [Install] depends on a running machine", unit.path,
                     text[i]);
        }
    }
    return result;
}

class Enabling {
public:
    explicit Enabling(const Dir &tree) : tree_(tree), units_(tree) {}

    void enable(const std::string &name) {
        std::deque<std::pair<std::string, bool>> waiting = {{name, true}};
        std::set<std::string> done;
        while (!waiting.empty()) {
            const auto [next, asked_for] = waiting.front();
            waiting.pop_front();
            if (!done.insert(next).second) continue;
            const UnitFile unit = units_.find(next, UnitFiles::ConfigAliases::refuse);
            if (unit.state != UnitFile::State::loaded) {
                const char *why = unit.state == UnitFile::State::masked ? "is masked" : "does not exist";
                if (asked_for) fail(Blame::build, "the unit {} {}", next, why);
                say("the unit " + next + ", named by Also=, " + why);
                continue;
            }
            for (const std::string &also : unit.install.also) waiting.emplace_back(expand(also, unit), false);
            link(unit);
        }
    }

private:
    void link(const UnitFile &unit) const {
        for (const std::string &alias : unit.install.aliases) link_alias(unit, expand(alias, unit));
        link_dependencies(unit, unit.install.wanted_by, ".wants/");
        link_dependencies(unit, unit.install.required_by, ".requires/");
        link_dependencies(unit, unit.install.upheld_by, ".upholds/");
    }

    void link_alias(const UnitFile &unit, const std::string &text) const {
        const auto own = *UnitName::parse(unit.name);
        const size_t slash = text.find('/');
        auto alias = UnitName::parse(text.substr(slash == std::string::npos ? 0 : slash + 1));
        if (alias && alias->kind == UnitName::Kind::template_ && own.kind == UnitName::Kind::instance)
            alias = alias->with_instance(own.instance);
        const bool fits = alias && alias->suffix == own.suffix &&
                          (alias->kind == own.kind || alias->kind == UnitName::Kind::instance);
        // "foo.target.wants/bar.service" is an old way to say WantedBy=foo.target.
        const std::string directory = slash == std::string::npos ? "" : text.substr(0, slash + 1);
        const bool good_directory =
            directory.empty() || ((directory.ends_with(".wants/") || directory.ends_with(".requires/")) && alias &&
                                  alias->text() == unit.name);
        if (!fits || !good_directory)
            fail(Blame::build, "{}: '{}' cannot be an alias of {}", unit.path, text, unit.name);
        make_link(tree_, units_, unit.path, std::string(UnitFiles::config_path) + "/" + directory + alias->text(),
                  Existing::keep);
    }

    void link_dependencies(const UnitFile &unit, const std::vector<std::string> &list, const char *kind) const {
        auto name = *UnitName::parse(unit.name);
        bool into_template = false;  // a template without an instance of its own is wanted by templates
        if (name.kind == UnitName::Kind::template_) {
            if (unit.install.default_instance.empty())
                into_template = true;
            else
                name = name.with_instance(unit.install.default_instance);
        }
        for (const std::string &text : list) {
            const std::string wanter = expand(text, unit);
            const auto parsed = UnitName::parse(wanter);
            if (!parsed) fail(Blame::build, "{}: '{}' is no name of a unit", unit.path, wanter);
            if (into_template && parsed->kind == UnitName::Kind::plain)
                fail(Blame::build, "{} is a template; to be wanted by {} it needs an instance", unit.name, wanter);
            make_link(tree_, units_, unit.path, std::string(UnitFiles::config_path) + "/" + wanter + kind + name.text(),
                      Existing::replace);
        }
    }

    const Dir &tree_;
    UnitFiles units_;
};

class Disabling {
public:
    explicit Disabling(const Dir &tree) : tree_(tree), units_(tree) {}

    void disable(const std::string &name) {
        mark(name);
        const TreePath top(UnitFiles::config_path);
        if (!tree_.status(top, Symlinks::follow)) return;
        // A link that goes away may have been what another one led to.
        while (remove_links(tree_.open_dir(top), top)) {
        }
    }

private:
    void mark(const std::string &first) {
        std::deque<std::string> waiting = {first};
        std::set<std::string> done;
        while (!waiting.empty()) {
            const std::string next = waiting.front();
            waiting.pop_front();
            if (!done.insert(next).second) continue;
            const UnitFile unit = units_.find(next, UnitFiles::ConfigAliases::follow);
            if (unit.state == UnitFile::State::masked) {
                say("the unit " + next + " is masked; it stays as it is");
                continue;
            }
            if (unit.state == UnitFile::State::missing) say("the unit " + next + " does not exist");
            marked_.insert(unit.name);
            for (const std::string &also : unit.install.also) waiting.push_back(expand(also, unit));
        }
    }

    bool is_marked(const std::string &link_name, const std::string &path) const {
        const std::string target = units_.chase(path);
        if (marked_.contains(target) || marked_.contains(target.substr(target.rfind('/') + 1)) ||
            marked_.contains(link_name))
            return true;
        const auto name = UnitName::parse(link_name);
        return name && name->kind == UnitName::Kind::instance && marked_.contains(name->as_template().text());
    }

    /// True when a link was removed; a directory that this empties goes as well.
    bool remove_links(const Dir &directory, const TreePath &path) {
        bool removed = false;
        for (const std::string &name : directory.names()) {
            struct stat status {};
            check(::fstatat(directory.fd().get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW), "stat {}",
                  (path / name).absolute());
            if (S_ISDIR(status.st_mode)) {
                const Dir below(Fd(
                    check(::openat(directory.fd().get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                          "open {}", (path / name).absolute())));
                if (!remove_links(below, path / name)) continue;
                removed = true;
                if (below.names().empty())
                    check(::unlinkat(directory.fd().get(), name.c_str(), AT_REMOVEDIR), "remove {}",
                          (path / name).absolute());
            } else if (S_ISLNK(status.st_mode) && UnitName::parse(name) && is_marked(name, (path / name).absolute())) {
                check(::unlinkat(directory.fd().get(), name.c_str(), 0), "remove {}", (path / name).absolute());
                say((path / name).absolute() + " is removed");
                marked_.insert((path / name).absolute());
                removed = true;
            }
        }
        return removed;
    }

    const Dir &tree_;
    UnitFiles units_;
    std::set<std::string> marked_;  // names of units, and paths of links that are gone
};

}  // namespace

void enable_unit(const Dir &tree, const std::string &name) {
    Enabling(tree).enable(name);
}

void disable_unit(const Dir &tree, const std::string &name) {
    Disabling(tree).disable(name);
}

void mask_unit(const Dir &tree, const std::string &name) {
    make_link(tree, UnitFiles(tree), "/dev/null", std::string(UnitFiles::config_path) + "/" + name, Existing::keep);
}

void set_default_target(const Dir &tree, const std::string &name) {
    const auto parsed = UnitName::parse(name);
    if (!parsed || parsed->suffix != ".target" || name == "default.target")
        fail(Blame::build, "'{}' cannot be the default target", name);
    const UnitFiles units(tree);
    const UnitFile unit = units.find(name, UnitFiles::ConfigAliases::refuse);
    if (unit.state == UnitFile::State::missing) fail(Blame::build, "the target {} does not exist", name);
    if (unit.state == UnitFile::State::masked) fail(Blame::build, "the target {} is masked", name);
    make_link(tree, units, unit.path, std::string(UnitFiles::config_path) + "/default.target", Existing::replace);
}

}  // namespace osb::stages
