// SPDX-License-Identifier: Apache-2.0
#include "lib/base/tree_path.hpp"

#include "tests/support.hpp"

namespace osb {
namespace {

TEST(TreePath, HasOneFormForAllSpellings) {
    for (const char *text : {"a/b/c", "/a/b/c", "//a///b/./c/", "./a/b/c/."})
        EXPECT_EQ(TreePath(text).text(), "a/b/c") << text;
    for (const char *text : {"", "/", ".", "//./"}) EXPECT_TRUE(TreePath(text).is_root()) << text;
    EXPECT_EQ(TreePath("a/b").absolute(), "/a/b");
    EXPECT_EQ(TreePath().absolute(), "/");
    EXPECT_STREQ(TreePath().c_str(), ".");
}

TEST(TreePath, NeverClimbs) {
    for (const char *text : {"..", "/..", "a/..", "a/../b", "../a", "a/b/.."}) {
        const Error thrown = test::thrown_by([&] { TreePath path(text); });
        EXPECT_EQ(thrown.what(), format("path in the tree {}: it must not contain \"..\"", text));
        EXPECT_EQ(thrown.blame(), Blame::usage);
    }
    EXPECT_EQ(TreePath("...").text(), "...");
    EXPECT_EQ(TreePath("..a/b..").text(), "..a/b..");
    EXPECT_EQ(test::error_of([] { TreePath path(std::string_view("a\0b", 3)); }),
              "path in the tree: it contains a NUL byte");
    EXPECT_NE(test::error_of([] { TreePath("a") / "../b"; }), "");
}

TEST(TreePath, KnowsItsParts) {
    EXPECT_EQ(TreePath("a/b/c").parent(), TreePath("a/b"));
    EXPECT_EQ(TreePath("a/b/c").name(), "c");
    EXPECT_EQ(TreePath("a").parent(), TreePath());
    EXPECT_EQ(TreePath().parent(), TreePath());
    EXPECT_EQ(TreePath().name(), "");
    EXPECT_EQ(TreePath("a") / "/b//c", TreePath("a/b/c"));
    EXPECT_EQ(TreePath("a") / "", TreePath("a"));
    EXPECT_EQ(TreePath() / "b", TreePath("b"));
    EXPECT_EQ(TreePath("a/b").below("/tree"), "/tree/a/b");
    EXPECT_EQ(TreePath().below("/tree"), "/tree");
}

}  // namespace
}  // namespace osb
