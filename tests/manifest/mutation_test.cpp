// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "lib/manifest/describe.hpp"
#include "lib/manifest/parse.hpp"
#include "tests/manifest/library.hpp"
#include "tests/support.hpp"

namespace osb::manifest {
namespace {

constexpr const char *seeds[] = {"good.json",    "values.json", "inputs.json",
                                 "devices.json", "one.json",    "one-empty-tree.json"};

/// Whatever the text, the answer is a Manifest that can be printed, problems, or an error that blames the text.
void expect_an_answer(std::string_view text, const Lookups &lookups) {
    try {
        const auto parsed = parse(text, lookups);
        if (const auto *manifest = std::get_if<Manifest>(&parsed))
            EXPECT_TRUE(describe(*manifest).is_object());
        else
            EXPECT_FALSE(std::get<std::vector<Problem>>(parsed).empty()) << text;
    } catch (const Error &error) {
        EXPECT_EQ(error.blame(), Blame::usage) << error.what() << "\n" << text;
    }
}

TEST(MutatedManifest, CutAnywhereGetsAnAnswer) {
    for (const char *seed : seeds) {
        const std::string text = test_library::data(seed);
        for (size_t length = 0; length < text.size(); length += 7)
            expect_an_answer(text.substr(0, length), test_library::lookups());
    }
}

TEST(MutatedManifest, WithRandomBytesGetsAnAnswer) {
    std::mt19937 random(20);
    for (const char *seed : seeds) {
        const std::string text = test_library::data(seed);
        for (int i = 0; i < 300; i++) {
            std::string mutated = text;
            for (int n = 0; n < 3; n++) mutated[random() % mutated.size()] = "\"{}[],:0x\xC3 \\"[random() % 12];
            expect_an_answer(mutated, test_library::lookups());
        }
    }
}

/// All values in the document, itself first.
void collect(Json &value, std::vector<Json *> &all) {
    all.push_back(&value);
    if (value.is_structured())
        for (Json &inner : value) collect(inner, all);
}

TEST(MutatedManifest, WithValuesInWrongPlacesGetsAnAnswer) {
    std::mt19937 random(21);
    const std::vector<Json> strangers = {nullptr,
                                         true,
                                         0,
                                         -1,
                                         1.5,
                                         "",
                                         "x",
                                         "name:os",
                                         "name:nope",
                                         Json::array(),
                                         Json::object(),
                                         {{"id", 1}},
                                         Json::array({Json::object()}),
                                         parse_json("1e400"),
                                         parse_json("12345678901234567890123")};
    for (const char *seed : seeds) {
        const Json document = parse_json(test_library::data(seed));
        for (int i = 0; i < 400; i++) {
            Json mutated = document;
            for (int n = 0; n < 2; n++) {
                std::vector<Json *> all;
                collect(mutated, all);
                Json &target = *all[random() % all.size()];
                const Json from =
                    random() % 2 == 0 ? strangers[random() % strangers.size()] : *all[random() % all.size()];
                target = from;
            }
            expect_an_answer(to_text(mutated, python_style),
                             random() % 2 == 0 ? test_library::lookups() : test_library::no_lookups());
        }
    }
}

TEST(MutatedManifest, NestedDeeplyGetsAnAnswer) {
    std::string text;
    for (int i = 0; i < 240; i++) text += R"({"build": {"runner": "org.osbuild.linux", "pipeline": )";
    std::string end;
    for (int i = 0; i < 240; i++) end += "}}";
    expect_an_answer(R"({"pipeline": )" + text + R"({"stages": [{"name": "org.osb.test"}]})" + end + "}",
                     test_library::lookups());
    EXPECT_EQ(
        test::error_of([&] { parse(R"({"pipeline": )" + text + text, test_library::no_lookups()); }).find("line 1"),
        0U);
}

}  // namespace
}  // namespace osb::manifest
