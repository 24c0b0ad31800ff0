// SPDX-License-Identifier: Apache-2.0
#include "stages/deb_install.hpp"

#include <algorithm>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "stages/deb_archive.hpp"
#include "stages/deb_bootstrap.hpp"
#include "stages/deb_chroot.hpp"
#include "stages/deb_order.hpp"
#include "stages/deb_traces.hpp"

namespace osb::stages {
namespace {

const TreePath status_path("var/lib/dpkg/status");
const TreePath policy_path("usr/sbin/policy-rc.d");
constexpr std::string_view policy = "#!/bin/sh\n# Only while packages are being installed.\nexit 101\n";

/// The name under which dpkg gets to see the archive, and mentions it.
std::string archive_name(const Package &package) {
    std::string version = package.version();
    std::ranges::replace(version, ':', '%');
    return package.name() + "_" + version + "_" + package.architecture() + ".deb";
}

std::string joined(const std::vector<std::string> &lines, size_t most) {
    std::string text;
    for (size_t i = lines.size() - std::min(lines.size(), most); i < lines.size(); i++)
        text += (text.empty() ? "" : " / ") + lines[i];
    return text;
}

bool starts_with_any(std::string_view line, std::initializer_list<std::string_view> beginnings) {
    return std::ranges::any_of(
        beginnings, [&](std::string_view beginning) { return line.substr(0, beginning.size()) == beginning; });
}

/// Makes one sentence of what dpkg said when it gave up:
///
///     Setting up foo (1.0) ...
///     <whatever the script said>
///     dpkg: error processing package foo (--configure):
///      installed foo package post-installation script subprocess returned error exit status 3
std::string sentence_of(const TreePrograms::Result &result) {
    const auto &lines = result.lines;
    const auto is_error = [](const std::string &line) { return starts_with_any(line, {"dpkg: error processing "}); };
    const auto error = std::ranges::find_if(lines, is_error);
    if (error == lines.end()) return format("dpkg ended with {}: {}", result.how, joined(lines, 3));
    // "package foo (--configure):" or "archive /…/foo_1_all.deb (--unpack):"
    std::string who = error->substr(std::string_view("dpkg: error processing ").size());
    who = who.substr(0, who.rfind(" ("));
    if (const size_t slash = who.rfind('/'); slash != std::string::npos)
        who = "package " + who.substr(slash + 1, who.find('_', slash) - slash - 1);
    std::string why;
    for (auto line = error + 1; line != lines.end() && starts_with_any(*line, {" "}); line++)
        why += (why.empty() ? "" : " ") + line->substr(1);
    constexpr std::string_view script_words = " script subprocess returned error ";
    if (const size_t at = why.find(script_words); at != std::string::npos) {
        // "installed foo package post-installation script subprocess returned error exit status 3"
        const size_t kind = why.rfind(' ', at - 1) + 1;
        why = "its " + why.substr(kind, at - kind) + " script ended with " + why.substr(at + script_words.size());
    }
    std::vector<std::string> said;
    for (auto line = error; line != lines.begin();) {
        --line;
        if (starts_with_any(*line, {"Setting up ", "Preparing to unpack ", "Unpacking ", "Selecting ", "(Reading ",
                                    "Processing triggers "}))
            break;
        if (!line->empty()) said.insert(said.begin(), *line);
    }
    return format("{}: {}{}", who, why, said.empty() ? "" : "; last output: " + joined(said, 3));
}

class Installer {
public:
    Installer(const Dir &tree, const Installation &what) : tree_(tree), what_(what) {
        if (what.archives.empty()) fail(Blame::build, "there are no packages in the input");
        for (const auto &archive : what.archives) packages_.push_back(read_package(archive));
        // Whatever order the input had, the result is the same.
        std::ranges::sort(packages_, {}, [](const Package &package) {
            return std::make_pair(package.name(), package.architecture());
        });
        for (size_t i = 1; i < packages_.size(); i++)
            if (packages_[i - 1].name() == packages_[i].name() &&
                packages_[i - 1].architecture() == packages_[i].architecture())
                fail(Blame::build, "package {} is there twice, as {} and as {}", packages_[i].name(),
                     packages_[i - 1].version(), packages_[i].version());
        time_t newest = 0;
        for (const Package &package : packages_) newest = std::max(newest, package.newest);
        epoch_ = what.epoch.value_or(newest);
    }

