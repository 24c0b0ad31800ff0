// SPDX-License-Identifier: Apache-2.0
#include "stages/deb.hpp"

#include <algorithm>
#include <fcntl.h>
#include <set>
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "lib/base/fd.hpp"
#include "lib/base/sha256.hpp"
#include "lib/base/tree_walk.hpp"
#include "lib/deb822/deb822.hpp"
#include "stages/deb_install.hpp"
#include "tests/deb_maker.hpp"
#include "tests/support.hpp"

namespace osb::stages {
namespace {

namespace fs = std::filesystem;
using test::DebSpec;
using test::make_deb;
using ::testing::HasSubstr;
using ::testing::Not;

/// What a tree holds, a line for each entry, without times.
std::string listing(const fs::path &tree) {
    std::string text;
    walk_tree(open_file(tree, O_RDONLY | O_DIRECTORY), [&](const TreeEntry &entry) {
        const struct stat &status = entry.status;
        text += format("{} {:o} {}:{}", entry.path, status.st_mode, status.st_uid, status.st_gid);
        if (entry.is_symlink()) text += " -> " + entry.link_target();
        if (entry.is_regular())
            text += format(" {} links {}", status.st_nlink, Sha256::of(read_file(tree / entry.path)).hex());
        text += "\n";
    });
    return text;
}

std::vector<std::string> lines_of(const std::string &text) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

/// What only one of two listings has.
std::string difference(const std::string &one, const std::string &other) {
    const auto left = lines_of(one);
    const auto right = lines_of(other);
    std::string text;
    for (const auto &line : left)
        if (std::ranges::find(right, line) == right.end()) text += "- " + line + "\n";
    for (const auto &line : right)
        if (std::ranges::find(left, line) == left.end()) text += "+ " + line + "\n";
    return text;
}

/// A package "dpkg" that makes a tree able to run the real dpkg, made of this host's own programs and libraries.
class Dpkg {
public:
    static const fs::path &archive() {
        static const Dpkg dpkg;
        return dpkg.archive_;
    }

private:
    Dpkg() {
        const fs::path root = room_ / "root";
        std::set<std::string> files;
        for (const char *program :
             {"dpkg",    "dpkg-deb", "dpkg-query", "dpkg-split", "dpkg-divert", "dpkg-trigger", "update-alternatives",
              "sh",      "cat",      "rm",         "mkdir",      "tar",         "mv",           "cp",
              "ln",      "touch",    "date",       "test",       "env",         "chmod",        "diff",
              "ldconfig"}) {
            const auto path = find_program(program);
            if (!path) throw Error(format("{} is not installed", program));
            files.insert(fs::canonical(path->parent_path()) / path->filename());
        }
        std::set<std::string> libraries;
        for (const std::string &file : files) {
            const Captured said = run_captured({.argv = {"ldd", file}});
            for (const std::string &line : lines_of(said.out)) {
                const size_t slash = line.find('/');
                if (slash != std::string::npos) libraries.insert(line.substr(slash, line.find(' ', slash) - slash));
            }
        }
        files.insert(libraries.begin(), libraries.end());
        for (const std::string &file : files) {
            fs::create_directories((root / fs::path(file).relative_path()).parent_path());
            fs::copy_file(file, root / fs::path(file).relative_path());
        }
        fs::create_directories(root / "DEBIAN");
        for (const char *directory : {"etc", "proc", "dev", "run", "root"}) fs::create_directories(root / directory);
        write_file(root / "DEBIAN/control",
                   "Package: dpkg\nVersion: 1.21.22\nArchitecture: " + architecture() +
                       "\nEssential: yes\nMaintainer: Nobody <nobody@example.org>\nDescription: what a tree needs\n");
        archive_ = room_ / "dpkg.deb";
        test::run({"dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", root, archive_});
    }

    static std::string architecture() {
        std::string text = test::run({"dpkg", "--print-architecture"});
        text.pop_back();
        return text;
    }

