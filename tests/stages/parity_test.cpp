// SPDX-License-Identifier: Apache-2.0
// A native module must leave the same tree as its counterpart. With OSB_OSBUILD_LIBDIR set to a checkout of osbuild,
// each case here is run by both on the same start, and the trees are compared entry by entry.
#include <sstream>

#include "tests/stages/stage_run.hpp"

namespace osb {
namespace {

struct Case {
    const char *name;
    const char *module;
    const char *options;
    const char *tree = "";  ///< shell commands that make the start tree
};

void PrintTo(const Case &one, std::ostream *out) {
    *out << one.name;
}

// A tree with accounts and shadow-utils' settings, as Debian has them.
#define ACCOUNTS                                                                                                       \
    "mkdir -p etc/skel etc/default home var/mail var/log tmp dev; "                                                    \
    "printf "                                                                                                          \
    "'root:x:0:0:root:/root:/bin/bash\\ndaemon:x:1:1::/:/bin/false\\nold:x:1005:1005:Old:/home/old:/bin/sh\\n' > "     \
    "etc/passwd; "                                                                                                     \
    "printf 'root:*:19000:0:99999:7:::\\nold:!:19000:0:99999:7:::\\n' > etc/shadow; chmod 640 etc/shadow; chown 0:42 " \
    "etc/shadow; "                                                                                                     \
    "printf 'root:x:0:\\nmail:x:8:\\nwheel:x:10:root\\naudio:x:29:old\\nusers:x:100:\\nold:x:1005:\\n' > etc/group; "  \
    "printf 'root:*::\\nmail:*::\\nwheel:*::root\\naudio:*::old\\nusers:*::\\nold:!::\\n' > etc/gshadow; chmod 640 "   \
    "etc/gshadow; "                                                                                                    \
    "printf 'old:165536:65536\\n' > etc/subuid; printf 'old:165536:65536\\n' > etc/subgid; "                           \
    "echo alias > etc/skel/.bashrc; chmod 600 etc/skel/.bashrc; echo x > etc/skel/run; chmod 711 etc/skel/run; "       \
    "ln -s /etc/skel/.bashrc etc/skel/.profile; "                                                                      \
    "printf 'MAIL_DIR /var/mail\\nPASS_MAX_DAYS 99999\\nPASS_MIN_DAYS 0\\nPASS_WARN_AGE 7\\nUID_MIN 1000\\nUID_MAX "   \
    "60000\\n"                                                                                                         \
    "GID_MIN 1000\\nGID_MAX 60000\\nUSERGROUPS_ENAB yes\\nHOME_MODE 0750\\nUMASK 022\\n' > etc/login.defs; "           \
    "printf 'SHELL=/bin/sh\\n' > etc/default/useradd; "

const Case cases[] = {
    {"MkdirPlain", "org.osbuild.mkdir", R"({"paths": [{"path": "/a"}, {"path": "/a/b", "mode": 448}, {"path": "c"}]})"},
    {"MkdirParents", "org.osbuild.mkdir",
     R"({"paths": [{"path": "/a/b/c", "mode": 448, "parents": true}, {"path": "/a/x/", "parents": true}]})"},
    {"MkdirSticky", "org.osbuild.mkdir", R"({"paths": [{"path": "/t", "mode": 1023}, {"path": "/s", "mode": 1517}]})"},
    {"MkdirExistOk", "org.osbuild.mkdir", R"({"paths": [{"path": "/a", "mode": 448, "exist_ok": true}]})", "mkdir a"},
    {"MkdirExistOkOnAFile", "org.osbuild.mkdir", R"({"paths": [{"path": "/a", "exist_ok": true}]})", "touch a"},
    {"MkdirExists", "org.osbuild.mkdir", R"({"paths": [{"path": "/a"}]})", "mkdir a"},
    {"MkdirParentsOnAFile", "org.osbuild.mkdir", R"({"paths": [{"path": "/a", "parents": true, "exist_ok": true}]})",
     "touch a"},
    {"MkdirThroughALink", "org.osbuild.mkdir", R"({"paths": [{"path": "/l/b"}]})", "mkdir a; ln -s a l"},
    {"MkdirUrlOddities", "org.osbuild.mkdir",
     R"({"paths": [{"path": "tree:///a/../b"}, {"path": "/q?x"}, {"path": "/h#x"}]})"},
    {"MkdirNoParent", "org.osbuild.mkdir", R"({"paths": [{"path": "/a/b"}]})"},

    {"ChmodOctal", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "4751"}, "/d": {"mode": "700"}}})",
     "touch f; mkdir d; chmod 2775 d"},
    {"ChmodFiveDigitsClearSetgid", "org.osbuild.chmod", R"({"items": {"/d": {"mode": "00700"}}})",
     "mkdir d; chmod 2775 d"},
    {"ChmodSymbolic", "org.osbuild.chmod",
     R"({"items": {"/f": {"mode": "u=rwx,g+s,o-r"}, "/g": {"mode": "+x"}, "/h": {"mode": "a+X,u+s"}, "/i": {"mode": "g=u,o=g"}, "/j": {"mode": "=644"}, "/k": {"mode": "u=rw,go="}}})",
     "touch f g h i j k; chmod 640 i"},
    {"ChmodRecursive", "org.osbuild.chmod", R"({"items": {"/d": {"mode": "go-rwx,u+X", "recursive": true}}})",
     "mkdir -p d/e; touch d/f d/e/g; chmod 666 d/f; ln -s ../x d/l; touch x; chmod g+s d/e"},
    {"ChmodEquals", "org.osbuild.chmod",
     R"({"items": {"/d": {"mode": "=", "recursive": true}, "/e": {"mode": "=rwxt"}}})",
     "mkdir -p d e; chmod 7777 d e; touch d/f"},
    {"ChmodFollowsALink", "org.osbuild.chmod", R"({"items": {"/l": {"mode": "600"}}})", "touch f; ln -s f l"},
    {"ChmodMissing", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "600"}}})"},
    {"ChmodNonsense", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "u~w"}}})", "touch f"},
    {"ChmodComma", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "u+w,"}}})", "touch f"},
    {"ChmodTooLarge", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "10000"}}})", "touch f"},
    {"ChmodDash", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "-x"}}})", "touch f; chmod 755 f"},
    {"ChmodDashUmask", "org.osbuild.chmod", R"({"items": {"/f": {"mode": "-w"}}})", "touch f; chmod 666 f"},

    {"Hostname", "org.osbuild.hostname", R"({"hostname": "a-B.example"})",
     "mkdir etc; echo old > etc/hostname; chmod 600 etc/hostname"},
    {"HostnameNoEtc", "org.osbuild.hostname", R"({"hostname": "web1"})"},
    {"HostnameDots", "org.osbuild.hostname", R"({"hostname": "a.b."})"},
    {"HostnameDot", "org.osbuild.hostname", R"({"hostname": "foo."})"},
    {"HostnameBad", "org.osbuild.hostname", R"({"hostname": "a_b"})"},
    {"HostnameLink", "org.osbuild.hostname", R"({"hostname": "x"})", "mkdir etc; touch y; ln -s ../y etc/hostname"},
    {"Locale", "org.osbuild.locale", R"({"language": "de_DE.UTF-8"})",
     "mkdir etc; printf 'ID=debian\\nVERSION_ID=\"12\"\\n' > etc/os-release; echo old > etc/locale.conf"},
    {"Timezone", "org.osbuild.timezone", R"({"zone": "Europe/Berlin"})", "mkdir etc; touch etc/localtime"},
    {"TimezoneNew", "org.osbuild.timezone", R"({"zone": "UTC"})"},
    {"TimezoneBad", "org.osbuild.timezone", R"({"zone": "Europe/../Berlin"})"},
    {"MachineIdYes", "org.osbuild.machine-id", R"({"first-boot": "yes"})", "mkdir etc"},
    {"MachineIdNo", "org.osbuild.machine-id", R"({"first-boot": "no"})",
     "mkdir etc; echo 123 > etc/machine-id; chmod 444 etc/machine-id"},
    {"MachineIdPreserve", "org.osbuild.machine-id", R"({"first-boot": "preserve"})",
     "mkdir etc; echo 123 > etc/machine-id"},
    {"MachineIdPreserveNone", "org.osbuild.machine-id", R"({"first-boot": "preserve"})", "mkdir etc"},
    {"Fstab", "org.osbuild.fstab",
     R"({"filesystems": [{"uuid": "1-2", "path": "/", "vfs_type": "ext4", "options": "ro", "freq": 1, "passno": 1}, {"label": "x", "path": "/a"}, {"partlabel": "y", "path": "/b", "passno": 2.5}, {"device": "/dev/sda1", "path": "/c"}]})",
     "mkdir etc; echo old > etc/fstab; chmod 600 etc/fstab"},

    {"Groups", "org.osbuild.groups", R"({"groups": {"a": {}, "b": {"gid": 2000}, "c": {}, "d": {"gid": 0}}})",
     ACCOUNTS},
    {"GroupsWithoutShadow", "org.osbuild.groups", R"({"groups": {"a": {}}})", ACCOUNTS "rm etc/gshadow"},
    {"GroupsExists", "org.osbuild.groups", R"({"groups": {"wheel": {}}})", ACCOUNTS},
    {"GroupsTaken", "org.osbuild.groups", R"({"groups": {"a": {"gid": 8}}})", ACCOUNTS},
    {"GroupsForce", "org.osbuild.groups", R"({"force": true, "groups": {"wheel": {"gid": 5}, "a": {"gid": 8}}})",
     ACCOUNTS},
    {"GroupsNis", "org.osbuild.groups", R"({"groups": {"a": {}}})", ACCOUNTS "echo +::: >> etc/group"},
    {"GroupsNothingThere", "org.osbuild.groups", R"({"groups": {"a": {"gid": 7}}})", "mkdir etc"},

    {"UsersPlain", "org.osbuild.users", R"({"users": {"alice": {}}})", ACCOUNTS},
    {"UsersAll", "org.osbuild.users",
     R"({"users": {"alice": {"uid": 1234, "gid": 100, "groups": ["wheel", "audio"], "description": "Alice A.", "home": "/srv/people/alice", "shell": "/bin/bash", "password": "$6$x$y", "expiredate": 20000, "force_password_reset": true, "key": "ssh-rsa A", "keys": ["ssh-ed25519 B"]}}})",
     ACCOUNTS},
    {"UsersTwo", "org.osbuild.users",
     R"({"users": {"alice": {"home": "/home/alice", "key": "k"}, "bob": {"home": "", "groups": ["wheel"]}}})",
     ACCOUNTS},
    {"UsersLowUid", "org.osbuild.users", R"({"users": {"sys": {"uid": 77}}})", ACCOUNTS},
    {"UsersSameUid", "org.osbuild.users", R"({"users": {"toor": {"uid": 0, "gid": 0}}})", ACCOUNTS},
    {"UsersMailSpool", "org.osbuild.users", R"({"users": {"alice": {}}})",
     ACCOUNTS "printf 'CREATE_MAIL_SPOOL=yes\\nINACTIVE=5\\nHOME=/var/home\\nGROUP=100\\nEXPIRE=2030-01-02\\n' > "
              "etc/default/useradd; "
              "printf 'CREATE_HOME yes\\nSUB_UID_COUNT 10\\n' >> etc/login.defs; rm -r etc/skel; mkdir -p var/log; "
              "touch var/log/lastlog var/log/faillog"},
    {"UsersNoDefs", "org.osbuild.users", R"({"users": {"alice": {}}})",
     ACCOUNTS "rm etc/login.defs etc/default/useradd etc/subuid"},
    {"UsersNoShadow", "org.osbuild.users", R"({"users": {"alice": {"password": "x1"}}})",
     ACCOUNTS "rm etc/shadow etc/gshadow"},
    {"UsersGroupExists", "org.osbuild.users", R"({"users": {"wheel": {}}})", ACCOUNTS},
    {"UsersUnknownGroup", "org.osbuild.users", R"({"users": {"alice": {"groups": ["nope"]}}})", ACCOUNTS},
    {"UsersBadShell", "org.osbuild.users", R"({"users": {"alice": {"shell": "sh"}}})", ACCOUNTS},
    {"UsersColon", "org.osbuild.users", R"({"users": {"alice": {"description": "a:b"}}})", ACCOUNTS},
    {"UsersModify", "org.osbuild.users",
     R"({"users": {"old": {"uid": 1005, "groups": ["wheel"], "description": "New", "home": "/home/new/", "shell": "/bin/zsh", "password": "p", "expiredate": 5}}})",
     ACCOUNTS "mkdir -p home/new"},
    {"UsersModifySame", "org.osbuild.users", R"({"users": {"old": {"description": "Old", "shell": "/bin/sh"}}})",
     ACCOUNTS "mkdir home/old"},
    {"UsersModifyKeys", "org.osbuild.users", R"({"users": {"old": {"keys": ["a", "b"]}}})",
     ACCOUNTS "mkdir -p home/old/.ssh; echo x > home/old/.ssh/authorized_keys"},
    {"UsersModifyReset", "org.osbuild.users", R"({"users": {"old": {"force_password_reset": true}}})",
     ACCOUNTS "mkdir home/old"},
    {"UsersModifyUid", "org.osbuild.users", R"({"users": {"old": {"uid": 5}}})", ACCOUNTS},
    {"UsersModifyNoShadowRecord", "org.osbuild.users", R"({"users": {"daemon": {"password": "q", "expiredate": 7}}})",
     ACCOUNTS},
};

