// SPDX-License-Identifier: Apache-2.0
//
// tests/data/should-fail/*.json: what must be refused, each with the exact exit code and words it gets. A case is
//   {"args": […], "manifest"?: any, "manifest_text"?: text, "setup"?: shell commands, "exit": code, "stderr": text}
// where {scratch} stands for a directory of the case's own and {size} for how much is free; the manifest is written to
// {scratch}/manifest.json, the setup runs there before, with $OSB_PROGRAM. OSB_REWRITE_GOLDENS=1 writes "exit" and
// "stderr" as they are; review the difference. After each case {scratch}/store, if there is one, must be valid and at
// rest.

#include "lib/base/dir.hpp"
#include "lib/base/json.hpp"
#include "tests/cmd/program.hpp"

namespace osb {
namespace {

std::filesystem::path folder() {
    return std::filesystem::path(OSB_TEST_DATA) / "should-fail";
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    for (const std::string &name : Dir::open(folder()).names())
        if (name.ends_with(".json")) names.push_back(name.substr(0, name.size() - 5));
    return names;
}

class ShouldFail : public testing::TestWithParam<std::string> {};

void set_up(const Json &record, const test::Scratch &scratch) {
    const auto placed = [&](const std::string &text) {
        return test::replaced(text, "{scratch}", scratch.path().native());
    };
    if (const Json *manifest = find_member(record, "manifest"))
        write_file(scratch / "manifest.json", placed(to_text(*manifest, python_style)));
    if (const Json *text = find_member(record, "manifest_text"))
        write_file(scratch / "manifest.json", placed(text->get<std::string>()));
    if (const Json *setup = find_member(record, "setup"))
        test::run({"env", "OSB_PROGRAM=" + test::osb_program().native(), "bash", "-euc",
                   "cd \"$1\"\n" + placed(setup->get<std::string>()), "setup", scratch.path().native()});
}

/// How much is free differs from kernel to kernel: "24.6 kB free" becomes "{size} free".
std::string without_free_sizes(std::string text) {
    for (size_t at = 0; (at = text.find(" free", at)) != std::string::npos; at++) {
        const size_t unit = text.rfind(' ', at - 1);
        const size_t number = text.find_last_not_of("0123456789.", unit - 1);
        if (unit == std::string::npos || number == std::string::npos || number + 1 == unit) continue;
        text.replace(number + 1, at - number - 1, "{size}");
        at = number + 1;
    }
    return text;
}

TEST_P(ShouldFail, WithItsExitCodeAndWordsAndTheStoreStaysWhole) {
    OSB_NEEDS(test::is_privileged(), "root");
    const auto file = folder() / (GetParam() + ".json");
    Json record = parse_json(read_file(file));
    const test::Scratch scratch;
    set_up(record, scratch);

    std::vector<std::string> arguments;
    for (const Json &argument : record["args"])
        arguments.push_back(test::replaced(argument.get<std::string>(), "{scratch}", scratch.path().native()));
    const Captured captured = test::run_osb(arguments);
    EXPECT_EQ(captured.status.signal, 0) << captured.status.text();
    const std::string words = without_free_sizes(test::replaced(captured.err, scratch.path().native(), "{scratch}"));

    if (std::getenv("OSB_REWRITE_GOLDENS") != nullptr) {
        record["exit"] = captured.status.code;
        record["stderr"] = words;
        write_file(file, to_text(record, {.indent = 2}) + "\n");
    }
    EXPECT_NE(captured.status.code, 0);
    EXPECT_NE(captured.status.code, static_cast<int>(Blame::bug));
    EXPECT_EQ(record["exit"], captured.status.code);
    EXPECT_EQ(record["stderr"].get<std::string>(), words);
    EXPECT_EQ(captured.out, "");
    EXPECT_EQ(test::trouble_in_store(scratch / "store"), "");
    if (const Json *teardown = find_member(record, "teardown"))
        test::run({"bash", "-euc", "cd \"$1\"\n" + teardown->get<std::string>(), "teardown", scratch.path().native()});
}

std::string test_name(const testing::TestParamInfo<std::string> &info) {
    std::string name = info.param;
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Cases, ShouldFail, testing::ValuesIn(case_names()), test_name);

TEST(ShouldFailFolder, HoldsAtLeastSixtyCases) {
    EXPECT_GE(case_names().size(), 60U);
}

}  // namespace
}  // namespace osb
