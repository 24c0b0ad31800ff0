// SPDX-License-Identifier: Apache-2.0
#include "lib/resolve/resolve.hpp"

#include <sys/stat.h>

#include <gmock/gmock.h>

#include "lib/base/fd.hpp"
#include "lib/base/sha256.hpp"
#include "tests/deb_maker.hpp"
#include "tests/support.hpp"

namespace osb::resolve {
namespace {

namespace fs = std::filesystem;
using test::make_deb;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Every name below a directory with size and time of change.
std::string state_of(const fs::path &directory) {
    std::string text;
    if (!fs::exists(directory)) return text;
    for (const auto &entry :
         fs::recursive_directory_iterator(directory, fs::directory_options::skip_permission_denied)) {
        struct stat status {};
        if (::lstat(entry.path().c_str(), &status) == 0)
            text += format("{} {} {}.{}\n", entry.path().native(), status.st_size, status.st_mtim.tv_sec,
                           status.st_mtim.tv_nsec);
    }
    return text;
}

/// With an archive of its own: a directory of real packages and their index.
class Resolve : public ::testing::Test {
protected:
    void SetUp() override {
        OSB_NEEDS(test::has_dpkg(), "dpkg");
        OSB_NEEDS(find_program("apt-get"), "apt");
        fs::create_directory(archive());
        fs::create_directory(scratch_ / "apt");
    }

    fs::path archive() const { return scratch_ / "archive"; }

    void add(const test::DebSpec &spec) {
        const fs::path deb = make_deb(archive(), spec);
        const std::string bytes = read_file(deb);
        index_ += test::run({"dpkg-deb", "--field", deb}) + "Filename: ./" + deb.filename().native() +
                  "\nSize: " + std::to_string(bytes.size()) + "\nSHA256: " + Sha256::of(bytes).hex() + "\n\n";
        digests_[spec.name + "=" + spec.version] = "sha256:" + Sha256::of(bytes).hex();
        write_file(archive() / "Packages", index_);
    }
    std::string digest(const std::string &package) const { return digests_.at(package); }

    /// The description with the archive of this test.
    Json resolve(const std::string &text, const std::string &trusted = "true") const {
        const std::string all = "architecture: amd64\narchive: {url: 'file://" + archive().native() +
                                "', suites: [./], trusted: " + trusted + "}\n" + text;
        const ParsedDescription parsed = parse_description(all);
        EXPECT_THAT(parsed.problems, ElementsAre());
        return resolve::resolve(parsed.description, {.directory = scratch_.path(), .scratch = scratch_ / "apt"});
    }
    Error refusal(const std::string &text) const {
        return test::thrown_by([&] { (void)resolve(text); });
    }

