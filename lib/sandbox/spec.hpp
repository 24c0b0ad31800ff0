// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/tree_path.hpp"

namespace osb::sandbox {

enum class Access { read_only, read_write };

/// A place of the host that shows inside, with all that is mounted below it. Always nosuid; read_only reaches every
/// mount in it.
struct Bind {
    std::filesystem::path source;  ///< must exist; a directory, a file or a socket; symlinks are followed
    /// Absolute, without `..`. Below /run, /tmp, /dev, /etc or /var anything goes (missing parents are made); elsewhere
    /// it must be in the root already or stand directly below `/`. Nothing goes over /proc, /sys or `/` itself. A mount
    /// point inside another read-only bind must be there already: nobody can make it.
    std::string target;
    Access access = Access::read_only;
    bool devices = false;  ///< device nodes in it can be opened (where a DeviceRule allows it)
};

/// `/` is this tree, read-only, with fresh /proc /sys /dev /run /tmp /etc /var over it. The tree itself is not touched,
/// not even where it lacks these directories or has symlinks in their place.
struct BuildTree {
    std::filesystem::path path;
};
/// `/usr` is the host's, read-only, with its usr-merge links beside it: what a manifest without build pipeline gets.
struct HostUsr {};
/// Nothing but the fresh directories: enough for static programs that are bound in.
struct EmptyRoot {};
using Root = std::variant<EmptyRoot, HostUsr, BuildTree>;

/// Device numbers a stage may open. Without one: null zero full random urandom tty fuse. Making nodes is always
/// allowed. Where cgroups cannot be written the kernel checks nothing (Sandbox::host().cgroups tells).
struct DeviceRule {
    char type = 'b';                ///< 'b' or 'c'
    std::optional<unsigned> major;  ///< nullopt: all
    std::optional<unsigned> minor;
    std::string access = "rwm";  ///< of r, w and m (mknod)
};

/// One program in one root; a value.
struct Spec {
    Root root;
    std::vector<Bind> binds;        ///< mounted in this order, after the fresh directories
    std::vector<std::string> argv;  ///< argv[0] is absolute in the sandbox
    std::vector<std::string> env;   ///< "NAME=value": all there is, nothing is added (see stage_environment)
    /// CAP_ names; what osb itself lacks is left out with one line in the log a Sandbox. In all five sets, and a
    /// ceiling (bounding set).
    std::vector<std::string> capabilities = {};
    std::filesystem::path var =
        {};  ///< caller's directory, read-write on /var; empty: a tmpfs. /var/tmp is made (1777)
    /// Caller's directory on /dev, in which devices may be opened: where devices of a stage are put (a tmpfs without
    /// nodev). The usual nodes are added to it. Empty: a fresh tmpfs with the usual nodes.
    std::filesystem::path dev = {};
    std::vector<DeviceRule> devices = {};
    std::optional<std::chrono::milliseconds> timeout = std::nullopt;  ///< for everything from start to end
    std::string hostname = "osb";
};

/// Where osb-init stands in the sandbox.
inline constexpr const char *init_target = "/run/osb/init";

/// Where a bind shows, as a clean path. Throws (Blame::usage) for a relative target, one with `..`, and places the
/// sandbox needs itself.
TreePath target_of(const Bind &bind);

/// What a stage holds unless its module asks for more (contract 7.3), as CAP_ names.
const std::vector<std::string> &default_capabilities();

/// The complete environment of a stage (contract 7.2). `term` is the caller's TERM; empty: "dumb".
std::vector<std::string> stage_environment(std::string_view term, std::optional<std::int64_t> source_epoch);

}  // namespace osb::sandbox
