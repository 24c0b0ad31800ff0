// SPDX-License-Identifier: Apache-2.0
#include "oci/image.hpp"

#include "tests/support.hpp"

namespace osb::oci {
namespace {

ImageSettings settings_of(const std::vector<std::string> &assignments) {
    ImageSettings settings;
    for (const std::string &assignment : assignments) apply_setting(settings, assignment);
    return settings;
}

Layer layer() {
    return {.blob = {.media_type = layer_media_type(Compression::gzip), .digest = Sha256::of("stored"), .size = 6},
            .diff_id = Sha256::of("plain"),
            .created_by = "osb: pipeline os"};
}

const std::vector<std::string> everything{"architecture=arm64",
                                          "variant=v8",
                                          "os=linux",
                                          "author=Somebody <s@example.org>",
                                          "created=2026-01-31T12:00:00Z",
                                          "user=1000:1000",
                                          "workdir=/srv",
                                          "stopsignal=SIGQUIT",
                                          "env=PATH=/usr/bin:/bin",
                                          "Env=LANG=C.UTF-8",
                                          "ENV=LANG=de_DE.UTF-8",
                                          R"(env=["A=1", "B=x=y"])",
                                          R"(entrypoint=["/bin/sh", "-c", "echo \"a b\""])",
                                          "cmd=nginx -g daemon",
                                          "port=80",
                                          "exposedports=53/udp",
                                          R"(port=["443", "8080/tcp"])",
                                          "volume=/var/lib/x",
                                          "label=a=b",
                                          R"(labels={"org.x": "y=z", "c": ""})",
                                          "annotation=org.opencontainers.image.title=Test"};

TEST(ImageDocuments, HaveExactlyThisText) {
    const ImageSettings settings = settings_of(everything);
    const std::vector<Layer> layers{layer(), layer()};
    const std::string config = image_config(settings, layers);
    const Descriptor to_config{.media_type = config_media_type, .digest = Sha256::of(config), .size = config.size()};
    const std::string manifest = image_manifest(settings, to_config, layers);
    const Descriptor to_manifest{
        .media_type = manifest_media_type, .digest = Sha256::of(manifest), .size = manifest.size()};
    osb::test::expect_golden("oci/image.txt",
                             config + "\n" + manifest + "\n" + add_to_index("", to_manifest, "v1", settings) + "\n");
}

TEST(ImageDocuments, WithoutSettingsHaveOnlyWhatTheyMust) {
    ImageSettings settings{.architecture = "amd64"};
    EXPECT_EQ(
        image_config(settings, {}),
        R"({"architecture":"amd64","config":{},"history":[],"os":"linux","rootfs":{"diff_ids":[],"type":"layers"}})");
    settings.architecture.clear();
    EXPECT_NE(image_config(settings, {}).find("\"architecture\":\"" + machine_architecture() + "\""),
              std::string::npos);
}

TEST(ImageIndex, ReplacesATagAndKeepsTheOthers) {
    const ImageSettings settings{.architecture = "amd64"};
    const auto image = [](std::string_view text) {
        return Descriptor{.media_type = manifest_media_type, .digest = Sha256::of(text), .size = text.size()};
    };
    const std::string a = add_to_index("", image("a"), "a", settings);
    const std::string none = add_to_index(a, image("none"), "", settings);
    const std::string ab = add_to_index(none, image("b"), "b", settings);
    EXPECT_EQ(add_to_index(ab, image("b"), "b", settings), ab);
    std::string expected = ab;
    for (const char *text : {"a", "none", "b"}) EXPECT_NE(ab.find(Sha256::of(text).hex()), std::string::npos) << text;
    const std::string moved = add_to_index(ab, image("c"), "a", settings);
    EXPECT_EQ(moved.find(Sha256::of("a").hex()), std::string::npos);
    EXPECT_NE(moved.find(Sha256::of("c").hex()), std::string::npos);
    const std::string untagged = add_to_index(moved, image("new none"), "", settings);
    EXPECT_EQ(untagged.find(Sha256::of("none").hex()), std::string::npos);
    EXPECT_NE(untagged.find(Sha256::of("b").hex()), std::string::npos);
}

TEST(ImageIndex, KeepsWhatItDoesNotKnow) {
    const std::string index =
        R"({"annotations":{"x":"y"},"manifests":[{"artifactType":"z","digest":"sha256:0","mediaType":"m","size":1,)"
        R"("annotations":{"org.opencontainers.image.ref.name":"old"}}],"schemaVersion":2})";
    const std::string added =
        add_to_index(index, {.media_type = manifest_media_type}, "new", {.architecture = "amd64"});
    EXPECT_NE(added.find(R"("annotations":{"x":"y"})"), std::string::npos);
    EXPECT_NE(added.find(R"("artifactType":"z")"), std::string::npos);
    EXPECT_EQ(osb::test::error_of([] { add_to_index("[]", {}, "x", {}); }),
              "image index: schemaVersion 2 with a list of manifests was expected");
    EXPECT_EQ(osb::test::error_of([] { add_to_index("{", {}, "x", {}); }),
              "image index: line 1, column 2: the text ends in the middle of a value");
}

TEST(ImageSettings, CommandsAreListsOrWordsAndEmptyTakesThemBack) {
    EXPECT_EQ(settings_of({"entrypoint=/bin/x"}).entrypoint, (std::vector<std::string>{"/bin/x"}));
    EXPECT_EQ(settings_of({"cmd=a  b "}).cmd, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(settings_of({"cmd=[\"a b\"]"}).cmd, (std::vector<std::string>{"a b"}));
    EXPECT_EQ(settings_of({"cmd=a", "cmd="}).cmd, std::nullopt);
    EXPECT_EQ(settings_of({"created=0"}).created, 0);
}

TEST(ImageSettings, RefuseInOneSentence) {
    std::string sentences;
    for (const char *text : {"entrypoint",
                             "",
                             "=x",
                             "colour=red",
                             "entrypoint=[1]",
                             "cmd=[\"a\"",
                             "cmd={\"a\": 1}",
                             "cmd=sh -c 'a b'",
                             "env=PATH",
                             "env==x",
                             "label=x",
                             "labels={\"a\": 1}",
                             "port=http",
                             "port=0",
                             "port=65536",
                             "port=80/icmp",
                             "port=",
                             "volume=data",
                             "workdir=srv",
                             "stopsignal=kill",
                             "stopsignal=",
                             "architecture=",
                             "created=yesterday",
                             "created=2026-02-30T00:00:00Z",
                             "created=-1"}) {
        ImageSettings settings;
        const Error error = osb::test::thrown_by([&] { apply_setting(settings, text); });
        EXPECT_EQ(error.blame(), Blame::usage) << text;
        sentences += format("{}\n", error.what());
    }
    osb::test::expect_golden("oci/settings.txt", sentences);
}

}  // namespace
}  // namespace osb::oci
