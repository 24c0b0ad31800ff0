// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/cgroups.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "lib/base/fd.hpp"
#include "lib/base/mount.hpp"
#include "tests/sandbox/support.hpp"

namespace osb::sandbox::test {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CgroupParents, OfVersionTwo) {
    constexpr const char *info = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
    EXPECT_THAT(cgroup_parents(info, "0::/user.slice/session-1.scope\n"),
                ElementsAre("/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/user.slice/session-1.scope"));
    EXPECT_THAT(cgroup_parents(info, "0::/\n"), ElementsAre("/sys/fs/cgroup"));
}

TEST(CgroupParents, OfVersionOneAndHybrid) {
    constexpr const char *info =
        "31 30 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
        "32 31 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "33 31 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
        "34 31 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
    EXPECT_THAT(cgroup_parents(info, "2:cpu,cpuacct:/a\n1:name=systemd:/b/c\n0::/d\n"),
                ElementsAre("/sys/fs/cgroup/cpu,cpuacct/a", "/sys/fs/cgroup/systemd/b/c", "/sys/fs/cgroup/unified",
                            "/sys/fs/cgroup/unified/d"));
}

TEST(CgroupParents, OfAContainerThatSeesItsOwnPartOnly) {
    constexpr const char *info = "32 31 0:28 /docker/a\\040b /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
    EXPECT_THAT(cgroup_parents(info, "2:cpu:/docker/a b/sub\n"), ElementsAre("/sys/fs/cgroup/cpu/sub"));
    EXPECT_THAT(cgroup_parents("1 2 0:3 / /sys rw - sysfs sysfs rw\n", "0::/\n"), IsEmpty());
    EXPECT_FALSE(writable({}));
    EXPECT_FALSE(writable({"/proc/sys", "/nowhere"}));
}

/// Runs the sandbox of a probe in a process with a mount namespace of its own, where cgroups can be taken away.
class CgroupMounts : public SandboxTest {
protected:
    static int in_child(const std::function<int()> &action) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            int code = 99;
            try {
                enter_private_mount_namespace();
                code = action();
            } catch (const std::exception &error) {
                std::fprintf(stderr, "%s\n", error.what());
            }
            ::_exit(code);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WEXITSTATUS(status);
    }
};

TEST_F(CgroupMounts, ReadOnlyOnesAreNotUsed) {
    EXPECT_EQ(in_child([&] {
                  mount_attr attributes{};
                  attributes.attr_set = MOUNT_ATTR_RDONLY;
                  check(::mount_setattr(AT_FDCWD, "/sys/fs/cgroup", AT_RECURSIVE, &attributes, sizeof attributes),
                        "ro");
                  if (sandbox().host().cgroups) return 98;
                  return run(probe({"exit", "7"})).status.code;
              }),
              7);
}

TEST_F(CgroupMounts, WhereThereAreNoneOneIsMountedForOsbAlone) {
    EXPECT_EQ(in_child([&] {
                  check(::umount2("/sys/fs/cgroup", MNT_DETACH), "umount");
                  const int code = run(probe({"exit", "7"})).status.code;
                  return is_mount_point("/sys/fs/cgroup") ? code : 98;
              }),
              7);
}

}  // namespace
}  // namespace osb::sandbox::test
