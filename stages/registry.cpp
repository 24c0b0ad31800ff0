// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "stages/module.hpp"

namespace osb::stages {

// One line a module, each in a file of its own.
int run_chmod(const Arguments &arguments);
int run_chown(const Arguments &arguments);
int run_copy(const Arguments &arguments);
int run_deb(const Arguments &arguments);
int run_fstab(const Arguments &arguments);
int run_groups(const Arguments &arguments);
int run_hostname(const Arguments &arguments);
int run_locale(const Arguments &arguments);
int run_machine_id(const Arguments &arguments);
int run_mkdir(const Arguments &arguments);
int run_noop(const Arguments &arguments);
int run_oci_archive(const Arguments &arguments);
int run_script(const Arguments &arguments);
int run_systemd(const Arguments &arguments);
int run_tar(const Arguments &arguments);
int run_timezone(const Arguments &arguments);
int run_untar(const Arguments &arguments);
int run_users(const Arguments &arguments);

namespace {

// clang-format off
constexpr Module table[] = {
    {"org.osb.deb", run_deb},
    {"org.osb.script", run_script},
    {"org.osb.untar", run_untar},
    {"org.osbuild.chmod", run_chmod},
    {"org.osbuild.chown", run_chown},
    {"org.osbuild.copy", run_copy},
    {"org.osbuild.fstab", run_fstab},
    {"org.osbuild.groups", run_groups},
    {"org.osbuild.hostname", run_hostname},
    {"org.osbuild.locale", run_locale},
    {"org.osbuild.machine-id", run_machine_id},
    {"org.osbuild.mkdir", run_mkdir},
    {"org.osbuild.noop", run_noop},
    {"org.osbuild.oci-archive", run_oci_archive},
    {"org.osbuild.systemd", run_systemd},
    {"org.osbuild.tar", run_tar},
    {"org.osbuild.timezone", run_timezone},
    {"org.osbuild.users", run_users},
};
// clang-format on

}  // namespace

std::span<const Module> modules() {
    return table;
}

const Module *find_module(std::string_view name) {
    const auto *found = std::ranges::find(table, name, &Module::name);
    return found == std::end(table) ? nullptr : found;
}

}  // namespace osb::stages
