// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/dir.hpp"

namespace osb::stages {

/// The [Install] section of a unit file (systemd.unit(5)), drop-ins included.
struct InstallSection {
    std::vector<std::string> aliases;
    std::vector<std::string> wanted_by;
    std::vector<std::string> required_by;
    std::vector<std::string> upheld_by;
    std::vector<std::string> also;
    std::string default_instance;
};

/// The parts of a unit's name: "getty@tty1.service" is prefix "getty", instance "tty1", suffix ".service".
struct UnitName {
    enum class Kind { plain, template_, instance };
    std::string prefix;
    std::string instance;
    std::string suffix;
    Kind kind = Kind::plain;

    /// nullopt for a text that is no name of a unit.
    static std::optional<UnitName> parse(std::string_view name);
    std::string text() const;
    UnitName as_template() const;
    UnitName with_instance(std::string_view name) const;
};

/// The unit's name for what a person wrote: `fallback` (".service") is added where there is no suffix, and characters
/// that no name has are escaped as systemd does. Throws (Blame::build) for patterns and paths.
std::string unit_name_of(std::string_view given, std::string_view fallback);

struct UnitFile {
    enum class State { missing, masked, loaded };
    State state = State::missing;
    std::string name;  ///< what an alias led to; else what was asked for
    std::string path;  ///< "/usr/lib/systemd/system/sshd.service"
    InstallSection install = {};
};

/// The unit files of a tree, found in the order in which systemd looks for them when it is told `--root`.
class UnitFiles {
public:
    explicit UnitFiles(const Dir &tree);

    /// Where links made by enabling go.
    static constexpr std::string_view config_path = "/etc/systemd/system";

    enum class ConfigAliases { follow, refuse };
    /// Follows aliases; with `refuse`, one in /etc is an Error, because it is a link that enabling made. For an
    /// instance that has no file of its own, its template's file.
    UnitFile find(const std::string &name, ConfigAliases aliases) const;

    /// Where a path leads in the tree when all links in it are followed; what is not there is taken as it is written.
    std::string chase(std::string_view path) const;

private:
    std::optional<UnitFile> look(const std::string &file_name, const std::string &unit, ConfigAliases aliases,
                                 std::string &next) const;
    void load(UnitFile &unit) const;

    const Dir &tree_;
    std::vector<std::string> paths_;
};

}  // namespace osb::stages
