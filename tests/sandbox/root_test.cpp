// SPDX-License-Identifier: Apache-2.0
#include "lib/sandbox/root.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "lib/base/dir.hpp"
#include "lib/base/fd.hpp"
#include "tests/sandbox/support.hpp"

namespace osb::sandbox::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

/// Everything about a tree that could change: names, types, modes, owners, link targets, content, and all times.
std::string portrait(const fs::path &tree) {
    return osb::test::run(
        {"/bin/sh", "-c",
         R"(cd "$1" && find . -printf '%y %m %U %G %s %T@ %C@ %p -> %l\n' | sort && find . -type f -exec sha256sum {} + | sort)",
         "sh", tree});
}

class RootTest : public SandboxTest {
protected:
    /// A build tree with the probe in it, and nothing of what the sandbox mounts over.
    fs::path bare_tree() {
        const fs::path tree = scratch() / "tree";
        fs::create_directories(tree / "usr/bin");
        fs::create_directories(tree / "usr/lib");
        fs::copy_file(build_dir() / "tests/sandbox-probe", tree / "usr/bin/probe");
        write_file(tree / "usr/lib/os-release", "ID=test\n");
        return tree;
    }
    static Spec in(const fs::path &tree, std::vector<std::string> verbs) {
        Spec spec = probe(std::move(verbs), BuildTree{tree});
        spec.argv.front() = "/usr/bin/probe";
        spec.binds.clear();
        return spec;
    }
};

TEST_F(RootTest, ABuildTreeThatLacksEverythingWorksAndStaysAsItIs) {
    const fs::path tree = bare_tree();
    const std::string before = portrait(tree);
    EXPECT_THAT(lines(output_of(in(tree, {"ls", "/"}))),
                ElementsAre("bin", "dev", "etc", "lib", "proc", "run", "sys", "tmp", "usr", "var"));
    EXPECT_EQ(output_of(in(tree, {"cat", "/usr/lib/os-release", "cat", "/lib/os-release"})), "ID=test\nID=test\n");
    EXPECT_EQ(portrait(tree), before);
}

TEST_F(RootTest, ABuildTreeWithLinksInPlaceOfDirectoriesWorksAndStaysAsItIs) {
    const fs::path tree = bare_tree();
    for (const char *name : {"proc", "dev", "run", "tmp", "sys", "var", "etc"})
        fs::create_symlink(format("{}/outside", scratch().native()), tree / name);
    fs::create_directory(scratch() / "outside");
    const std::string before = portrait(tree);
    EXPECT_EQ(output_of(in(tree, {"touch", "/tmp/a", "touch", "/var/a", "touch", "/etc/a", "touch", "/run/a"})),
              "touch /tmp/a ok\ntouch /var/a ok\ntouch /etc/a ok\ntouch /run/a ok\n");
    EXPECT_EQ(portrait(tree), before);
    EXPECT_TRUE(fs::is_empty(scratch() / "outside"));
}

TEST_F(RootTest, ABuildTreeIsReadOnly) {
    const fs::path tree = bare_tree();
    fs::create_directory(tree / "opt");
    EXPECT_EQ(
        output_of(in(tree, {"touch", "/file", "mkdir", "/directory", "touch", "/usr/bin/probe", "touch", "/opt/file"})),
        "touch /file EROFS\nmkdir /directory EROFS\ntouch /usr/bin/probe EROFS\ntouch /opt/file EROFS\n");
}

TEST_F(RootTest, ABuildTreeStaysReadOnlyForAStageThatRemounts) {
    const fs::path tree = bare_tree();
    fs::create_directory(tree / "etc");
    write_file(tree / "etc/mke2fs.conf", "[defaults]\n");
    EXPECT_EQ(
        output_of(
            in(tree, {"remount", "/", "touch", "/file", "remount", "/etc/mke2fs.conf", "touch", "/etc/mke2fs.conf"})),
        "remount / EROFS\nremount of the bind / ok\ntouch /file EROFS\n"
        "remount /etc/mke2fs.conf EROFS\nremount of the bind /etc/mke2fs.conf ok\ntouch /etc/mke2fs.conf EROFS\n");
}

TEST_F(RootTest, ABuildTreeOnAReadOnlyMountWorks) {
    const fs::path tree = bare_tree();
    const AttachedMount view = std::move(Mount::bind(tree).read_only()).attach(tree);
    EXPECT_EQ(output_of(in(tree, {"cat", "/usr/lib/os-release"})), "ID=test\n");
}

