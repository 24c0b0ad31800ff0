// SPDX-License-Identifier: Apache-2.0
#include "oci/export.hpp"

#include <algorithm>
#include <unistd.h>

#include "lib/base/dir.hpp"
#include "oci/tar_unpack.hpp"
#include "tests/oci/tree_maker.hpp"
#include "tests/support.hpp"

namespace osb::oci {
namespace {

namespace fs = std::filesystem;
using osb::test::run;
using osb::test::Scratch;

fs::path make_dir(const fs::path &path) {
    fs::create_directories(path);
    return path;
}

std::vector<LayerSource> layers_of(const std::vector<fs::path> &roots) {
    std::vector<LayerSource> layers;
    for (const fs::path &root : roots)
        layers.push_back({.root = test::open_root(root), .created_by = "osb: " + root.filename().native()});
    return layers;
}

const ImageSettings amd64{
    .architecture = "amd64", .created = 1'700'000'000, .env = {"A=b"}, .cmd = std::vector<std::string>{"/hello"}};

std::vector<std::string> names_in(const fs::path &directory) {
    return Dir::open(directory).names();
}

/// A tree that runs: /hello is a static program that prints "hello from osb".
void make_runnable_tree(const fs::path &root) {
    make_dir(root);
    write_file(root / "../hello.c",
               "#include <unistd.h>\nint main(void) { return write(1, \"hello from osb\\n\", 15) != 15; }\n");
    run({"cc", "-static", "-Os", "-o", root / "hello", root / "../hello.c"});
    for (const char *name : {"proc", "dev", "sys", "etc", "run", "tmp"}) make_dir(root / name);
}

TEST(ExportTar, IsCompressedAsItsNameSays) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    Scratch scratch;
    test::make_rich_tree(make_dir(scratch / "a"));
    const Fd root = test::open_root(scratch / "a");
    for (const char *name : {"x.tar", "x.tar.gz", "x.tgz", "x.tar.zst"}) {
        const auto target = std::get<TarTarget>(parse_target("tar:" + (scratch / name).native()));
        const ExportedTar exported = export_tar(root, target);
        const std::string bytes = read_file(scratch / name);
        EXPECT_EQ(exported.size, bytes.size());
        EXPECT_EQ(exported.digest, Sha256::of(bytes));
        unpack_tar(scratch / name, Dir::open(make_dir(scratch / "b")));
        EXPECT_EQ(test::describe(scratch / "b"), test::describe(scratch / "a")) << name;
        remove_tree(scratch / "b");
    }
    EXPECT_EQ(names_in(scratch.path()), (std::vector<std::string>{"a", "x.tar", "x.tar.gz", "x.tar.zst", "x.tgz"}));
}

TEST(ExportTar, LeavesTheOldFileWhenItFails) {
    Scratch scratch;
    make_dir(scratch / "a");
    write_file(scratch / "a/file", std::string(5 << 20, 'x'));
    write_file(scratch / "x.tar", "old");
    const ExportOptions stopped{.progress = [](std::uint64_t) { throw Error("enough"); }};
    EXPECT_EQ(
        osb::test::error_of([&] { export_tar(test::open_root(scratch / "a"), {.path = scratch / "x.tar"}, stopped); }),
        "enough");
    EXPECT_EQ(read_file(scratch / "x.tar"), "old");
    EXPECT_EQ(names_in(scratch.path()), (std::vector<std::string>{"a", "x.tar"}));
    EXPECT_EQ(osb::test::error_of([&] { export_tar(test::open_root(scratch / "a"), {.path = scratch / "a"}); }),
              (scratch / "a").native() + ": is a directory, where a file is to be written");
}

TEST(ExportImage, BytesDependOnTreeAndSettingsAlone) {
    OSB_NEEDS(osb::test::is_privileged(), "root");
    Scratch scratch;
    test::make_rich_tree(make_dir(scratch / "one/a"), test::Order::forwards);
    test::make_rich_tree(make_dir(scratch / "two/a"), test::Order::backwards);
    for (const char *run : {"one", "two"}) {
        const ExportOptions options{.threads = run == std::string_view("one") ? 1U : 4U, .clamp_mtime = 1'600'000'000};
        export_image(layers_of({scratch / run / "a"}), ArchiveTarget{.path = scratch / run / "x.oci", .tag = "v1"},
                     amd64, options);
        export_image(layers_of({scratch / run / "a"}), LayoutTarget{.path = scratch / run / "layout", .tag = "v1"},
                     amd64, options);
    }
    EXPECT_TRUE(read_file(scratch / "one/x.oci") == read_file(scratch / "two/x.oci"));
    run({"diff", "-r", scratch / "one/layout", scratch / "two/layout"});
    run({"tar", "-C", make_dir(scratch / "three"), "-xf", scratch / "one/x.oci"});
    run({"diff", "-r", scratch / "one/layout", scratch / "three"});
}

TEST(ExportImage, DescriptorsPointToWhatIsThere) {
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "x");
    for (const Compression compression : {Compression::none, Compression::gzip, Compression::zstd}) {
        const ExportedImage image = export_image(layers_of({scratch / "a"}), LayoutTarget{.path = scratch / "layout"},
                                                 amd64, {.compression = compression});
        for (const Descriptor &blob : {image.manifest, image.config, image.layers.at(0).blob}) {
            const std::string bytes = read_file(scratch / "layout/blobs/sha256" / blob.digest.hex());
            EXPECT_EQ(Sha256::of(bytes), blob.digest);
            EXPECT_EQ(bytes.size(), blob.size);
        }
        EXPECT_EQ(image.layers.at(0).blob.media_type, layer_media_type(compression));
    }
}

TEST(ExportImage, AddsToALayoutAndKeepsItsTags) {
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "a");
    write_file(make_dir(scratch / "b") / "file", "b");
    const auto export_as = [&](const char *tree, const char *tag) {
        return export_image(layers_of({scratch / tree}), LayoutTarget{.path = scratch / "layout", .tag = tag}, amd64)
            .manifest.digest_text();
    };
    const auto digest_of = [&](const char *tag) {
        const std::string text =
            run({"skopeo", "inspect", "--format", "{{.Digest}}", "oci:" + (scratch / "layout").native() + ":" + tag});
        return text.substr(0, text.find('\n'));
    };
    OSB_NEEDS(find_program("skopeo"), "skopeo");
    const std::string first = export_as("a", "one");
    const std::string second = export_as("b", "two");
    EXPECT_EQ(digest_of("one"), first);
    EXPECT_EQ(digest_of("two"), second);
    EXPECT_EQ(export_as("b", "one"), second);
    EXPECT_EQ(digest_of("one"), second);
    EXPECT_EQ(digest_of("two"), second);
    EXPECT_EQ(names_in(scratch / "layout"), (std::vector<std::string>{"blobs", "index.json", "oci-layout"}));
}

TEST(ExportImage, AFailureTakesBackWhatItBrought) {
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "a");
    write_file(make_dir(scratch / "bad") / ".wh.file", "");
    const std::string sentence =
        "/.wh.file: a name that begins with .wh. means a removal in an image layer and cannot be put in one";
    const LayoutTarget layout{.path = scratch / "layout", .tag = "x"};
    EXPECT_EQ(osb::test::error_of([&] {
                  export_image(layers_of({scratch / "a", scratch / "bad"}), layout, amd64);
              }),
              sentence);
    EXPECT_EQ(names_in(scratch.path()), (std::vector<std::string>{"a", "bad"}));
    make_dir(scratch / "layout");
    EXPECT_EQ(osb::test::error_of([&] {
                  export_image(layers_of({scratch / "a", scratch / "bad"}), layout, amd64);
              }),
              sentence);
    EXPECT_TRUE(fs::is_empty(scratch / "layout"));
    export_image(layers_of({scratch / "a"}), layout, amd64);
    const std::string before = test::describe(scratch / "layout", test::Times::ignored);
    write_file(scratch / "a/file", "changed");
    EXPECT_EQ(osb::test::error_of([&] {
                  export_image(layers_of({scratch / "a", scratch / "bad"}), layout, amd64);
              }),
              sentence);
    EXPECT_EQ(test::describe(scratch / "layout", test::Times::ignored), before);
    const ArchiveTarget archive{.path = scratch / "x.oci"};
    EXPECT_EQ(osb::test::error_of([&] { export_image(layers_of({scratch / "bad"}), archive, amd64); }), sentence);
    EXPECT_EQ(names_in(scratch.path()), (std::vector<std::string>{"a", "bad", "layout"}));
}

