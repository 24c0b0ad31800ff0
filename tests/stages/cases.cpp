// SPDX-License-Identifier: Apache-2.0
#include "tests/stages/cases.hpp"

namespace osb::test {
namespace {

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

// A tree with units as packages bring them.
#define UNITS                                                                                                         \
    "mkdir -p usr/lib/systemd/system etc dev usr/lib/systemd/system/d.service.d; ln -s usr/lib lib; cd "              \
    "usr/lib/systemd/system; "                                                                                        \
    "printf 'ID=debian\\nVERSION_ID=12\\n' > ../../../../etc/os-release; "                                            \
    "printf '[Unit]\\nWantedBy=no.target\\n[Install]\\nWantedBy=multi-user.target "                                   \
    "graphical.target\\nAlias=bb.service\\nAlso=b.socket gone.socket\\n' > a.service; "                               \
    "printf '[Install]\\nWantedBy=sockets.target\\nRequiredBy=a.service\\n' > b.socket; "                             \
    "printf '[Install]\\nWantedBy=x.target\\nDefaultInstance=tty1\\n' > g@.service; "                                 \
    "printf '[Install]\\nWantedBy=x-%%i.target y@%%i.service\\nAlias=h@.service\\n' > i@.service; "                   \
    "printf '[Install]\\nWantedBy=z@.service\\n' > n@.service; printf '[Install]\\nWantedBy=z.target\\n' > "          \
    "p@.service; "                                                                                                    \
    "printf '[Install]\\nWantedBy=one.target \\\\\\n  two.target\\n# no\\nWantedBy=\\nWantedBy=three.target\\n' > "   \
    "c.service; "                                                                                                     \
    "printf '[Service]\\nX=1\\n' > d.service; printf '[Install]\\nWantedBy=drop.target\\n' > d.service.d/10-x.conf; " \
    "printf '[Install]\\nAlias=dbus.service\\nWantedBy=multi-user.target\\n' > broker.service; "                      \
    "printf '[Install]\\nAlias=wrong.socket\\n' > w.service; printf '[Install]\\nAlias=q.target.wants/v.service\\n' " \
    "> v.service; "                                                                                                   \
    ": > empty.service; ln -s a.service al.service; ln -s /dev/null masked.service; printf '[Unit]\\n' > "            \
    "multi-user.target; "                                                                                             \
    "ln -s multi-user.target runlevel3.target; printf '[Unit]\\n' > graphical.target; cd ../../../..; "

#define COPY_TREE                                                                                                   \
    "mkdir -p a/b l e; echo 1 > a/f; chmod 4755 a/f; echo 2 > a/b/g; ln a/f a/b/h; ln -s f a/s; ln -s ../../out "   \
    "a/b/dangling; mkfifo a/p; "                                                                                    \
    "mknod a/n c 1 3; chown 7:8 a/b; chmod 1777 a/b; truncate -s 1M a/hole; touch -d 2001-02-03T00:00Z a/f a/b a; " \
    "touch -h "                                                                                                     \
    "-d 2002-02-02 a/s; echo e > e/f; "

#define CHOWN_TREE                                                                                                   \
    "mkdir -p etc d/x; touch f d/f; ln -s ../f d/l; chmod 6755 f d/f; chown 3:3 f d/f; "                             \
    "printf 'alice:x:1234:1:::\\n77:x:9:1:::\\n' > etc/passwd; printf 'staff:x:50:\\n' > etc/group; ln -s f lf; ln " \
    "-s d ld"

constexpr Case table[] = {
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

    {"SystemdEnable", "org.osbuild.systemd", R"({"enabled_services": ["a"]})", UNITS},
    {"SystemdEnableMany", "org.osbuild.systemd", R"({"enabled_services": ["c.service", "b.socket", "d"]})", UNITS},
    {"SystemdEnableTwice", "org.osbuild.systemd", R"({"enabled_services": ["a", "a.service"]})", UNITS},
    {"SystemdTemplate", "org.osbuild.systemd", R"({"enabled_services": ["g@.service", "g@tty7.service"]})", UNITS},
    {"SystemdInstance", "org.osbuild.systemd", R"({"enabled_services": ["i@one.service"]})", UNITS},
    {"SystemdTemplateOnly", "org.osbuild.systemd", R"({"enabled_services": ["n@.service"]})", UNITS},
    {"SystemdTemplateWithoutInstance", "org.osbuild.systemd", R"({"enabled_services": ["p@.service"]})", UNITS},
    {"SystemdAlias", "org.osbuild.systemd", R"({"enabled_services": ["al"]})", UNITS},
    {"SystemdAliasInEtc", "org.osbuild.systemd", R"({"enabled_services": ["broker", "dbus"]})", UNITS},
    {"SystemdWrongAlias", "org.osbuild.systemd", R"({"enabled_services": ["w"]})", UNITS},
    {"SystemdWantsAlias", "org.osbuild.systemd", R"({"enabled_services": ["v"]})", UNITS},
    {"SystemdMissing", "org.osbuild.systemd", R"({"enabled_services": ["nope"]})", UNITS},
    {"SystemdMasked", "org.osbuild.systemd", R"({"enabled_services": ["masked"]})", UNITS},
    {"SystemdEmpty", "org.osbuild.systemd", R"({"enabled_services": ["empty"]})", UNITS},
    {"SystemdDisable", "org.osbuild.systemd",
     R"({"enabled_services": ["a", "g@tty1.service", "g@tty2.service"], "disabled_services": ["a", "g@.service"]})",
     UNITS},
    {"SystemdDisableInstance", "org.osbuild.systemd",
     R"({"enabled_services": ["g@tty1.service", "g@tty2.service"], "disabled_services": ["g@tty1.service"]})", UNITS},
    {"SystemdDisableAlias", "org.osbuild.systemd", R"({"enabled_services": ["broker"], "disabled_services": ["dbus"]})",
     UNITS},
    {"SystemdDisableMissing", "org.osbuild.systemd", R"({"disabled_services": ["nope"]})", UNITS},
    {"SystemdDisableMasked", "org.osbuild.systemd", R"({"disabled_services": ["masked"]})", UNITS},
    {"SystemdDisableDangling", "org.osbuild.systemd", R"({"disabled_services": ["old"]})",
     UNITS "mkdir -p etc/systemd/system/x.wants; ln -s /lib/systemd/system/old.service "
           "etc/systemd/system/x.wants/old.service; ln -s old.service etc/systemd/system/other.service"},
    {"SystemdDisableSocketOnly", "org.osbuild.systemd",
     R"({"enabled_services": ["a"], "disabled_services": ["b.socket"]})", UNITS},
    {"SystemdMask", "org.osbuild.systemd", R"({"masked_services": ["a", "nope", "n@.service", "foo bar"]})", UNITS},
    {"SystemdMaskTwice", "org.osbuild.systemd", R"({"masked_services": ["a", "a"]})", UNITS},
    {"SystemdMaskAFile", "org.osbuild.systemd", R"({"masked_services": ["local"]})",
     UNITS "mkdir -p etc/systemd/system; echo x > etc/systemd/system/local.service"},
    {"SystemdMaskAnAlias", "org.osbuild.systemd", R"({"enabled_services": ["broker"], "masked_services": ["dbus"]})",
     UNITS},
    {"SystemdLocalUnit", "org.osbuild.systemd", R"({"enabled_services": ["local"]})",
     UNITS "mkdir -p etc/systemd/system; printf '[Install]\\nWantedBy=multi-user.target\\n' > "
           "etc/systemd/system/local.service"},
    {"SystemdDefault", "org.osbuild.systemd", R"({"default_target": "runlevel3"})", UNITS},
    {"SystemdDefaultAgain", "org.osbuild.systemd", R"({"default_target": "graphical.target"})",
     UNITS
     "mkdir -p etc/systemd/system; ln -s /lib/systemd/system/multi-user.target etc/systemd/system/default.target"},
    {"SystemdDefaultService", "org.osbuild.systemd", R"({"default_target": "a.service"})", UNITS},
    {"SystemdDefaultMissing", "org.osbuild.systemd", R"({"default_target": "nope"})", UNITS},
    {"SystemdGenerators", "org.osbuild.systemd", R"({"masked_generators": ["x-generator", "y"]})", UNITS},
    {"SystemdPattern", "org.osbuild.systemd", R"({"enabled_services": ["a*"]})", UNITS},
    {"CopyDir", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a", "to": "tree:///new"}]})", COPY_TREE},
    {"CopyContent", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///new"}]})", COPY_TREE},
    {"CopyIntoDir", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a", "to": "tree:///e"}]})", COPY_TREE},
    {"CopyContentIntoDir", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///e"}]})", COPY_TREE},
    {"CopyContentIntoDirSlash", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///e/"}]})",
     COPY_TREE},
    {"CopyFile", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///g"}]})", COPY_TREE},
    {"CopyFileSlash", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///g/"}]})", COPY_TREE},
    {"CopyFileIntoDirSlash", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///e/"}]})",
     COPY_TREE},
    {"CopyDirToNewSlash", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a", "to": "tree:///new/"}]})", COPY_TREE},
    {"CopyLink", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/s", "to": "tree:///t"}]})", COPY_TREE},
    {"CopyDangling", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/b/dangling", "to": "tree:///t"}]})",
     COPY_TREE},
    {"CopyDirOnFile", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a", "to": "tree:///e/f"}]})", COPY_TREE},
    {"CopySameFile", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///a/f"}]})", COPY_TREE},
    {"CopyIntoItself", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a", "to": "tree:///a/b"}]})", COPY_TREE},
    {"CopyFileContent", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f/", "to": "tree:///g"}]})", COPY_TREE},
    {"CopyMissing", "org.osbuild.copy", R"({"paths": [{"from": "tree:///no", "to": "tree:///g"}]})", COPY_TREE},
    {"CopyNoParent", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///no/g"}]})", COPY_TREE},
    {"CopyOverFile", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///e/f"}]})", COPY_TREE},
    {"CopyThroughLink", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///ln"}]})",
     COPY_TREE "echo old > target; ln -s target ln"},
    {"CopyReplacesLink", "org.osbuild.copy",
     R"({"paths": [{"from": "tree:///a/f", "to": "tree:///ln", "remove_destination": true}]})",
     COPY_TREE "echo old > target; ln -s target ln"},
    {"CopyThroughDangling", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/f", "to": "tree:///ln"}]})",
     COPY_TREE "ln -s target ln"},
    {"CopyBreaksHardLinks", "org.osbuild.copy", R"({"paths": [{"from": "tree:///e/f", "to": "tree:///x"}]})",
     COPY_TREE "echo old > x; ln x y"},
    {"CopyLinkOverFile", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/s", "to": "tree:///e/f"}]})", COPY_TREE},
    {"CopyMerge", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///m"}]})",
     COPY_TREE "mkdir -p m/b; echo keep > m/b/k; echo old > m/f; ln -s nowhere m/s; chmod 700 m m/b; chown 1:1 m"},
    {"CopyMergeOnLinkedDir", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///m"}]})",
     COPY_TREE "mkdir -p m e; ln -s ../e m/b"},
    {"CopyToLinkedDir", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///ld"}]})",
     COPY_TREE "ln -s e ld"},
    {"CopyFileOverDir", "org.osbuild.copy", R"({"paths": [{"from": "tree:///a/", "to": "tree:///m"}]})",
     COPY_TREE "mkdir -p m/f"},
    {"ChownNames", "org.osbuild.chown",
     R"({"items": {"/f": {"user": "alice", "group": "staff"}, "/d": {"user": "alice", "recursive": true}}})",
     CHOWN_TREE},
    {"ChownNumbers", "org.osbuild.chown",
     R"({"items": {"/f": {"user": 5, "group": 6}, "/d": {"group": "7", "recursive": true}}})", CHOWN_TREE},
    {"ChownDigitsAreANameFirst", "org.osbuild.chown", R"({"items": {"/f": {"user": 77}}})", CHOWN_TREE},
    {"ChownUnknown", "org.osbuild.chown", R"({"items": {"/f": {"user": "nobody"}}})", CHOWN_TREE},
    {"ChownFollowsALink", "org.osbuild.chown", R"({"items": {"/lf": {"user": 4}}})", CHOWN_TREE},
    {"ChownRecursiveLink", "org.osbuild.chown", R"({"items": {"/ld": {"user": 4, "recursive": true}}})", CHOWN_TREE},
    {"ChownMissing", "org.osbuild.chown", R"({"items": {"/no": {"user": 4}}})", CHOWN_TREE},
};

}  // namespace

std::span<const Case> cases() {
    return table;
}

}  // namespace osb::test