    const test::Scratch scratch_;
    std::string index_;
    std::map<std::string, std::string> digests_;
};

const Json &stage(const Json &manifest, size_t index) {
    return manifest.at("pipelines").at(0).at("stages").at(index);
}
const Json &references(const Json &manifest, size_t index) {
    return stage(manifest, index).at("inputs").at("packages").at("references");
}

std::vector<std::string> keys(const Json &object) {
    std::vector<std::string> names;
    for (const auto &[name, value] : object.items()) names.push_back(name);
    return names;
}

/// "%7e" → "~"
std::string unescaped(std::string text) {
    for (size_t at = text.find('%'); at != std::string::npos; at = text.find('%', at + 1))
        text.replace(at, 3, 1, static_cast<char>(std::stoi(text.substr(at + 1, 2), nullptr, 16)));
    return text;
}

TEST_F(Resolve, MakesACompleteManifest) {
    add({.name = "app",
         .version = "1:2.0+x~1",
         .architecture = "amd64",
         .fields = "Depends: lib\nRecommends: extra\n"});
    add({.name = "lib"});
    add({.name = "extra"});
    const Json manifest = resolve(
        "variant: none\npackages: [app]\nsource-epoch: 7\nname: image\ndebconf: [a b c d]\n"
        "stages: [{type: org.osbuild.noop}]\n");
    EXPECT_EQ(manifest.at("version"), "2");
    EXPECT_EQ(manifest.at("pipelines").size(), 1u);
    EXPECT_EQ(manifest.at("pipelines")[0].at("name"), "image");
    EXPECT_EQ(manifest.at("pipelines")[0].at("source-epoch"), 7);
    EXPECT_EQ(stage(manifest, 0).at("type"), "org.osb.deb");
    EXPECT_EQ(to_canonical(stage(manifest, 0).at("options")), R"({"debconf": ["a b c d"]})");
    const Json &input = stage(manifest, 0).at("inputs").at("packages");
    EXPECT_EQ(input.at("type"), "org.osbuild.files");
    EXPECT_EQ(input.at("origin"), "org.osbuild.source");
    EXPECT_THAT(keys(references(manifest, 0)), ElementsAre(digest("app=1:2.0+x~1"), digest("lib=1.0")));
    EXPECT_EQ(to_canonical(references(manifest, 0)[digest("app=1:2.0+x~1")]),
              R"({"metadata": {"deb.architecture": "amd64", "deb.name": "app", "deb.version": "1:2.0+x~1"}})");
    EXPECT_EQ(
        to_canonical(references(manifest, 0)[digest("lib=1.0")]),
        R"({"metadata": {"deb.architecture": "all", "deb.automatic": true, "deb.name": "lib", "deb.version": "1.0"}})");
    EXPECT_EQ(stage(manifest, 1).at("type"), "org.osbuild.noop");

    const Json &items = manifest.at("sources").at("org.osbuild.curl").at("items");
    EXPECT_EQ(items.size(), 2u);
    for (const auto &[checksum, url] : items.items()) {
        const std::string address = url.get<std::string>();
        ASSERT_TRUE(address.starts_with("file:///")) << address;
        EXPECT_EQ("sha256:" + Sha256::of(read_file(unescaped(address.substr(7)))).hex(), checksum);
    }
}

TEST_F(Resolve, GivesTheSameTextEachTimeAndLeavesNothing) {
    add({.name = "app", .fields = "Depends: lib\n"});
    add({.name = "lib"});
    const std::string before = state_of("/var/lib/apt") + state_of("/var/cache/apt") + state_of("/var/lib/dpkg");
    const std::string first = to_canonical(resolve("variant: none\npackages: [app]\n"));
    EXPECT_EQ(first, to_canonical(resolve("variant: none\npackages: [app]\n")));
    EXPECT_EQ(before, state_of("/var/lib/apt") + state_of("/var/cache/apt") + state_of("/var/lib/dpkg"));
    EXPECT_TRUE(fs::is_empty(scratch_ / "apt"));
}

TEST_F(Resolve, TakesRecommendsVersionsAndBaseSetsWhenAsked) {
    add({.name = "app", .fields = "Recommends: extra\n"});
    add({.name = "app", .version = "2.0"});
    add({.name = "extra"});
    add({.name = "core", .fields = "Essential: yes\nPriority: required\n"});
    add({.name = "needed", .fields = "Priority: required\n"});
    add({.name = "apt"});
    EXPECT_THAT(keys(references(resolve("variant: none\npackages: [app=1.0]\nrecommends: true\n"), 0)),
                ElementsAre(digest("app=1.0"), digest("extra=1.0")));
    EXPECT_THAT(keys(references(resolve("variant: none\npackages: [app]\n"), 0)), ElementsAre(digest("app=2.0")));
    EXPECT_THAT(keys(references(resolve("variant: apt\n"), 0)), ElementsAre(digest("apt=1.0"), digest("core=1.0")));
    EXPECT_THAT(keys(references(resolve("packages: [app]\n"), 0)),
                ElementsAre(digest("app=2.0"), digest("apt=1.0"), digest("core=1.0"), digest("needed=1.0")));
}

TEST_F(Resolve, PrefersThePackageForTreesThatStartMerged) {
    add({.name = "init-helpers", .fields = "Depends: usrmerge | usr-is-merged\n"});
    add({.name = "usrmerge"});
    add({.name = "usr-is-merged"});
    EXPECT_THAT(keys(references(resolve("variant: none\npackages: [init-helpers]\n"), 0)),
                ElementsAre(digest("init-helpers=1.0"), digest("usr-is-merged=1.0")));
    EXPECT_THAT(keys(references(resolve("variant: none\npackages: [init-helpers, usrmerge]\n"), 0)),
                ElementsAre(digest("init-helpers=1.0"), digest("usrmerge=1.0")));
}

TEST_F(Resolve, NamesAllPackagesThatDoNotExist) {
    add({.name = "app", .fields = "Provides: virtual\n"});
    const Error error = refusal("variant: none\npackages: [nosuch, app, a.p, alsono=1, nosuch]\n");
    EXPECT_STREQ(error.what(), "the archive has no packages a.p, alsono and nosuch for amd64");
    EXPECT_EQ(error.blame(), Blame::usage);
    EXPECT_STREQ(refusal("variant: none\npackages: [nosuch]\n").what(), "the archive has no package nosuch for amd64");
    EXPECT_THAT(keys(references(resolve("variant: none\npackages: [virtual]\n"), 0)), ElementsAre(digest("app=1.0")));
}

TEST_F(Resolve, TellsWhyThereIsNoSolution) {
    add({.name = "app", .fields = "Depends: lib (>= 2)\n"});
    add({.name = "lib"});
    add({.name = "one", .fields = "Provides: virtual\n"});
    add({.name = "two", .fields = "Provides: virtual\n"});
    EXPECT_THAT(refusal("variant: none\npackages: [app]\n").what(),
                HasSubstr("apt finds no solution: app : Depends: lib (>= 2) but "));
    EXPECT_STREQ(refusal("variant: none\npackages: [lib=9]\n").what(),
                 "apt finds no solution: Version '9' for 'lib' was not found");
    EXPECT_STREQ(refusal("variant: none\npackages: [virtual]\n").what(),
                 "apt finds no solution: Package 'virtual' has no installation candidate, name one of one, two");
}

TEST_F(Resolve, ChecksSignatures) {
    add({.name = "app"});
    write_file(archive() / "Release", "Date: Sat, 01 Jan 2022 00:00:00 UTC\nSuite: test\n");
    const Error error = test::thrown_by([&] { (void)resolve("variant: none\npackages: [app]\n", "false"); });
    EXPECT_EQ(error.blame(), Blame::network);
    EXPECT_THAT(error.what(), HasSubstr("is not signed"));
}

TEST_F(Resolve, TellsWhichArchiveDoesNotAnswer) {
    const Error error = test::thrown_by([&] {
        Description description{.variant = "none", .packages = {"app"}};
        description.architecture = "amd64";
        description.archives = {{.url = "http://127.0.0.1:1/nothing", .suites = {"stable"}, .components = {"main"}}};
        (void)resolve::resolve(description, {.directory = scratch_.path(), .scratch = scratch_ / "apt"});
    });
    EXPECT_EQ(error.blame(), Blame::network);
    EXPECT_THAT(error.what(), HasSubstr("127.0.0.1:1"));
}

TEST_F(Resolve, TakesTheArchivesDateAsEpoch) {
    add({.name = "app"});
    const std::string packages = read_file(archive() / "Packages");
    write_file(archive() / "Release", "Date: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n " + Sha256::of(packages).hex() +
                                          " " + std::to_string(packages.size()) + " Packages\n");
    EXPECT_EQ(resolve("variant: none\npackages: [app]\n").at("pipelines")[0].at("source-epoch"), 1640995200);
}

TEST_F(Resolve, BuildsOnABaseWithoutChangingIt) {
    add({.name = "app", .fields = "Depends: lib, other\n"});
    add({.name = "lib"});
    add({.name = "other"});
    const Json base = resolve("variant: none\npackages: [lib]\nsource-epoch: 5\nstages: [{type: org.osbuild.noop}]\n");
    write_file(scratch_ / "base.json", to_text(base, python_style));
    // The archive goes on: the base keeps what it has.
    index_.clear();
    add({.name = "app", .fields = "Depends: lib, other\n"});
    add({.name = "lib", .version = "1.1"});
    add({.name = "other"});

    const Json manifest = resolve("base: base.json\nname: web\npackages: [app]\n");
    ASSERT_EQ(manifest.at("pipelines").size(), 1u);
    EXPECT_EQ(manifest.at("pipelines")[0].at("name"), "web");
    EXPECT_EQ(manifest.at("pipelines")[0].at("source-epoch"), 5);
    ASSERT_EQ(manifest.at("pipelines")[0].at("stages").size(), 3u);
    EXPECT_EQ(stage(manifest, 0), stage(base, 0));
    EXPECT_EQ(stage(manifest, 1), stage(base, 1));
    EXPECT_EQ(references(manifest, 2).size(), 2u);
    EXPECT_TRUE(references(manifest, 2).contains(digest("app=1.0")));
    EXPECT_TRUE(references(manifest, 2).contains(digest("other=1.0")));
    const Json &items = manifest.at("sources").at("org.osbuild.curl").at("items");
    EXPECT_EQ(items.size(), 3u);
    EXPECT_TRUE(items.contains(digest("lib=1.0")));

    EXPECT_STREQ(refusal("base: base.json\nsource-epoch: 6\npackages: [app]\n").what(),
                 "source-epoch: the base has 5, and its stages would not be the same with 6");
}

TEST_F(Resolve, RefusesABaseThatIsNone) {
    add({.name = "app"});
    EXPECT_THAT(refusal("base: nothing.json\npackages: [app]\n").what(),
                HasSubstr("nothing.json: No such file or directory"));
    write_file(scratch_ / "other.json", "{}");
    EXPECT_THAT(refusal("base: other.json\npackages: [app]\n").what(),
                HasSubstr("other.json: not a manifest of version 2"));
    write_file(scratch_ / "other.json",
               R"({"version": "2", "pipelines": [{"name": "os", "stages": [{"type": "org.osbuild.noop"}]}]})");
    EXPECT_THAT(refusal("base: other.json\npackages: [app]\n").what(),
                HasSubstr("no pipeline of it has a stage org.osb.deb"));
}

TEST_F(Resolve, ReadsDescriptionsFromFilesAndTellsAllTheirProblems) {
    write_file(scratch_ / "bad.yaml", "variant: x\nfoo: 1\n");
    const Error error = test::thrown_by([&] { (void)resolve_file(scratch_ / "bad.yaml"); });
    EXPECT_EQ(error.blame(), Blame::usage);
    EXPECT_EQ(std::string(error.what()), (scratch_ / "bad.yaml").native() +
                                             " has 2 problems:\n  variant: \"x\" is none of none, essential, apt, "
                                             "minbase, important, standard\n  unknown key foo");
}

}  // namespace
}  // namespace osb::resolve