TEST(ExportImage, TidiesUpAfterAKilledRun) {
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "a");
    write_file(make_dir(scratch / "layout") / "oci-layout",
               oci_layout_text);  // all that is there before the first blob
    write_file(scratch / "layout/.new-abcdef", "half a blob");
    export_image(layers_of({scratch / "a"}), LayoutTarget{.path = scratch / "layout", .tag = "x"}, amd64);
    EXPECT_EQ(names_in(scratch / "layout"), (std::vector<std::string>{"blobs", "index.json", "oci-layout"}));
}

TEST(ExportImage, RefusesADirectoryThatIsSomethingElse) {
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "a");
    const auto sentence = [&](const char *name) {
        return osb::test::error_of(
                   [&] { export_image(layers_of({scratch / "a"}), LayoutTarget{.path = scratch / name}, amd64); })
            .substr(scratch.path().native().size());
    };
    EXPECT_EQ(sentence("a"), "/a: is not empty and no OCI image layout; osb would mix its files with others");
    EXPECT_EQ(names_in(scratch / "a"), (std::vector<std::string>{"file"}));
    write_file(make_dir(scratch / "future") / "oci-layout", R"({"imageLayoutVersion":"2.0.0"})");
    EXPECT_EQ(sentence("future"), "/future: an image layout of a version osb does not know");
    write_file(scratch / "future/oci-layout", std::string(oci_layout_text));
    write_file(scratch / "future/index.json", "[]");
    EXPECT_EQ(sentence("future"), "/future: image index: schemaVersion 2 with a list of manifests was expected");
}

