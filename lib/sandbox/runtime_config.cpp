// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/runtime_config.hpp"

#include <algorithm>
#include <array>

#include "lib/sandbox/capabilities.hpp"
#include "lib/sandbox/seccomp.hpp"

namespace osb::sandbox {
namespace {

Json mount_json(std::string_view target, std::string_view type, std::string_view source, Json options) {
    return {{"destination", target}, {"type", type}, {"source", source}, {"options", std::move(options)}};
}

/// `ro`, `nosuid` and `nodev` concern only the topmost of several mounts; their r- forms (mount_setattr, Linux 5.12)
/// all of them.
Json bind_json(const Bind &bind, const std::string &target) {
    OSB_ASSERT(bind.source.is_absolute());
    Json options = {"rbind", "rprivate", "rnosuid"};
    if (!bind.devices) options.push_back("rnodev");
    options.push_back(bind.access == Access::read_only ? "rro" : "rw");
    return mount_json(target, "bind", bind.source.native(), std::move(options));
}

Json tmpfs_json(std::string_view target, std::string_view mode) {
    return mount_json(target, "tmpfs", "tmpfs", {"nosuid", "nodev", format("mode={}", mode)});
}

Json mounts_json(const Spec &spec, const Layout &layout, const Host &host) {
    Json mounts = Json::array();
    mounts.push_back(mount_json("/proc", "proc", "proc", {"nosuid", "nodev", "noexec"}));
    mounts.push_back(mount_json("/sys", "sysfs", "sysfs", {"ro", "nosuid", "nodev", "noexec"}));
    if (host.selinux) mounts.push_back(bind_json({.source = "/sys/fs/selinux", .target = {}}, "/sys/fs/selinux"));
    if (spec.dev.empty())
        mounts.push_back(mount_json("/dev", "tmpfs", "tmpfs", {"nosuid", "mode=755", "size=16m"}));
    else
        mounts.push_back(
            bind_json({.source = spec.dev, .target = {}, .access = Access::read_write, .devices = true}, "/dev"));
    mounts.push_back(tmpfs_json("/dev/shm", "1777"));
    mounts.push_back(tmpfs_json("/run", "755"));
    mounts.push_back(tmpfs_json("/tmp", "1777"));
    mounts.push_back(tmpfs_json("/etc", "755"));
    if (spec.var.empty())
        mounts.push_back(tmpfs_json("/var", "755"));
    else
        mounts.push_back(bind_json({.source = spec.var, .target = {}, .access = Access::read_write}, "/var"));
    for (const Bind &bind : layout.binds) mounts.push_back(bind_json(bind, bind.target));
    mounts.push_back(bind_json({.source = layout.init, .target = {}}, init_target));
    for (const Bind &bind : spec.binds) mounts.push_back(bind_json(bind, target_of(bind).absolute()));
    return mounts;
}

Json rule_json(const DeviceRule &rule) {
    Json json = {{"allow", true}, {"type", std::string(1, rule.type)}};
    if (rule.major) json["major"] = *rule.major;
    if (rule.minor) json["minor"] = *rule.minor;
    json["access"] = rule.access;
    return json;
}

constexpr DeviceRule fuse_rule() {
    return {.type = 'c', .major = 10, .minor = 229, .access = "rwm"};
}

/// All five sets are the same, as osbuild's are. osb-init needs two more for its own work and lowers them before the
/// stage starts.
Json capabilities_json(const Spec &spec, const Host &host) {
    std::vector<std::string> names = spec.capabilities;
    names.insert(names.end(), {"CAP_SYS_ADMIN", "CAP_SETPCAP"});
    const Json list = held_capabilities(names, host.capabilities);
    Json sets;
    for (const char *set : {"bounding", "effective", "inheritable", "permitted", "ambient"}) sets[set] = list;
    return sets;
}

/// osb-init's command line (init/protocol.hpp): the stage's capabilities, its environment, its argv.
Json args_json(const Spec &spec, const Host &host) {
    if (spec.argv.empty() || !spec.argv.front().starts_with('/'))
        fail(Blame::usage, "the program of a sandbox needs an absolute path");
    Json args = {init_target, format("{:x}", capability_set(spec.capabilities) & host.capabilities),
                 format("{}", spec.env.size())};
    for (const std::string &entry : spec.env) args.push_back(entry);
    for (const std::string &argument : spec.argv) args.push_back(argument);
    return args;
}

}  // namespace

Json runtime_config(const Spec &spec, const Layout &layout, const Host &host) {
    const bool traces =
        std::find(spec.capabilities.begin(), spec.capabilities.end(), "CAP_SYS_PTRACE") != spec.capabilities.end();

    Json process;
    process["user"] = {{"uid", 0}, {"gid", 0}};
    process["cwd"] = "/";
    process["args"] = args_json(spec, host);
    process["env"] = Json::array();
    process["noNewPrivileges"] = true;
    process["capabilities"] = capabilities_json(spec, host);

    Json devices = Json::array();
    // In a directory of the caller's the Sandbox makes the node itself.
    if (host.fuse && spec.dev.empty())
        devices.push_back({{"path", "/dev/fuse"}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"fileMode", 0666}});

    Json linux;
    linux["namespaces"] = Json::array();
    for (const char *type : {"pid", "mount", "ipc", "uts", "network"}) linux["namespaces"].push_back({{"type", type}});
    if (!devices.empty()) linux["devices"] = std::move(devices);
    if (host.cgroups) {
        // runc appends what every container may open and that any node may be made.
        Json rules = Json::array({Json{{"allow", false}, {"access", "rwm"}}});
        if (host.fuse) rules.push_back(rule_json(fuse_rule()));
        for (const DeviceRule &rule : spec.devices) rules.push_back(rule_json(rule));
        linux["resources"] = {{"devices", std::move(rules)}};
    }
    linux["maskedPaths"] = {"/proc/kcore", "/proc/keys", "/sys/firmware"};
    linux["readonlyPaths"] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
    linux["seccomp"] = seccomp_profile(host.architecture, traces ? Tracing::allowed : Tracing::denied);

    Json config;
    config["ociVersion"] = "1.0.2";
    config["hostname"] = spec.hostname;
    config["root"] = {{"path", layout.root.native()}, {"readonly", true}};
    config["process"] = std::move(process);
    config["mounts"] = mounts_json(spec, layout, host);
    config["linux"] = std::move(linux);
    return config;
}

}  // namespace osb::sandbox
