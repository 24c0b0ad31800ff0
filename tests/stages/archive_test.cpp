// SPDX-License-Identifier: Apache-2.0
#include "tests/stages/stage_run.hpp"

namespace osb {
namespace {

namespace fs = std::filesystem;
using test::StageRun;

constexpr const char *sample =
    "mkdir -p a/b 'sp ace'; echo 1 > a/f; chmod 4755 a/f; chown 7:8 a/b; ln a/f a/g; ln -s ../x a/l; mkfifo a/p; mknod "
    "a/n c 1 3; "
    "n=$(printf '%0120d' 1); mkdir $n; echo long > $n/$n; chmod 1777 a/b; find . "
    "-exec touch -h -d 2001-02-03T04:05:06Z {} +";

void fill(const fs::path &directory) {
    const Captured captured = run_captured({.argv = {"/bin/sh", "-ec", sample}, .cwd = directory});
    EXPECT_TRUE(captured.status.success()) << captured.err;
    StageRun::add_xattrs(directory / "a/f");
}

/// What GNU tar makes of the archive.
std::string unpacked(const fs::path &archive) {
    const test::Scratch scratch;
    test::run({"/bin/tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", archive, "-C", scratch.path()});
    return StageRun::list(scratch.path(), StageRun::Times::shown);
}

std::string without_root(std::string listing) {
    return listing.substr(listing.find('\n') + 1);
}

class Tar : public ::testing::TestWithParam<const char *> {};

TEST_P(Tar, KeepsTheWholeTree) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    const fs::path tree = run.add_input("tree");
    fill(tree);
    const std::string name = GetParam();
    const Captured captured = run.native("org.osbuild.tar", R"({"filename": "/out)" + name + R"("})");
    ASSERT_TRUE(captured.status.success()) << captured.err;
    EXPECT_EQ(unpacked(run.tree() / ("out" + name)), StageRun::list(tree, StageRun::Times::shown));
}

INSTANTIATE_TEST_SUITE_P(Suffixes, Tar, ::testing::Values(".tar", ".tar.gz", ".tar.zst", ".tar.xz", ".tbz2"),
                         [](const auto &one) { return std::string("No") + std::to_string(one.index); });

TEST(TarModule, NamesEntriesAsAsked) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    fill(run.add_input("tree"));
    const auto names = [&](const std::string &options) {
        const Captured captured = run.native("org.osbuild.tar", R"({"filename": "o.tar", )" + options + "}");
        EXPECT_TRUE(captured.status.success()) << captured.err;
        return test::run({"/bin/tar", "-tf", run.tree() / "o.tar"});
    };
    EXPECT_TRUE(names(R"("root-node": "include")").starts_with("./\n./"));
    EXPECT_EQ(names(R"("paths": ["sp ace", "a/f"])"), "sp ace/\na/f\n");
    EXPECT_EQ(names(R"("paths": ["a"], "transform": "s,^a,new/&,;s/f$/F/S")"),
              "new/a/\nnew/a/b/\nnew/a/F\nnew/a/g\nnew/a/l\nnew/a/n\nnew/a/p\n");
    EXPECT_EQ(run.native("org.osbuild.tar", R"({"filename": "o.tar", "paths": ["none"]})").err,
              "there is no /none in the input tree\n");
    EXPECT_EQ(run.native("org.osbuild.tar", R"({"filename": "o.lz"})").err,
              "a file named .lz would be compressed in a way this module does not know\n");
    EXPECT_EQ(run.native("org.osbuild.tar",
                         R"({"filename": "o", "format": "ustar", "xattrs": false, "acls": false, "selinux": false})")
                  .status.code,
              1);
    EXPECT_TRUE(run.native("org.osbuild.tar",
                           R"({"filename": "o", "format": "gnu", "xattrs": false, "acls": false, "selinux": false})")
                    .status.success());
    EXPECT_EQ(unpacked(run.tree() / "o").find("user.note"), std::string::npos);
}