    test::Scratch room_;
    fs::path archive_;
};

class DebStage : public ::testing::Test {
protected:
    void SetUp() override {
        OSB_NEEDS(test::is_privileged(), "root");
        OSB_NEEDS(test::has_dpkg(), "dpkg");
        fs::create_directory(tree());
        fs::create_directory(scratch_ / "debs");
    }

    fs::path tree(const std::string &name = "tree") const { return scratch_ / name; }
    fs::path deb(const DebSpec &spec) const { return make_deb(scratch_ / "debs", spec); }

    void install(std::vector<fs::path> archives, const std::string &into = "tree") const {
        fs::create_directories(tree(into));
        stages::install(Dir::open(tree(into)), {.archives = std::move(archives), .epoch = 1700000000});
    }
    /// The tree with nothing but a dpkg that works.
    void bootstrap(const std::string &into = "tree") const { install({Dpkg::archive()}, into); }
    std::string refusal(std::vector<fs::path> archives) const {
        return test::error_of([&] { install(std::move(archives)); });
    }
    std::string content(const fs::path &path, const std::string &of = "tree") const {
        return read_file(tree(of) / path);
    }
    std::string status_of(const std::string &package) const {
        const std::string status = content("var/lib/dpkg/status");
        for (const Paragraph &paragraph : parse_deb822(status))
            if (paragraph.get("Package") == package) return paragraph.get("Status");
        return "";
    }