TEST_F(RootTest, ABuildTreeWorksInPartsWhereNoOverlayIsPossible) {
    const fs::path tree = bare_tree();
    fs::create_directory(tree / "opt");
    fs::create_directory(tree / "etc");
    write_file(tree / "etc/mke2fs.conf", "[defaults]\n");
    fs::create_symlink("usr/bin", tree / "sbin");
    const std::string before = portrait(tree);
    fs::create_directory(scratch() / "skeletons");
    RootMaker maker(scratch() / "skeletons", RootMethod::binds);
    const MadeRoot made = maker.make(in(tree, {}), scratch());
    EXPECT_TRUE(made.mounts.empty());
    EXPECT_EQ(made.path, scratch() / "skeletons/1");
    std::vector<std::string> targets;
    for (const Bind &bind : made.binds) targets.push_back(bind.target);
    EXPECT_THAT(targets, ElementsAre("/etc/mke2fs.conf", "/opt", "/usr"));
    EXPECT_EQ(fs::read_symlink(made.path / "sbin"), "usr/bin");
    EXPECT_EQ(fs::read_symlink(made.path / "lib"), "usr/lib") << "missing in the tree, but it has /usr/lib";
    EXPECT_EQ(portrait(tree), before);
}

TEST_F(RootTest, HandsOnWhatTheContractListsOfEtcAndNoMore) {
    const fs::path tree = bare_tree();
    fs::create_directories(tree / "etc/selinux/targeted");
    fs::create_directories(tree / "usr/share/containers");
    write_file(tree / "etc/mke2fs.conf", "[defaults]\n");
    write_file(tree / "etc/passwd", "root:x:0:0::/root:/bin/sh\n");
    write_file(tree / "usr/share/containers/policy.json", "{}\n");
    fs::create_symlink("/usr/share/containers", tree / "etc/containers");  // absolute: of the tree, not of the host
    EXPECT_EQ(
        output_of(in(tree, {"ls", "/etc", "ls", "/etc/containers", "ls", "/etc/selinux", "touch", "/etc/mke2fs.conf",
                            "touch", "/etc/new"})),
        "containers\nmke2fs.conf\nselinux\npolicy.json\ntargeted\ntouch /etc/mke2fs.conf EROFS\ntouch /etc/new ok\n");
}

TEST_F(RootTest, ALinkInEtcDoesNotLeadToTheHost) {
    const fs::path tree = bare_tree();
    fs::create_directory(scratch() / "secret");
    fs::create_directory(tree / "etc");
    fs::create_symlink(scratch() / "secret", tree / "etc/containers");
    fs::create_symlink("loop", tree / "etc/selinux");
    fs::create_symlink("selinux", tree / "etc/loop");
    EXPECT_EQ(output_of(in(tree, {"ls", "/etc"})), "");
}

TEST_F(RootTest, TheHostsUsrIsThereAndReadOnly) {
    Spec spec = probe({}, HostUsr{});
    spec.argv = {"/bin/sh", "-c", "echo shell; mkdir /usr/osb-test; mkdir /osb-test; ls /; ls /etc"};
    StringSink sink;
    run(spec, sink);
    EXPECT_THAT(sink.text, HasSubstr("shell\n"));
    EXPECT_THAT(sink.text, HasSubstr("‘/usr/osb-test’: Read-only file system"));
    EXPECT_THAT(sink.text, HasSubstr("‘/osb-test’: Read-only file system"));
    const auto found = lines(sink.text);
    EXPECT_THAT(found, IsSupersetOf({"usr", "bin", "lib", "sbin", "etc", "proc", "run", "tmp", "var", "dev", "sys"}));
    for (const char *name : {"home", "root", "srv", "passwd", "hostname", "ld.so.cache"})
        EXPECT_THAT(found, Not(Contains(name)));
}

TEST_F(RootTest, AnEmptyRootHasTheFreshDirectoriesOnly) {
    EXPECT_THAT(lines(output_of(probe({"ls", "/", "touch", "/file"}))),
                ElementsAre("dev", "etc", "proc", "run", "sys", "tmp", "var", "touch /file EROFS"));
}

TEST_F(RootTest, TheFreshDirectoriesAreAsTheContractSays) {
    EXPECT_EQ(output_of(probe({"mode",     "/tmp",   "mode",     "/run",   "mode",   "/etc",  "mode",
                               "/var/tmp", "mode",   "/dev/shm", "touch",  "/tmp/a", "touch", "/run/a",
                               "touch",    "/etc/a", "touch",    "/var/a", "touch",  "/sys/a"})),
              "41777 /tmp\n40755 /run\n40755 /etc\n41777 /var/tmp\n41777 /dev/shm\n"
              "touch /tmp/a ok\ntouch /run/a ok\ntouch /etc/a ok\ntouch /var/a ok\ntouch /sys/a EROFS\n");
}

TEST_F(RootTest, VarCanBeADirectoryOfTheCaller) {
    fs::create_directory(scratch() / "var");
    Spec spec = probe({"touch", "/var/file"});
    spec.var = scratch() / "var";
    output_of(spec);
    EXPECT_TRUE(fs::exists(scratch() / "var/file"));
    EXPECT_EQ(fs::status(scratch() / "var/tmp").permissions(), fs::perms::all | fs::perms::sticky_bit);
}

