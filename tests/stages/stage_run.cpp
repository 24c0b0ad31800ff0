// SPDX-License-Identifier: Apache-2.0
#include "tests/stages/stage_run.hpp"

#include <cstdlib>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "lib/base/clock.hpp"
#include "lib/base/dir.hpp"
#include "lib/base/fd.hpp"
#include "lib/base/sha256.hpp"
#include "lib/base/tree_walk.hpp"

namespace osb::test {
namespace {

namespace fs = std::filesystem;

constexpr long long epoch = 1'600'000'000;

std::string escaped(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        if (c == '\n')
            shown += "\\n";
        else if (c >= 0x20 && c < 0x7f)
            shown += c;
        else
            shown += format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return shown;
}

std::string content(const TreeEntry &entry) {
    const std::string text = read_all(entry.open(), entry.path);
    return text.size() > 4096 ? "sha256:" + Sha256::of(text).hex() : escaped(text);
}

}  // namespace

StageRun::StageRun() : root_(scratch_ / "root"), run_(root_ / "run/osbuild") {
    for (const char *name : {"tree", "inputs", "mounts", "api", "bin"}) fs::create_directories(run_ / name);
    for (const char *name : {"tmp", "outside"}) fs::create_directory(root_ / name);
    write_file(run_ / "meta", "", 0600);
    root_mount_.emplace(Mount::bind(root_).attach(root_));
    fs::create_directory(root_ / "proc");
    proc_.emplace(Mount::bind("/proc", Recursion::single).attach(root_ / "proc"));
    fs::create_directory(root_ / "dev");
    write_file(root_ / "dev/null", "");
    null_.emplace(Mount::bind("/dev/null").attach(root_ / "dev/null"));
}

fs::path StageRun::add_input(const std::string &name, Json data) {
    inputs_[name] = {{"path", "/run/osbuild/inputs/" + name}};
    if (!data.is_null()) inputs_[name]["data"] = std::move(data);
    fs::create_directories(run_ / "inputs" / name);
    return run_ / "inputs" / name;
}

fs::path StageRun::add_mount(const std::string &name) {
    mounts_[name] = {{"path", "/run/osbuild/mounts/" + name}};
    fs::create_directories(run_ / "mounts" / name);
    return run_ / "mounts" / name;
}

void StageRun::prepare(const std::string &script) const {
    const Captured captured = run_captured({.argv = {"/bin/sh", "-ec", script}, .cwd = tree()});
    EXPECT_TRUE(captured.status.success()) << captured.err;
}

void StageRun::add_xattrs(const fs::path &file) {
    constexpr std::string_view note = "hello";
    EXPECT_EQ(::setxattr(file.c_str(), "user.note", note.data(), note.size(), 0), 0);
    // struct vfs_cap_data, revision 2, effective: CAP_NET_RAW
    constexpr unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
    EXPECT_EQ(::setxattr(file.c_str(), "security.capability", capability, sizeof capability, 0), 0);
}

void StageRun::install_program(const std::string &program, const fs::path &into) const {
    const Captured captured = run_captured({.argv = {"/bin/sh", "-ec",
                                                     "for f in \"$1\" $(ldd \"$1\" | grep -o '/[^ ]*'); do mkdir -p "
                                                     "\"$2/${f%/*}\"; cp -L \"$f\" \"$2/$f\"; done",
                                                     "sh", program, into}});
    EXPECT_TRUE(captured.status.success()) << captured.err;
}

void StageRun::write_arguments(std::string_view options) const {
    const Json document = {
        {"tree", "/run/osbuild/tree"},
        {"paths", {{"devices", "/dev"}, {"inputs", "/run/osbuild/inputs"}, {"mounts", "/run/osbuild/mounts"}}},
        {"devices", Json::object()},
        {"inputs", inputs_},
        {"mounts", mounts_},
        {"options", parse_json(options)},
        {"meta", {{"id", std::string(64, 'a')}, {"source-epoch", epoch}}}};
    write_file(run_ / "api/arguments", to_text(document, python_style));
}

Captured StageRun::native(const std::string &module, std::string_view options) {
    write_arguments(options);
    const fs::path program = run_ / "bin" / module;
    if (!fs::exists(program)) fs::copy_file(fs::path(OSB_TEST_BUILD) / "libexec/osb/osb-module", program);
    return run_captured(
        {.argv = {"/usr/sbin/chroot", root_, "/run/osbuild/bin/" + module},
         .env = std::vector<std::string>{"PATH=/usr/sbin:/usr/bin", format("SOURCE_DATE_EPOCH={}", epoch)}});
}

Captured StageRun::osbuilds(const std::string &module, std::string_view options) {
    write_arguments(options);
    const AttachedMount run = Mount::bind(root_ / "run").attach("/run");
    return run_captured({.argv = {*osbuild_libdir() / "stages" / module},
                         .env = std::vector<std::string>{
                             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE=1", "LC_CTYPE=C.UTF-8",
                             format("SOURCE_DATE_EPOCH={}", epoch), "PYTHONPATH=" + osbuild_libdir()->native()}});
}

std::string StageRun::list(const fs::path &top, Times times) {
    std::string text;
    const Dir directory = Dir::open(top);
    walk_tree(directory.fd(), [&](const TreeEntry &entry) {
        const auto &status = entry.status;
        text += format("{:06o} {}:{} /{}", status.st_mode, status.st_uid, status.st_gid, entry.path);
        if (entry.is_symlink()) text += " -> " + entry.link_target();
        if (entry.is_regular()) text += " = " + content(entry);
        if (entry.is_device()) text += format(" {}:{}", major(status.st_rdev), minor(status.st_rdev));
        if (entry.is_regular() && status.st_nlink > 1) text += format(" ({} names)", status.st_nlink);
        for (const auto &[name, value] : read_xattrs(entry)) text += format(" [{}={}]", name, escaped(value));
        if (times == Times::shown && now() - status.st_mtim.tv_sec > 86400)
            text += format(" at {}.{:09}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
        text += "\n";
    });
    return text;
}

std::optional<fs::path> osbuild_libdir() {
    const char *directory = std::getenv("OSB_OSBUILD_LIBDIR");
    return directory == nullptr ? std::nullopt : std::optional<fs::path>(directory);
}

}  // namespace osb::test