    const test::Scratch scratch_;
};

/// A package that uses much of what a package can have.
DebSpec rich(const std::string &fields = "Priority: required\n") {
    return {.name = "rich",
            .fields = fields,
            .files = {{"/usr/bin/rich", "#!/bin/sh\necho rich\n"},
                      {"/bin/short", "x"},
                      {"/lib/rich/data", "data"},
                      {"/usr/lib/rich/link ->", "../../bin/rich"},
                      {"/usr/lib/rich/same ==", "usr/bin/rich"},
                      {"/etc/rich.conf", "setting=1\n"},
                      {"/usr/share/doc/rich/copyright", "free"}},
            .control = {{"conffiles", "/etc/rich.conf\n"},
                        {"triggers",
                         "interest-noawait /usr/share/rich\ninterest rich-changed\nactivate-noawait rich-changed\n"},
                        {"preinst", "test ! -e /usr/share/never\necho \"pre $1\"\n"},
                        {"postinst", "echo \"$1 $DPKG_MAINTSCRIPT_PACKAGE\" >> /var/lib/rich.log\n"}}};
}

TEST_F(DebStage, WhatItUnpacksByItselfIsWhatDpkgWouldHaveLeft) {
    // Once all at once, so that `rich` is unpacked by the stage; once alone into a tree that has a dpkg, which unpacks
    // it.
    install({Dpkg::archive(), deb(rich())}, "native");
    bootstrap("dpkg");
    install({deb(rich())}, "dpkg");
    EXPECT_EQ(difference(listing(tree("native")), listing(tree("dpkg"))), "");
    EXPECT_EQ(content("var/lib/rich.log", "native"), "configure rich\n");
    EXPECT_EQ(fs::read_symlink(tree("native") / "lib"), "usr/lib");
    EXPECT_EQ(content("usr/bin/short", "native"), "x");
}

TEST_F(DebStage, SamePackagesGiveTheSameTreeWhateverTheirOrder) {
    const DebSpec other{.name = "other",
                        .fields = "Depends: rich\n",
                        .files = {{"/usr/share/rich/other", "1"}},
                        .control = {{"postinst", "date +%F >&2; echo $SOURCE_DATE_EPOCH > /var/lib/other.date\n"}}};
    const std::vector<fs::path> archives = {Dpkg::archive(), deb(rich()), deb(other)};
    install(archives, "one");
    install({archives.rbegin(), archives.rend()}, "two");
    EXPECT_EQ(difference(listing(tree("one")), listing(tree("two"))), "");
    EXPECT_EQ(content("var/lib/other.date", "one"), "1700000000\n");
}

TEST_F(DebStage, TellsPackageScriptStatusAndLastOutput) {
    bootstrap();
    EXPECT_EQ(
        refusal(
            {deb({.name = "broken", .control = {{"postinst", "echo working; echo 'no such luck' >&2; exit 3\n"}}})}),
        "package broken: its post-installation script ended with exit status 3; last output: working / no such luck");
}

TEST_F(DebStage, TellsWhenUnpackingFails) {
    bootstrap();
    EXPECT_EQ(refusal({deb({.name = "broken", .control = {{"preinst", "echo before; exit 4\n"}}})}),
              "package broken: its pre-installation script ended with exit status 4; last output: before");
    EXPECT_EQ(refusal({Dpkg::archive(), deb({.name = "twice", .control = {{"preinst", "exit 5"}}}),
                       deb({.name = "twice", .version = "2.0"})}),
              "package twice is there twice, as 1.0 and as 2.0");
}

TEST_F(DebStage, TellsWhichPreinstOfTheFirstPackagesFailed) {
    EXPECT_EQ(
        refusal(
            {Dpkg::archive(),
             deb({.name = "early", .fields = "Priority: required\n", .control = {{"preinst", "echo oh; exit 6\n"}}})}),
        "package early: its pre-installation script ended with exit code 6; last output: oh");
}

TEST_F(DebStage, TellsWhatIsMissing) {
    bootstrap();
    const std::string sentence = refusal({deb({.name = "needy", .fields = "Depends: nothing-like-it\n"})});
    EXPECT_THAT(sentence, HasSubstr("package needy: dependency problems"));
    EXPECT_THAT(sentence, HasSubstr("needy depends on nothing-like-it"));
}

TEST_F(DebStage, ConfiguresPreDependenciesBeforeUnpacking) {
    bootstrap();
    install({deb({.name = "user",
                  .fields = "Pre-Depends: helper\n",
                  .control = {{"preinst", "cat /var/lib/helper.ready\n"}}}),
             deb({.name = "helper",
                  .fields = "Depends: lib\n",
                  .control = {{"postinst", "cp /var/lib/lib.ready /var/lib/helper.ready\n"}}}),
             deb({.name = "lib", .control = {{"postinst", "echo ok > /var/lib/lib.ready\n"}}})});
    EXPECT_EQ(status_of("user"), "install ok installed");
}

TEST_F(DebStage, StartsNoServiceAndAsksNothing) {
    bootstrap();
    install(
        {deb({.name = "daemon",
              .control = {{"postinst",
                           "start-stop-daemon --start --exec /usr/bin/nothing\n"
                           "/usr/sbin/policy-rc.d daemon start && exit 1 || echo $? > /var/lib/policy\n"
                           "echo $DEBIAN_FRONTEND $LC_ALL > /var/lib/environment\n"
                           "read line && exit 1 || true\n"
                           "test -c /dev/null; test -e /proc/self/status; echo x | cat /dev/stdin > /tmp/scrap\n"}}})});
    EXPECT_EQ(content("var/lib/policy"), "101\n");
    EXPECT_EQ(content("var/lib/environment"), "noninteractive C\n");
    EXPECT_FALSE(fs::exists(tree() / "usr/sbin/policy-rc.d"));
    EXPECT_FALSE(fs::exists(tree() / "tmp/scrap"));
    EXPECT_TRUE(fs::is_empty(tree() / "dev"));
    EXPECT_TRUE(fs::is_empty(tree() / "proc"));
}

TEST_F(DebStage, KeepsThePolicyThatIsThere) {
    bootstrap();
    fs::create_directories(tree() / "usr/sbin");
    write_file(tree() / "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 0\n", 0755);
    install({deb(rich())});
    EXPECT_EQ(content("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 0\n");
}

TEST_F(DebStage, KeepsThePolicyThatAPackageBrings) {
    bootstrap();
    install({deb({.name = "policy", .files = {{"/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 104\n"}}})});
    EXPECT_EQ(content("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 104\n");
}

TEST_F(DebStage, KeepsConfigurationFilesOfEarlierStages) {
    for (const bool first : {true, false}) {
        const std::string name = first ? "first" : "later";
        if (!first) bootstrap(name);
        fs::create_directories(tree(name) / "etc");
        write_file(tree(name) / "etc/rich.conf", "mine\n");
        install(first ? std::vector{Dpkg::archive(), deb(rich())} : std::vector{deb(rich())}, name);
        EXPECT_EQ(content("etc/rich.conf", name), "mine\n");
    }
}

TEST_F(DebStage, LeavesNoTraceOfTheRun) {
    bootstrap();
    fs::create_directories(tree() / "var/log");
    write_file(tree() / "var/log/alternatives.log", "from before\n");
    install(
        {deb({.name = "messy",
              .files = {{"/usr/bin/messy", "x"}},
              .control = {
                  {"postinst",
                   "echo 0123456789abcdef0123456789abcdef > /etc/machine-id\n"
                   "mkdir -p /etc/ssh /run/lock /run/messy /var/lib/dbus /var/cache/ldconfig\n"
                   "for f in /etc/ssh/ssh_host_rsa_key /etc/ssh/ssh_host_rsa_key.pub /etc/ssh/sshd_config /etc/passwd- "
                   "/etc/.pwd.lock /var/lib/dbus/machine-id /var/cache/ldconfig/aux-cache; do date +%N > $f; done\n"
                   "update-alternatives --install /usr/bin/alt alt /usr/bin/messy 1\n"}}})});
    EXPECT_EQ(content("etc/machine-id"), "");
    EXPECT_EQ(content("var/log/alternatives.log"), "from before\n");
    EXPECT_TRUE(fs::is_symlink(tree() / "usr/bin/alt"));
    EXPECT_TRUE(fs::exists(tree() / "run/lock"));
    EXPECT_TRUE(fs::exists(tree() / "etc/ssh/sshd_config"));
    for (const char *gone :
         {"etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub", "etc/passwd-", "etc/.pwd.lock", "run/messy",
          "var/lib/dbus/machine-id", "var/cache/ldconfig/aux-cache", "var/lib/dpkg/status-old", "var/log/dpkg.log"})
        EXPECT_FALSE(fs::exists(tree() / gone)) << gone;
}

TEST_F(DebStage, KeepsKeysAndIdsThatWereThereBefore) {
    bootstrap();
    fs::create_directories(tree() / "etc/ssh");
    write_file(tree() / "etc/ssh/ssh_host_rsa_key", "key\n");
    write_file(tree() / "etc/machine-id", "id\n");
    install({deb(rich())});
    EXPECT_EQ(content("etc/ssh/ssh_host_rsa_key"), "key\n");
    EXPECT_EQ(content("etc/machine-id"), "id\n");
}

TEST_F(DebStage, RemembersWhatNobodyAskedFor) {
    bootstrap();
    const fs::path asked = deb({.name = "asked", .fields = "Depends: rich\n"});
    const fs::path automatic = deb(rich());
    stages::install(Dir::open(tree()), {.archives = {asked, automatic}, .automatic = {automatic}});
    const std::string states = content("var/lib/apt/extended_states");
    EXPECT_THAT(states, HasSubstr("Package: rich\n"));
    EXPECT_THAT(states, HasSubstr("Auto-Installed: 1\n"));
    EXPECT_THAT(states, Not(HasSubstr("asked")));
    EXPECT_THAT(states, Not(HasSubstr("Architecture: all")));
}

TEST_F(DebStage, TakesTheDateOfTheNewestPackageWithoutAnEpoch) {
    bootstrap();
    const fs::path archive =
        deb({.name = "dated", .control = {{"postinst", "echo $SOURCE_DATE_EPOCH > /var/lib/date\n"}}});
    stages::install(Dir::open(tree()), {.archives = {archive}});
    const std::int64_t date = std::stoll(content("var/lib/date"));
    EXPECT_GT(date, 1600000000);
    EXPECT_LE(date, now());
}

TEST_F(DebStage, ReadsItsArguments) {
    const fs::path inputs = scratch_ / "inputs";
    fs::create_directory(inputs);
    const std::string one = "sha256:" + std::string(64, '1');
    const std::string two = "sha256:" + std::string(64, '2');
    fs::copy_file(Dpkg::archive(), inputs / one);
    fs::copy_file(deb(rich()), inputs / two);
    Json arguments = {
        {"tree", tree().native()}, {"options", Json::object()}, {"meta", {{"id", "x"}, {"source-epoch", 1}}}};
    arguments["inputs"]["packages"] = {
        {"path", inputs.native()}, {"data", {{"files", {{one, Json::object()}, {two, {{"deb.automatic", true}}}}}}}};
    install_packages(arguments);
    EXPECT_EQ(status_of("rich"), "install ok installed");
    EXPECT_THAT(content("var/lib/apt/extended_states"), HasSubstr("Package: rich\n"));
}

TEST_F(DebStage, RefusesWhatCannotWork) {
    EXPECT_EQ(refusal({}), "there are no packages in the input");
    EXPECT_EQ(refusal({deb(rich())}), "there is no dpkg in the tree and none among the packages");
    write_file(scratch_ / "debs/text.deb", "not a package");
    EXPECT_THAT(refusal({scratch_ / "debs/text.deb"}), HasSubstr("read package text.deb: "));
    write_file(scratch_ / "debs/cut.deb", read_file(Dpkg::archive()).substr(0, 300000));
    EXPECT_THAT(refusal({scratch_ / "debs/cut.deb"}), HasSubstr("package dpkg: "));
}

TEST_F(DebStage, RefusesTwoPackagesWithTheSameFile) {
    EXPECT_THAT(refusal({Dpkg::archive(),
                         deb({.name = "one", .fields = "Priority: required\n", .files = {{"/usr/lib/same", "1"}}}),
                         deb({.name = "two", .fields = "Priority: required\n", .files = {{"/lib/same", "2"}}})}),
                HasSubstr("same: package "));
}

TEST_F(DebStage, LeavesTheTreeByNoPathOfAPackage) {
    // A data archive with names dpkg-deb would not write.
    const fs::path room = scratch_ / "hostile";
    fs::create_directories(room);
    const auto hostile = [&](const std::string &name, const std::string &pack) {
        write_file(room / "control", "Package: " + name + "\nVersion: 1\nArchitecture: all\nPriority: required\n");
        write_file(room / "debian-binary", "2.0\n");
        test::run({"sh", "-c",
                   "cd " + room.native() + " && rm -f data.tar control.tar " + name +
                       ".deb && tar cf control.tar ./control && " + pack + " && ar rc " + name +
                       ".deb debian-binary control.tar data.tar 2>&1"});
        return room / (name + ".deb");
    };
    EXPECT_THAT(
        refusal({Dpkg::archive(), hostile("climber", "tar cPf data.tar --transform 's,control,../climbed,' control")}),
        HasSubstr(".."));
    EXPECT_FALSE(fs::exists(scratch_ / "climbed"));
    // A link to an absolute place, then a file behind it: stays below the tree's root.
    fs::remove_all(tree());
    fs::create_directory(tree());
    const std::string place = (scratch_ / "outside").native();
    const std::string pack =
        "rm -rf d e && mkdir -p d e/way && ln -s " + place +
        " d/way && echo x > e/way/file && tar cf data.tar -C d way && tar rf data.tar -C ../hostile/e way/file";
    fs::create_directory(place);
    const fs::path archive = hostile("linker", pack);
    test::error_of([&] {
        install({Dpkg::archive(), archive});
        throw Error("it may as well succeed");
    });
    EXPECT_TRUE(fs::is_empty(place));
}

}  // namespace
}  // namespace osb::stages
