// SPDX-License-Identifier: Apache-2.0
// Trees made to lead a module astray. It may refuse, or do its work inside the tree; what is outside stays as it is.
#include "tests/stages/stage_run.hpp"

namespace osb {
namespace {

struct Attack {
    const char *name;
    const char *module;
    const char *options;
    const char *tree;  ///< @ is the way out
};

void PrintTo(const Attack &attack, std::ostream *out) {
    *out << attack.name;
}

#define VICTIMS "ln -s @ etc; ln -s @ home; ln -s @ usr; ln -s @ lib"

const Attack attacks[] = {
    {"Mkdir", "org.osbuild.mkdir", R"({"paths": [{"path": "/l/new"}]})", "ln -s @ l"},
    {"MkdirParents", "org.osbuild.mkdir", R"({"paths": [{"path": "/l/a/b", "parents": true}]})", "ln -s @ l"},
    {"MkdirDots", "org.osbuild.mkdir", R"({"paths": [{"path": "tree:///../../../outside/new"}]})", "true"},
    {"MkdirDeepLink", "org.osbuild.mkdir", R"({"paths": [{"path": "/a/b/new"}]})", "mkdir a; ln -s @ a/b"},
    {"Chmod", "org.osbuild.chmod", R"({"items": {"/l": {"mode": "777"}, "/f": {"mode": "777"}}})",
     "ln -s @ l; ln -s @/passwd f"},
    {"ChmodRecursive", "org.osbuild.chmod", R"({"items": {"/d": {"mode": "777", "recursive": true}}})",
     "mkdir d; ln -s @ d/l; ln -s @/passwd d/f"},
    {"ChmodRecursiveLink", "org.osbuild.chmod", R"({"items": {"/l": {"mode": "777", "recursive": true}}})",
     "ln -s @ l"},
    {"Chown", "org.osbuild.chown", R"({"items": {"/l/passwd": {"user": 7}}})", "ln -s @ l"},
    {"ChownRecursive", "org.osbuild.chown", R"({"items": {"/d": {"user": 7, "recursive": true}}})",
     "mkdir d; ln -s @ d/l"},
    {"CopyInto", "org.osbuild.copy", R"({"paths": [{"from": "tree:///f", "to": "tree:///l/new"}]})",
     "echo x > f; ln -s @ l"},
    {"CopyOver", "org.osbuild.copy", R"({"paths": [{"from": "tree:///f", "to": "tree:///l"}]})",
     "echo x > f; ln -s @/passwd l"},
    {"CopyMerge", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///b"}]})",
     "mkdir -p a/d b; echo x > a/passwd; echo x > a/d/x; ln -s @/passwd b/passwd; ln -s @ b/d"},
    {"CopyContentInto", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///l/"}]})",
     "mkdir a; echo x > a/passwd; ln -s @ l"},
    {"Hostname", "org.osbuild.hostname", R"({"hostname": "x"})", VICTIMS},
    {"HostnameFile", "org.osbuild.hostname", R"({"hostname": "x"})", "mkdir etc; ln -s @/hostname etc/hostname"},
    {"Locale", "org.osbuild.locale", R"({"language": "C.UTF-8"})", VICTIMS},
    {"Timezone", "org.osbuild.timezone", R"({"zone": "UTC"})", VICTIMS},
    {"MachineId", "org.osbuild.machine-id", R"({"first-boot": "yes"})", VICTIMS},
    {"MachineIdFile", "org.osbuild.machine-id", R"({"first-boot": "no"})", "mkdir etc; ln -s @/passwd etc/machine-id"},
    {"Fstab", "org.osbuild.fstab", R"({"filesystems": [{"device": "x", "path": "/"}]})", VICTIMS},
    {"FstabFile", "org.osbuild.fstab", R"({"filesystems": [{"device": "x", "path": "/"}]})",
     "mkdir etc; ln -s @/passwd etc/fstab"},
    {"Groups", "org.osbuild.groups", R"({"groups": {"new": {}}})", VICTIMS},
    {"GroupsFile", "org.osbuild.groups", R"({"groups": {"new": {}}})", "mkdir etc; ln -s @/group etc/group"},
    {"GroupsBackup", "org.osbuild.groups", R"({"groups": {"new": {}}})",
     "mkdir etc; : > etc/group; ln -s @/group etc/group-; ln -s @/group etc/group+"},
    {"Users", "org.osbuild.users", R"({"users": {"new": {"home": "/home/new", "key": "k"}}})", VICTIMS},
    {"UsersHome", "org.osbuild.users", R"({"users": {"new": {"home": "/home/new", "key": "k"}}})",
     "mkdir etc; echo 'root:x:0:0::/:' > etc/passwd; printf 'GROUP=0\\n' > etc/useradd; ln -s @ home"},
    {"UsersKeys", "org.osbuild.users", R"({"users": {"u": {"key": "k"}}})",
     "mkdir -p etc home/u; echo 'u:x:5:5::/home/u:' > etc/passwd; ln -s @ home/u/.ssh"},
    {"UsersKeyFile", "org.osbuild.users", R"({"users": {"u": {"key": "k"}}})",
     "mkdir -p etc home/u/.ssh; echo 'u:x:5:5::/home/u:' > etc/passwd; ln -s @/passwd home/u/.ssh/authorized_keys"},
    {"UsersHomeWithDots", "org.osbuild.users", R"({"users": {"u": {"key": "k"}}})",
     "mkdir -p etc; echo 'u:x:5:5::/../../../outside:' > etc/passwd"},
    {"UsersSkeleton", "org.osbuild.users", R"({"users": {"u": {"home": "/h"}}})",
     "mkdir -p etc/default; echo 'root:x:0:0::/:' > etc/passwd; echo 'root:x:100:' > etc/group; ln -s @ etc/skel"},
    {"Systemd", "org.osbuild.systemd",
     R"({"enabled_services": ["a"], "masked_services": ["b"], "default_target": "t"})", VICTIMS},
    {"SystemdLinks", "org.osbuild.systemd",
     R"({"masked_services": ["b"], "disabled_services": ["a"], "masked_generators": ["g"]})",
     "mkdir -p etc; ln -s @ etc/systemd"},
    {"SystemdWants", "org.osbuild.systemd", R"({"enabled_services": ["a"]})",
     "mkdir -p usr/lib/systemd/system etc/systemd/system; printf '[Install]\\nWantedBy=x.target\\n' > "
     "usr/lib/systemd/system/a.service; "
     "ln -s @ etc/systemd/system/x.target.wants"},
    {"SystemdAliasPath", "org.osbuild.systemd", R"({"enabled_services": ["a"]})",
     "mkdir -p usr/lib/systemd/system; printf '[Install]\\nAlias=../../../../../outside/x.service\\n' > "
     "usr/lib/systemd/system/a.service"},
    {"SystemdWantedPath", "org.osbuild.systemd", R"({"enabled_services": ["a"]})",
     "mkdir -p usr/lib/systemd/system; printf '[Install]\\nWantedBy=../../../../../outside/x.service\\n' > "
     "usr/lib/systemd/system/a.service"},
    {"Tar", "org.osbuild.tar", R"({"filename": "l/out.tar"})", "ln -s @ l"},
    {"TarFile", "org.osbuild.tar", R"({"filename": "l"})", "ln -s @/passwd l"},
    {"OciArchive", "org.osbuild.oci-archive", R"({"filename": "l/out.tar", "architecture": "amd64"})", "ln -s @ l"},
    {"OciArchiveFile", "org.osbuild.oci-archive", R"({"filename": "l", "architecture": "amd64"})", "ln -s @/passwd l"},
};

class Hostile : public ::testing::TestWithParam<std::tuple<Attack, const char *>> {};

TEST_P(Hostile, TreeLeadsNothingOutside) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto &[attack, way_out] = GetParam();
    test::StageRun run;
    for (const char *input : {"tree", "base"}) write_file(run.add_input(input) / "f", "x");
    for (const char *name : {"passwd", "group", "hostname", "machine-id", "fstab"})
        write_file(run.outside() / name, "root:x:0:0::/:\n");
    std::string script = attack.tree;
    for (size_t at; (at = script.find('@')) != std::string::npos;) script.replace(at, 1, way_out);
    // Links inside subdirectories need more steps up: one that has too many ends at the root all the same.
    run.prepare(script);
    const std::string before = test::StageRun::list(run.outside(), test::StageRun::Times::shown);
    const Captured captured = run.native(attack.module, attack.options);
    EXPECT_EQ(test::StageRun::list(run.outside(), test::StageRun::Times::shown), before)
        << captured.out << captured.err;
    EXPECT_EQ(captured.status.signal, 0) << captured.err;
    EXPECT_LE(captured.status.code, 1) << captured.err;
    EXPECT_EQ(captured.err.empty(), captured.status.success()) << captured.err;
}

std::string name_of_attack(const ::testing::TestParamInfo<std::tuple<Attack, const char *>> &one) {
    const std::string_view way = std::get<1>(one.param);
    return std::string(std::get<0>(one.param).name) + (way.starts_with('/') ? "Absolute" : "Relative");
}

INSTANTIATE_TEST_SUITE_P(Stages, Hostile,
                         ::testing::Combine(::testing::ValuesIn(attacks),
                                            ::testing::Values("/outside", "../../../../../../../../../../outside")),
                         name_of_attack);

TEST(Hostile, FifosMakeNobodyWait) {
    OSB_NEEDS(test::is_privileged(), "root");
    for (const auto &[module, options] : {std::pair{"org.osbuild.users", R"({"users": {"u": {}}})"},
                                          {"org.osbuild.fstab", R"({"filesystems": []})"},
                                          {"org.osbuild.machine-id", R"({"first-boot": "yes"})"},
                                          {"org.osbuild.chown", R"({"items": {"/etc": {"user": "u"}}})"}}) {
        test::StageRun run;
        run.prepare("mkdir etc; for f in passwd group fstab machine-id; do mkfifo etc/$f; done");
        EXPECT_EQ(run.native(module, options).status.code, 1) << module;
    }
}

}  // namespace
}  // namespace osb
