// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/host.hpp"

#include <charconv>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"
#include "lib/base/mount.hpp"
#include "lib/sandbox/capabilities.hpp"

namespace osb::sandbox {
namespace {

CapabilitySet set_in(std::string_view status, std::string_view field) {
    CapabilitySet set = 0;
    const size_t at = status.find(field);
    if (at == std::string_view::npos) fail(Blame::environment, "/proc/self/status has no {}", field);
    const char *begin = status.data() + at + field.size();
    while (*begin == ' ' || *begin == '\t') begin++;
    std::from_chars(begin, status.data() + status.size(), set, 16);
    return set;
}

bool is_mounted_directory(const char *path) {
    struct stat status {};
    return ::stat(path, &status) == 0 && S_ISDIR(status.st_mode) && is_mount_point(path);
}

}  // namespace

Host Host::probe() {
    Host host;
    utsname names{};
    check(::uname(&names), "ask for the machine's architecture");
    host.architecture = names.machine;
    const std::string status = read_file("/proc/self/status");
    host.capabilities = set_in(status, "CapPrm:") & set_in(status, "CapBnd:");
    struct stat fuse {};
    host.fuse = ::stat("/dev/fuse", &fuse) == 0 && S_ISCHR(fuse.st_mode);
    host.selinux = is_mounted_directory("/sys/fs/selinux");
    return host;
}

}  // namespace osb::sandbox