    void run() {
        const Traces traces(tree_);
        const PackageGraph graph(packages_);
        std::set<size_t> first;
        if (!tree_.exists(status_path)) first = bootstrap_tree(graph);
        std::set<size_t> rest;
        std::map<std::string, std::filesystem::path> archives;
        for (size_t i = 0; i < packages_.size(); i++) {
            if (first.count(i) != 0) continue;
            rest.insert(i);
            archives[archive_name(packages_[i])] = packages_[i].archive;
        }
        forbid_services();
        in_tree(tree_, archives, [&] {
            if (!first.empty()) prepare_first(graph, first);
            if (!what_.answers.empty()) answer_questions();
            if (!first.empty()) dpkg({"--configure", "-a"});
            install_rest(graph, rest);
        });
        allow_services();
        check_status();
        mark_automatic();
        traces.clean();
    }

private:
    /// Unpacks what a working dpkg needs: what is essential or required, dpkg, and all that these depend on.
    std::set<size_t> bootstrap_tree(const PackageGraph &graph) const {
        std::set<size_t> start;
        bool has_dpkg = false;
        for (size_t i = 0; i < packages_.size(); i++) {
            const bool is_dpkg = packages_[i].name() == "dpkg";
            has_dpkg = has_dpkg || is_dpkg;
            if (is_dpkg || packages_[i].is_essential() || packages_[i].control.get("Priority") == "required")
                start.insert(i);
        }
        if (!has_dpkg) fail(Blame::build, "there is no dpkg in the tree and none among the packages");
        const std::set<size_t> first = graph.closure(start);
        std::vector<const Package *> packages;
        for (const size_t index : first) packages.push_back(&packages_[index]);
        bootstrap(tree_, packages);
        return first;
    }

    /// invoke-rc.d and deb-systemd-invoke ask this program whether a service may be started (policy-rc.d(8)); 101 is
    /// no.
    void forbid_services() const {
        if (tree_.exists(policy_path)) return;
        tree_.make_dirs(policy_path.parent());
        tree_.write_file(policy_path, policy);
        check(::fchmod(tree_.open_file(policy_path, O_RDONLY).get(), 0755), "make {} executable",
              policy_path.absolute());
    }

    /// A policy that was there before, or that a package brought since, stays.
    void allow_services() const {
        if (tree_.read_file_if_exists(policy_path) == policy)
            remove_tree(tree_.open_parent(policy_path).fd(), policy_path.name());
    }

