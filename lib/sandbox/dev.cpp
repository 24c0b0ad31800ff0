// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/dev.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "lib/base/error.hpp"

namespace osb::sandbox {
namespace {

struct Node {
    const char *name;
    unsigned major;
    unsigned minor;
};
// Documentation/admin-guide/devices.txt
constexpr Node usual[] = {{"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
                          {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
constexpr Node fuse = {"fuse", 10, 229};

constexpr const char *links[][2] = {{"/proc/self/fd", "fd"}, {"fd/0", "stdin"}, {"fd/1", "stdout"}, {"fd/2", "stderr"}};

void unless_there(int result, const char *name) {
    if (result == -1 && errno != EEXIST) check(result, "make /dev/{}", name);
}

void make_node(const Fd &dir, const Node &node) {
    unless_there(::mknodat(dir.get(), node.name, S_IFCHR | 0666, makedev(node.major, node.minor)), node.name);
    // mknod minds the umask
    check(::fchmodat(dir.get(), node.name, 0666, 0), "set the mode of /dev/{}", node.name);
}

}  // namespace

void furnish_dev(const std::filesystem::path &directory, const Host &host) {
    const Dir dir = Dir::open(directory);
    for (const Node &node : usual) make_node(dir.fd(), node);
    if (host.fuse) make_node(dir.fd(), fuse);
    for (const auto &[target, name] : links) unless_there(::symlinkat(target, dir.fd().get(), name), name);
    unless_there(::mkdirat(dir.fd().get(), "shm", 0755), "shm");
}

}  // namespace osb::sandbox
