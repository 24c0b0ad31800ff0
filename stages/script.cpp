// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <map>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/base/fd.hpp"
#include "lib/base/process.hpp"
#include "stages/arguments.hpp"
#include "stages/deb_chroot.hpp"

namespace osb::stages {

int run_script(const Arguments &arguments);

namespace {

constexpr const char *script_name = "script";

/// The script as a file, for as long as it runs. A sandbox has a /tmp of its own, so the name can be one that always
/// reads the same in messages.
class ScriptFile {
public:
    explicit ScriptFile(std::string_view text) { write_file(path, text, 0755); }
    ScriptFile(const ScriptFile &) = delete;
    ScriptFile &operator=(const ScriptFile &) = delete;
    ~ScriptFile() { ::unlink(path); }

    static constexpr const char *path = "/tmp/osb-script";
};

/// The mount points that in_tree makes where the tree has none; taken away again, so that a script alone decides what
/// it leaves.
class MountPoints {
public:
    explicit MountPoints(const Dir &tree) : tree_(tree) {
        for (const char *name : {"proc", "sys", "dev", "tmp"})
            if (!tree.exists(TreePath(name))) missing_.emplace_back(name);
    }
    MountPoints(const MountPoints &) = delete;
    MountPoints &operator=(const MountPoints &) = delete;
    ~MountPoints() {
        for (const std::string &name : missing_) ::unlinkat(tree_.fd().get(), name.c_str(), AT_REMOVEDIR);
    }

private:
    const Dir &tree_;
    std::vector<std::string> missing_;
};

/// The program that reads the script, with its options.
std::vector<std::string> interpreter_of(const Json &options) {
    const Json *value = find_member(options, "interpreter");
    if (value == nullptr) fail(Blame::build, "the option interpreter is missing");
    std::vector<std::string> words =
        value->is_string() ? std::vector{value->get<std::string>()} : text_list(options, "interpreter");
    if (words.empty() || !words.front().starts_with('/'))
        fail(Blame::build, "the interpreter must be an absolute path");
    return words;
}

std::map<std::string, std::string> environment_of(const Arguments &arguments) {
    std::map<std::string, std::string> all;
    const Json *given = find_member(arguments.options(), "env");
    if (given != nullptr)
        for (const auto &[name, value] : given->items()) all[name] = text_option(*given, name);
    return all;
}

/// With the build tree's programs; $OSB_TREE is the tree.
int run_beside(const Arguments &arguments, std::vector<std::string> argv,
               std::map<std::string, std::string> environment) {
    environment.try_emplace("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    environment.try_emplace("LC_CTYPE", "C.UTF-8");
    environment.try_emplace("SOURCE_DATE_EPOCH", std::to_string(arguments.time()));
    environment["OSB_TREE"] = arguments.tree_path();
    environment["OSB_INPUTS"] = "/run/osbuild/inputs";
    std::vector<std::string> texts;
    for (const auto &[name, value] : environment) texts.push_back(name + "=" + value);
    const ExitStatus status = Process::spawn({.argv = std::move(argv), .env = texts, .cwd = "/"}).wait();
    if (status.success()) return 0;
    fail(Blame::build, "the script ended with {}", status.text());
}

}  // namespace

int run_script(const Arguments &arguments) {
    const Json &options = arguments.options();
    std::vector<std::string> argv = interpreter_of(options);
    const std::vector<std::string> args = text_list(options, "args");
    const ScriptFile file(text_option(options, "script"));
    if (!flag_option(options, "chroot", false)) {
        argv.emplace_back(ScriptFile::path);
        argv.insert(argv.end(), args.begin(), args.end());
        return run_beside(arguments, std::move(argv), environment_of(arguments));
    }
    argv.push_back(std::string(chroot_archives) + "/" + script_name);
    argv.insert(argv.end(), args.begin(), args.end());
    const Dir tree = arguments.tree();
    const MountPoints mount_points(tree);
    in_tree(tree, {{script_name, ScriptFile::path}}, [&] {
        const TreePrograms::Result result = TreePrograms(arguments.time()).run(argv, environment_of(arguments));
        if (!result.success) fail(Blame::build, "the script ended with {}", result.how);
    });
    return 0;
}

}  // namespace osb::stages