    void dpkg(std::vector<std::string> arguments) const {
        // A configuration file that an earlier stage put there is what the user wants. Nothing needs to reach the disk
        // now.
        std::vector<std::string> argv = {"/usr/bin/dpkg", "--log=/dev/null", "--force-unsafe-io", "--force-confdef",
                                         "--force-confold"};
        argv.insert(argv.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
        const TreePrograms::Result result = programs().run(argv);
        if (!result.success) fail(Blame::build, "{}", sentence_of(result));
    }

    TreePrograms programs() const { return TreePrograms(epoch_); }

    /// What dpkg would have run while unpacking, in the order of dependencies, and the users and groups.
    void prepare_first(const PackageGraph &graph, const std::set<size_t> &first) const {
        std::vector<size_t> order = graph.order(first);
        // Every other script may name users and groups.
        const auto is_base_passwd = [&](size_t index) { return packages_[index].name() == "base-passwd"; };
        std::ranges::stable_partition(order, is_base_passwd);
        const auto dpkg_package =
            std::ranges::find(packages_, "dpkg", [](const Package &package) { return package.name(); });
        for (const size_t index : order) {
            const Package &package = packages_[index];
            if (package.members.count("preinst") == 0) continue;
            run_preinst(package, dpkg_package->version());
        }
        if (std::ranges::any_of(order, is_base_passwd))
            dpkg({"--force-depends", "--no-triggers", "--configure", "base-passwd"});
    }

    void run_preinst(const Package &package, const std::string &dpkg_version) const {
        // dpkg runs it here, beside the other control files; debconf's confmodule looks for them to learn whose script
        // it serves.
        const std::filesystem::path place = "/var/lib/dpkg/tmp.ci";
        std::filesystem::create_directory(place);
        write_file(place / "control", package.control.text());
        for (const auto &[name, member] : package.members) write_file(place / name, member.content, member.mode & 0777);
        const auto result =
            programs().run({place / "preinst", "install"}, {{"DPKG_ADMINDIR", "/var/lib/dpkg"},
                                                            {"DPKG_MAINTSCRIPT_ARCH", package.architecture()},
                                                            {"DPKG_MAINTSCRIPT_DEBUG", "0"},
                                                            {"DPKG_MAINTSCRIPT_NAME", "preinst"},
                                                            {"DPKG_MAINTSCRIPT_PACKAGE", package.name()},
                                                            {"DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT", "1"},
                                                            {"DPKG_ROOT", ""},
                                                            {"DPKG_RUNNING_VERSION", dpkg_version}});
        remove_tree(place);
        if (!result.success)
            fail(Blame::build, "package {}: its pre-installation script ended with {}; last output: {}", package.name(),
                 result.how, joined(result.lines, 3));
    }

    void answer_questions() const {
        // Through a file, since the programs' standard input is empty.
        const std::string file = "/tmp/osb-deb/answers";
        std::string text;
        for (const std::string &answer : what_.answers) text += answer + "\n";
        write_file(file, text, 0600);
        const auto result = programs().run({"/usr/bin/debconf-set-selections", file});
        if (!result.success) fail(Blame::build, "the answers for debconf: {}", joined(result.lines, 3));
    }

    void install_rest(const PackageGraph &graph, const std::set<size_t> &rest) const {
        if (rest.empty()) return;
        std::set<size_t> configured;
        for (const PackageGraph::Group &group : graph.groups(rest)) {
            std::vector<std::string> needs = {"--no-triggers", "--configure"};
            for (const size_t index : group.needs)
                if (configured.insert(index).second) needs.push_back(packages_[index].key());
            if (needs.size() > 2) dpkg(needs);
            std::vector<std::string> members = {"--no-triggers", "--unpack"};
            for (const size_t index : group.members)
                members.push_back(std::string(chroot_archives) + "/" + archive_name(packages_[index]));
            dpkg(members);
        }
        dpkg({"--configure", "-a"});
    }

    /// dpkg's own view in the end: every package of the set, and no other left half-way.
    void check_status() const {
        std::map<std::pair<std::string, std::string>, std::string> states;
        for (const Paragraph &paragraph : parse_deb822(tree_.read_file(status_path)))
            states[{paragraph.get("Package"), paragraph.get("Architecture")}] = paragraph.get("Status");
        for (const Package &package : packages_) {
            const auto state = states.find({package.name(), package.architecture()});
            if (state == states.end()) fail(Blame::build, "package {} did not get installed", package.name());
            if (state->second != "install ok installed")
                fail(Blame::build, "package {} is left in the state \"{}\"", package.name(), state->second);
        }
    }

    /// apt's memory of what may go when nothing needs it any more.
    void mark_automatic() const {
        if (what_.automatic.empty()) return;
        const TreePath states("var/lib/apt/extended_states");
        std::map<std::pair<std::string, std::string>, Paragraph> known;
        for (Paragraph &paragraph : parse_deb822(tree_.read_file_if_exists(states).value_or("")))
            known[{paragraph.get("Package"), paragraph.get("Architecture")}] = std::move(paragraph);
        const std::string native = native_architecture();
        for (const Package &package : packages_) {
            if (what_.automatic.count(package.archive) == 0) continue;
            const std::string architecture = package.architecture() == "all" ? native : package.architecture();
            Paragraph paragraph;
            paragraph.set("Package", package.name());
            paragraph.set("Architecture", architecture);
            paragraph.set("Auto-Installed", "1");
            known[{package.name(), architecture}] = std::move(paragraph);
        }
        std::string text;
        for (const auto &[key, paragraph] : known) text += paragraph.text() + "\n";
        tree_.make_dirs(states.parent());
        tree_.write_file(states, text);
    }

    std::string native_architecture() const {
        for (const Paragraph &paragraph : parse_deb822(tree_.read_file(status_path)))
            if (paragraph.get("Package") == "dpkg") return paragraph.get("Architecture");
        return "all";
    }

    const Dir &tree_;
    const Installation &what_;
    std::vector<Package> packages_;
    EpochSeconds epoch_ = 0;
};

}  // namespace

void install(const Dir &tree, const Installation &what) {
    Installer(tree, what).run();
}

}  // namespace osb::stages
