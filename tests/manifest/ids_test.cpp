// SPDX-License-Identifier: Apache-2.0
#include "lib/manifest/ids.hpp"

#include <algorithm>

#include "tests/support.hpp"

namespace osb::manifest {
namespace {

// Ids that osbuild 191 printed.
TEST(StageId, IsOsbuilds) {
    const Stage noop{.type = "org.osbuild.noop"};
    EXPECT_EQ(id_of(noop), "beda46704765a47e6d4f44aff22168ae36866c9c0e6e11552b775b77776b2969");
    const Stage on_top{.type = "org.osbuild.error", .base = id_of(noop), .options = {{"returncode", 7}}};
    EXPECT_EQ(id_of(on_top), "96ab7b24cbc759112053cfc7da501dbbed730c750d68f2e2d7b4f6198ae74684");
}

TEST(StageId, CoversTheSourceEpochEvenIfItIsZero) {
    Stage mkfs{.type = "org.osbuild.mkfs.ext4", .options = {{"uuid", "6e4ff95f-f662-45ee-a82a-bdf44a2d0b75"}}};
    EXPECT_EQ(id_of(mkfs), "1bd27fa20a41ad978ff1634e9873dc00c5e495ddf888ba869b96baf52ed1fd02");
    mkfs.source_epoch = 0;
    EXPECT_EQ(id_of(mkfs), "d22d5c427e2f5abe81255bbba1484937b3de4b75f207c259c2311b61e18ac517");
    mkfs.source_epoch = 5;
    EXPECT_EQ(id_of(mkfs), "ec5fe39140cff03e058e22532bb6790b6a037ae2af76e77056cc3b52d3d8946d");
}

TEST(StageId, DoesNotCoverDevices) {
    Stage stage{.type = "org.osbuild.mkfs.ext4"};
    const std::string without = id_of(stage);
    stage.devices.push_back({.name = "device", .type = "org.osbuild.loopback", .options = {{"filename", "disk.img"}}});
    EXPECT_EQ(id_of(stage), without);
}

TEST(StageId, CoversNamesAndIdsOfInputsInAnyOrderButMountsInOrder) {
    Stage stage{.type = "org.osb.test"};
    stage.inputs = {{.name = "a", .id = "1"}, {.name = "b", .id = "2"}};
    stage.mounts = {{.name = "x", .id = "3"}, {.name = "y", .id = "4"}};
    const std::string id = id_of(stage);
    std::ranges::reverse(stage.inputs);
    EXPECT_EQ(id_of(stage), id);
    stage.inputs[0].name = "c";
    EXPECT_NE(id_of(stage), id);
    stage.inputs[0].name = "b";
    stage.mounts[0].name = "z";
    EXPECT_EQ(id_of(stage), id);
    std::ranges::reverse(stage.mounts);
    EXPECT_NE(id_of(stage), id);
}

TEST(InputId, DoesNotDependOnTheOrderOfReferences) {
    Input input{
        .name = "packages", .type = "org.osbuild.files", .references = {{.id = "sha256:b"}, {.id = "sha256:a"}}};
    const std::string id = id_of(input);
    std::ranges::reverse(input.references);
    EXPECT_EQ(id_of(input), id);
    input.name = "other";
    EXPECT_EQ(id_of(input), id);
    input.references[0].options = {{"metadata", Json::object()}};
    EXPECT_NE(id_of(input), id);
}

TEST(MountId, CoversItsDeviceAndWhatIsNotEmpty) {
    Mount mount{.name = "root", .type = "org.osbuild.ext4", .target = "/"};
    const std::string id = id_of(mount, std::nullopt);
    EXPECT_NE(id_of(mount, "an id"), id);
    mount.partition = 0;
    EXPECT_EQ(id_of(mount, std::nullopt), id);
    mount.partition = 1;
    EXPECT_NE(id_of(mount, std::nullopt), id);
    mount.partition = nullptr;
    mount.target = "";
    const std::string without_target = id_of(mount, std::nullopt);
    mount.target.reset();
    EXPECT_EQ(id_of(mount, std::nullopt), without_target);
}

TEST(DeviceId, CoversItsParent) {
    const Device device{.name = "root", .type = "org.osbuild.lvm2.lv", .parent = "vg"};
    EXPECT_NE(id_of(device, "an id"), id_of(device, "another"));
    EXPECT_NE(id_of(device, "an id"), id_of(device, std::nullopt));
}

}  // namespace
}  // namespace osb::manifest