TEST_F(RootTest, DevHasTheUsualNodesAndTheyOpen) {
    const std::vector<std::string> usual = {"fd",     "full",  "fuse",   "null", "random",  "shm",
                                            "stderr", "stdin", "stdout", "tty",  "urandom", "zero"};
    OSB_NEEDS(fs::exists("/dev/fuse"), "/dev/fuse");
    EXPECT_EQ(lines(output_of(probe({"ls", "/dev"}))), usual);
    EXPECT_EQ(output_of(probe({"open", "/dev/null", "open", "/dev/zero", "open", "/dev/full", "open", "/dev/urandom",
                               "open", "/dev/fuse", "touch", "/dev/new"})),
              "open /dev/null ok\nopen /dev/zero ok\nopen /dev/full ok\nopen /dev/urandom ok\nopen /dev/fuse ok\ntouch "
              "/dev/new ok\n");

    fs::create_directory(scratch() / "dev");
    const AttachedMount mount = Mount::tmpfs({{"mode", "755"}}).attach(scratch() / "dev");
    write_file(scratch() / "dev/own", "");
    Spec spec = probe({"ls", "/dev", "open", "/dev/null", "open", "/dev/fuse", "mode", "/dev/null"});
    spec.dev = scratch() / "dev";
    std::vector<std::string> expected = usual;
    expected.insert(expected.begin() + 4, "own");
    expected.insert(expected.end(), {"open /dev/null ok", "open /dev/fuse ok", "20666 /dev/null"});
    EXPECT_EQ(lines(output_of(spec)), expected);
}

TEST_F(RootTest, ALoopDeviceOpensOnlyWithARule) {
    OSB_NEEDS(fs::exists("/dev/loop0"), "loop devices");
    OSB_NEEDS(sandbox().host().cgroups, "writable cgroups");
    EXPECT_EQ(output_of(probe({"loop-node", "/dev/loop0"})), "mknod ok\nopen EPERM\n");
    Spec spec = probe({"loop-node", "/dev/loop0"});
    spec.devices = {{.type = 'b', .major = 7, .minor = std::nullopt}};
    EXPECT_EQ(output_of(spec), "mknod ok\nopen ok\n");
}

TEST_F(RootTest, BindsShowWhatTheyShould) {
    fs::create_directories(scratch() / "object");
    fs::create_directories(scratch() / "inputs/sub");
    write_file(scratch() / "file", "text\n");
    const AttachedMount below = std::move(Mount::tmpfs()).attach(scratch() / "inputs/sub");
    write_file(scratch() / "inputs/sub/deep", "");
    Spec spec = probe({"touch", "/run/osbuild/tree/made", "touch", "/run/osbuild/inputs/a", "touch",
                       "/run/osbuild/inputs/sub/a", "ls", "/run/osbuild/inputs/sub", "cat", "/run/osbuild/file", "open",
                       "/run/osbuild/file", "ls", "/place", "cat", "/file"});
    spec.binds.insert(spec.binds.end(),
                      {{.source = scratch() / "object", .target = "/run/osbuild/tree", .access = Access::read_write},
                       {.source = scratch() / "inputs", .target = "/run/osbuild/inputs"},
                       {.source = scratch() / "file", .target = "/run/osbuild/file"},
                       {.source = scratch() / "inputs/sub", .target = "/place"},
                       {.source = scratch() / "file", .target = "/file"}});
    EXPECT_EQ(output_of(spec),
              "touch /run/osbuild/tree/made ok\ntouch /run/osbuild/inputs/a EROFS\n"
              "touch /run/osbuild/inputs/sub/a EROFS\ndeep\ntext\nopen /run/osbuild/file EROFS\ndeep\ntext\n");
    EXPECT_TRUE(fs::exists(scratch() / "object/made"));
}

TEST_F(RootTest, ATreeUnderConstructionHasNoDevicesNorSetuid) {
    fs::create_directory(scratch() / "object");
    Spec spec = probe({"loop-node", "/run/osbuild/tree/node", "cat", "/proc/self/mountinfo"});
    spec.devices = {{.type = 'b', .major = 7, .minor = std::nullopt}};
    spec.binds.push_back({.source = scratch() / "object", .target = "/run/osbuild/tree", .access = Access::read_write});
    const std::string text = output_of(spec);
    EXPECT_THAT(text, HasSubstr("mknod ok\nopen EACCES\n"));
    EXPECT_THAT(text, HasSubstr("/run/osbuild/tree rw,nosuid,nodev"));
}

TEST_F(RootTest, NothingMountedInsideIsSeenOutside) {
    const std::string before = read_file("/proc/self/mounts");
    std::string during;
    FunctionSink sink([&](auto) { during = read_file("/proc/1/mounts"); });
    const std::string host_before = read_file("/proc/1/mounts");
    EXPECT_TRUE(run(probe({"calls"}), sink).success());
    EXPECT_EQ(during, host_before) << "the host sees none of our mounts";
    EXPECT_EQ(read_file("/proc/self/mounts"), before);
}

}  // namespace
}  // namespace osb::sandbox::test
