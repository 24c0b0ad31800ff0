// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/arguments.hpp"
#include "stages/deb_chroot.hpp"
#include "stages/unit_files.hpp"
#include "stages/unit_install.hpp"

namespace osb::stages {

int run_systemd(const Arguments &arguments);

namespace {

constexpr std::string_view service_suffix = ".service";

/// A service that also has a System V script: Debian's systemctl has update-rc.d of the tree look after the script's
/// links.
void follow_with_script(const Arguments &arguments, const Dir &tree, const std::string &name, const char *verb) {
    if (!name.ends_with(service_suffix)) return;
    const std::string script = name.substr(0, name.size() - service_suffix.size());
    if (!tree.status(TreePath("/etc/init.d/" + script), Symlinks::follow)) return;
    const UnitFile unit = UnitFiles(tree).find(name, UnitFiles::ConfigAliases::follow);
    if (!tree.status(TreePath("/usr/sbin/update-rc.d"), Symlinks::follow)) {
        if (unit.state == UnitFile::State::missing)
            fail(Blame::build, "{} is a System V script, and the tree has no update-rc.d for it", script);
        return;
    }
    in_tree(tree, {}, [&] {
        const TreePrograms programs(arguments.time());
        for (const char *action : {"defaults", verb}) {
            const auto result =
                programs.run({"/usr/sbin/update-rc.d", script, action}, {{"_SKIP_SYSTEMD_NATIVE", "1"}});
            if (!result.success) fail(Blame::build, "update-rc.d {} {} ended with {}", script, action, result.how);
        }
    });
}

bool is_script_only(const Dir &tree, const std::string &name) {
    return name.ends_with(service_suffix) &&
           tree.status(TreePath("/etc/init.d/" + name.substr(0, name.size() - service_suffix.size())),
                       Symlinks::follow) &&
           UnitFiles(tree).find(name, UnitFiles::ConfigAliases::follow).state == UnitFile::State::missing;
}

void mask_generators(const Dir &tree, const std::vector<std::string> &names) {
    if (names.empty()) return;
    const Dir directory = tree.make_dirs(TreePath("/etc/systemd/system-generators"), 0777);
    for (const std::string &name : names) {
        if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
            fail(Blame::build, "'{}' is no name of a generator", name);
        check(::symlinkat("/dev/null", directory.fd().get(), name.c_str()), "mask the generator {}", name);
    }
}

}  // namespace

int run_systemd(const Arguments &arguments) {
    const Json &options = arguments.options();
    const Dir tree = arguments.tree();
    for (const std::string &given : text_list(options, "enabled_services")) {
        const std::string name = unit_name_of(given, service_suffix);
        follow_with_script(arguments, tree, name, "enable");
        if (!is_script_only(tree, name)) enable_unit(tree, name);
    }
    for (const std::string &given : text_list(options, "disabled_services")) {
        const std::string name = unit_name_of(given, service_suffix);
        follow_with_script(arguments, tree, name, "disable");
        if (!is_script_only(tree, name)) disable_unit(tree, name);
    }
    for (const std::string &given : text_list(options, "masked_services"))
        mask_unit(tree, unit_name_of(given, service_suffix));
    mask_generators(tree, text_list(options, "masked_generators"));
    if (const auto target = optional_text(options, "default_target"); target && !target->empty())
        set_default_target(tree, unit_name_of(*target, ".target"));
    return 0;
}

}  // namespace osb::stages