TEST(ExportImage, TheSameLayerTwiceIsStoredOnce) {
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "a");
    export_image(layers_of({scratch / "a", scratch / "a"}), ArchiveTarget{.path = scratch / "x.oci"}, amd64);
    const std::string listed = run({"tar", "-tf", scratch / "x.oci"});
    EXPECT_EQ(std::ranges::count(listed, '\n'), 3 + 3 + 1) << listed;
}

TEST(ExportImage, SkopeoShowsTheSettings) {
    OSB_NEEDS(find_program("skopeo"), "skopeo");
    Scratch scratch;
    write_file(make_dir(scratch / "a") / "file", "a");
    ImageSettings settings = amd64;
    settings.labels["key"] = "value";
    export_image(layers_of({scratch / "a"}), ArchiveTarget{.path = scratch / "x.oci", .tag = "v1"}, settings);
    const std::string shown = run({"skopeo", "inspect", "oci-archive:" + (scratch / "x.oci").native() + ":v1"});
    for (const char *part :
         {R"("Created": "2023-11-14T22:13:20Z")", R"("key": "value")", R"("Architecture": "amd64")", "A=b"})
        EXPECT_NE(shown.find(part), std::string::npos) << part << " in " << shown;
}

TEST(ExportImage, UmociUnpacksTheSameTree) {
    OSB_NEEDS(osb::test::is_privileged() && find_program("umoci"), "root and umoci");
    Scratch scratch;
    test::make_rich_tree(make_dir(scratch / "a"));
    fs::remove(scratch / "a/xattr");  // umoci 0.4 does not undo GNU tar's escape of '=' in keys
    for (const Compression compression : {Compression::gzip, Compression::none}) {
        const LayoutTarget layout{.path = scratch / name_of(compression), .tag = "v1"};
        export_image(layers_of({scratch / "a"}), layout, amd64, {.compression = compression});
        const fs::path bundle = scratch / (std::string("bundle-") + name_of(compression));
        run({"umoci", "unpack", "--image", layout.path.native() + ":v1", bundle});
        EXPECT_EQ(test::describe(bundle / "rootfs", test::Times::whole_seconds),
                  test::describe(scratch / "a", test::Times::whole_seconds));
    }
}

// The limits are given because podman's own defaults may be beyond what this machine lets root set.
TEST(ExportImage, PodmanRunsIt) {
    OSB_NEEDS(osb::test::is_privileged() && find_program("podman"), "root and podman");
    Scratch scratch;
    make_runnable_tree(scratch / "a");
    for (const Compression compression : {Compression::gzip, Compression::zstd}) {
        export_image(layers_of({scratch / "a"}), ArchiveTarget{.path = scratch / "x.oci", .tag = "v1"}, amd64,
                     {.compression = compression});
        const Captured podman = run_captured({.argv = {"podman",
                                                       "--root",
                                                       scratch / "storage",
                                                       "--runroot",
                                                       scratch / "run",
                                                       "--storage-driver",
                                                       "vfs",
                                                       "--cgroup-manager",
                                                       "cgroupfs",
                                                       "--events-backend",
                                                       "none",
                                                       "run",
                                                       "--rm",
                                                       "--network",
                                                       "none",
                                                       "--ulimit",
                                                       "nofile=1024:1024",
                                                       "--ulimit",
                                                       "nproc=1024:1024",
                                                       "oci-archive:" + (scratch / "x.oci").native()}});
        EXPECT_EQ(podman.out, "hello from osb\n") << name_of(compression) << podman.err;
    }
}

}  // namespace
}  // namespace osb::oci
