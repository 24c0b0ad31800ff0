// SPDX-License-Identifier: Apache-2.0
//
// The main job on real input: what scripts/demo does, with the packages of the archive this machine uses.

#include <fcntl.h>

#include <gmock/gmock.h>

#include "lib/base/json.hpp"
#include "tests/cmd/program.hpp"

namespace osb {
namespace {

using testing::HasSubstr;

/// Resolved once for all tests of this file; each test has stores of its own.
class Demo : public testing::Test {
protected:
    static void SetUpTestSuite() {
        if (!test::is_privileged() || !find_program("apt-get")) return;
        place_ = std::make_unique<test::Scratch>();
        const auto examples = std::filesystem::path(OSB_TEST_DATA).parent_path().parent_path() / "examples";
        for (const char *name : {"debian-minimal", "debian-web"}) {
            std::filesystem::copy(examples / (std::string(name) + ".yaml"), *place_ / (std::string(name) + ".yaml"));
            test::osb({"resolve", *place_ / (std::string(name) + ".yaml"), "-o", manifest(name)});
        }
    }
    static void TearDownTestSuite() { place_.reset(); }

    void SetUp() override {
        OSB_NEEDS(test::is_privileged(), "root");
        OSB_NEEDS(find_program("apt-get"), "apt-get");
    }

    static std::filesystem::path manifest(const std::string &name) { return *place_ / (name + ".json"); }

    /// Builds into `store` and returns the record.
    static Json run(const std::string &name, const std::string &store, const std::vector<std::string> &exports,
                    const std::vector<std::string> &more = {}) {
        std::vector<std::string> arguments{"run", manifest(name), "--store", *place_ / store, "--json", "-q"};
        for (const std::string &text : exports) {
            arguments.emplace_back("--export");
            arguments.push_back(test::replaced(text, "{place}", place_->path().native()));
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        return parse_json(test::osb(arguments));
    }

    static std::filesystem::path place(const std::string &name) { return *place_ / name; }

    /// In the tree, as root, with a root of its own.
    static Captured in_tree(const std::filesystem::path &tree, const std::vector<std::string> &command) {
        std::vector<std::string> argv{"chroot", tree};
        argv.insert(argv.end(), command.begin(), command.end());
        return run_captured({.argv = argv, .env = std::vector<std::string>{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}});
    }

private:
    static inline std::unique_ptr<test::Scratch> place_;
};

TEST_F(Demo, AMinimalDebianWorksAndAWebServerStandsOnIt) {
    const Json first =
        run("debian-minimal", "store",
            {"os=oci-archive:{place}/minimal.oci:latest", "os=tar:{place}/minimal.tar", "os=dir:{place}/minimal"});
    EXPECT_EQ(first["log"]["os"].size(), 1U);
    EXPECT_GE(first["sources"]["org.osbuild.curl"].size(), 80U);
    const Captured audit = in_tree(place("minimal"), {"dpkg", "--audit"});
    EXPECT_EQ(audit.out + audit.err, "");
    EXPECT_TRUE(audit.status.success());
    EXPECT_THAT(in_tree(place("minimal"), {"apt-get", "--version"}).out, HasSubstr("apt "));

    // The web server's pipeline goes on from the minimal system: of its two stages only the second runs.
    const Json second = run("debian-web", "store", {"web=oci-archive:{place}/web.oci:latest", "web=dir:{place}/web"});
    EXPECT_EQ(second["log"]["web"].size(), 1U);
    EXPECT_EQ(in_tree(place("web"), {"dpkg", "--audit"}).out, "");
    EXPECT_TRUE(in_tree(place("web"), {"nginx", "-v"}).status.success());

    // With everything in the store no stage runs; a runtime that cannot run shows that none is asked for.
    const Json again =
        run("debian-minimal", "store", {"os=oci-archive:{place}/again.oci:latest"}, {"--runtime", "/nonexistent"});
    EXPECT_EQ(again["log"], Json::object());
    EXPECT_EQ(again["exports"][0]["digest"], first["exports"][0]["digest"]);
    EXPECT_EQ(test::trouble_in_store(place("store")), "");
}

TEST_F(Demo, AnEmptyStoreGivesTheSameImageBitForBit) {
    const Json one = run("debian-minimal", "one", {"os=oci-archive:{place}/one.oci:latest"});
    const Json two = run("debian-minimal", "two", {"os=oci-archive:{place}/two.oci:latest"});
    EXPECT_EQ(one["log"]["os"].size(), 1U);
    EXPECT_EQ(two["log"]["os"].size(), 1U);
    EXPECT_EQ(one["exports"][0]["digest"], two["exports"][0]["digest"]);
    EXPECT_EQ(test::run({"cmp", place("one.oci"), place("two.oci")}), "");
}

TEST_F(Demo, PodmanRunsTheImage) {
    OSB_NEEDS(find_program("podman"), "podman");
    run("debian-minimal", "podman-store", {"os=oci-archive:{place}/podman.oci:latest"},
        {"--config", "cmd=[\"apt-get\", \"--version\"]"});
    const std::vector<std::string> podman{
        "podman",           "--root", place("podman"),    "--runroot", place("podman-run"),
        "--storage-driver", "vfs",    "--cgroup-manager", "cgroupfs"};
    std::vector<std::string> argv = podman;
    for (const char *word :
         {"run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"})
        argv.emplace_back(word);
    argv.push_back("oci-archive:" + place("podman.oci").native());
    EXPECT_THAT(test::run(argv), HasSubstr("apt "));
    argv = podman;
    for (const char *word : {"rmi", "--all", "--force"}) argv.emplace_back(word);
    run_captured({.argv = argv});
}

}  // namespace
}  // namespace osb