TEST(OciArchive, HasALayerForEachInputInNumericOrder) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    fill(run.add_input("base"));
    write_file(run.add_input("layer.10") / "who", "ten");
    write_file(run.add_input("layer.2") / "who", "two");
    const Captured captured = run.native(
        "org.osbuild.oci-archive",
        R"({"filename": "image.tar", "architecture": "amd64", "config": {"Cmd": ["run"], "Labels": {"a": "b"}, "ExposedPorts": ["80"]}, "annotations": {"x": "y"}})");
    ASSERT_TRUE(captured.status.success()) << captured.err;
    const test::Scratch scratch;
    test::run({"/bin/tar", "-xf", run.tree() / "image.tar", "-C", scratch.path()});
    const auto blob = [&](const Json &descriptor) {
        return scratch / ("blobs/sha256/" + descriptor["digest"].get<std::string>().substr(7));
    };
    const Json index = parse_json(read_file(scratch / "index.json"));
    const Json manifest = parse_json(read_file(blob(index["manifests"][0])));
    const Json config = parse_json(read_file(blob(manifest["config"])));
    EXPECT_EQ(manifest["layers"].size(), 3U);
    EXPECT_EQ(manifest["annotations"]["x"], "y");
    EXPECT_EQ(config["rootfs"]["diff_ids"].size(), 3U);
    EXPECT_EQ(config["created"], "2020-09-13T12:26:40Z");
    EXPECT_EQ(
        to_text(config["config"], compact_style),
        R"({"Cmd":["run"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"ExposedPorts":{"80":{}},"Labels":{"a":"b"}})");
    EXPECT_EQ(without_root(unpacked(blob(manifest["layers"][0]))),
              without_root(StageRun::list(run.add_input("base"), StageRun::Times::shown)));
    EXPECT_NE(unpacked(blob(manifest["layers"][2])).find("= ten"), std::string::npos);
}

TEST(Untar, UnpacksWithAllMetadata) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    const test::Scratch source;
    fill(source.path());
    const fs::path input = run.add_input("tar", {{"files", {{"sha256:1", Json::object()}}}});
    test::run({"/bin/tar", "--xattrs", "--numeric-owner", "-czf", input / "sha256:1", "-C", source.path(), "."});
    const Captured captured = run.native("org.osb.untar", "{}");
    ASSERT_TRUE(captured.status.success()) << captured.err;
    EXPECT_EQ(without_root(run.listing(StageRun::Times::shown)),
              without_root(StageRun::list(source.path(), StageRun::Times::shown)));
    EXPECT_TRUE(run.native("org.osb.untar", R"({"path": "/deep/er", "strip-components": 1})").status.success());
    EXPECT_TRUE(fs::exists(run.tree() / "deep/er/f"));
}

TEST(Untar, RefusesNamesThatLeaveTheTree) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    const test::Scratch source;
    write_file(source / "evil", "x");
    const fs::path input = run.add_input("tar", {{"files", {{"t", Json::object()}}}});
    test::run(
        {"/bin/tar", "-cPf", input / "t", "--transform", "s,.*,../../../outside/evil,", "-C", source.path(), "evil"});
    EXPECT_EQ(run.native("org.osb.untar", "{}").status.code, 1);
    EXPECT_TRUE(fs::is_empty(run.outside()));
    EXPECT_EQ(run.native("org.osb.untar", R"({"path": "/a/../../../../outside"})").status.code, 1);
    EXPECT_TRUE(fs::is_empty(run.outside()));
}

TEST(Script, RunsBesideTheTreeAndInIt) {
    OSB_NEEDS(test::is_privileged(), "root");
    StageRun run;
    run.install_program("/bin/sh", run.build_tree());
    run.install_program("/bin/sh", run.tree());
    const Captured beside = run.native(
        "org.osb.script",
        R"({"interpreter": ["/bin/sh", "-eu"], "script": "echo \"$1 $NAME $SOURCE_DATE_EPOCH\" > $OSB_TREE/made", "args": ["one"], "env": {"NAME": "two"}})");
    EXPECT_TRUE(beside.status.success()) << beside.err;
    EXPECT_EQ(read_file(run.tree() / "made"), "one two 1600000000\n");
    const Captured inside = run.native(
        "org.osb.script",
        R"({"interpreter": "/bin/sh", "script": "echo $1 > /inside; echo hello", "args": ["x"], "chroot": true})");
    EXPECT_TRUE(inside.status.success()) << inside.err;
    EXPECT_NE(inside.out.find("hello\n"), std::string::npos);
    EXPECT_EQ(read_file(run.tree() / "inside"), "x\n");
    EXPECT_FALSE(fs::exists(run.tree() / "proc"));
    EXPECT_EQ(run.native("org.osb.script", R"({"interpreter": "/bin/sh", "script": "exit 7"})").err,
              "the script ended with exit code 7\n");
    EXPECT_EQ(run.native("org.osb.script", R"({"interpreter": "/bin/sh", "script": "exit 7", "chroot": true})").err,
              "the script ended with exit code 7\n");
    EXPECT_EQ(run.native("org.osb.script", R"({"interpreter": "/bin/none", "script": ""})").err,
              "start /bin/none: No such file or directory\n");
    EXPECT_TRUE(fs::is_empty(run.build_tree() / "tmp"));
}

}  // namespace
}  // namespace osb