/// The lines that only one of two listings has.
std::string difference(const std::string &ours, const std::string &theirs) {
    std::string text;
    for (const auto &[mine, other, mark] :
         {std::tuple(&ours, &theirs, "native:  "), std::tuple(&theirs, &ours, "osbuild: ")}) {
        std::istringstream lines(*mine);
        for (std::string line; std::getline(lines, line);)
            if (("\n" + *other).find("\n" + line + "\n") == std::string::npos) text += mark + line + "\n";
    }
    return text;
}

class Parity : public ::testing::TestWithParam<Case> {};

TEST_P(Parity, LeavesTheTreeThatOsbuildLeaves) {
    OSB_NEEDS(test::is_privileged(), "root");
    OSB_NEEDS(test::osbuild_libdir(), "osbuild (OSB_OSBUILD_LIBDIR)");
    const Case &one = GetParam();
    test::StageRun ours;
    test::StageRun theirs;
    for (test::StageRun *run : {&ours, &theirs}) run->prepare(one.tree);
    const Captured native = ours.native(one.module, one.options);
    const Captured python = theirs.osbuilds(one.module, one.options);
    EXPECT_EQ(native.status.success(), python.status.success())
        << "native: " << native.err << "\nosbuild: " << python.err;
    EXPECT_NE(native.status.code, 127);
    if (!native.status.success() || !python.status.success()) return;
    EXPECT_EQ(difference(ours.listing(), theirs.listing()), "") << python.err;
}

std::string name_of_case(const ::testing::TestParamInfo<Case> &one) {
    return one.param.name;
}

INSTANTIATE_TEST_SUITE_P(Stages, Parity, ::testing::ValuesIn(cases), name_of_case);

}  // namespace
}  // namespace osb
