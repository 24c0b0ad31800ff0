// SPDX-License-Identifier: Apache-2.0
#include "lib/deb822/deb822.hpp"

#include "tests/support.hpp"

namespace osb {
namespace {

TEST(Deb822, KeepsOrderContinuationsAndFindsNamesInAnyCase) {
    const auto paragraphs = parse_deb822(
        "# a comment\nPackage: foo\nDescription: short\n long\n .\n  indented\nConffiles:\n /etc/a 0\n\n\n"
        "Package:bar\n");
    ASSERT_EQ(paragraphs.size(), 2u);
    EXPECT_EQ(paragraphs[0].get("PACKAGE"), "foo");
    EXPECT_EQ(paragraphs[0].get("description"), "short\n long\n .\n  indented");
    EXPECT_EQ(paragraphs[0].find("nothing"), nullptr);
    EXPECT_EQ(paragraphs[0].text(), "Package: foo\nDescription: short\n long\n .\n  indented\nConffiles:\n /etc/a 0\n");
    EXPECT_EQ(paragraphs[1].get("Package"), "bar");
}

TEST(Deb822, SetReplacesInPlaceAndAppends) {
    Paragraph paragraph = parse_deb822("A: 1\nB: 2\n").front();
    paragraph.set("a", "3");
    paragraph.set("C", "4");
    EXPECT_EQ(paragraph.text(), "A: 3\nB: 2\nC: 4\n");
}

TEST(Deb822, RefusesWhatIsNoField) {
    EXPECT_EQ(test::error_of([] { parse_deb822("A: 1\nnonsense\n"); }), "line 2: not a field: nonsense");
    EXPECT_EQ(test::error_of([] { parse_deb822(" A: 1\n"); }), "line 1: a continuation without a field");
}

}  // namespace
}  // namespace osb
