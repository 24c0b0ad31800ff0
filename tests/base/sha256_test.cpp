// SPDX-License-Identifier: Apache-2.0
#include "lib/base/sha256.hpp"

#include <fcntl.h>

#include "lib/base/sink.hpp"
#include "tests/support.hpp"

namespace osb {
namespace {

// The vectors are those of FIPS 180-2, appendix B.
TEST(Sha256, GivesThePublishedDigests) {
    EXPECT_EQ(Sha256::of("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(Sha256::of("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(Sha256::of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    Sha256 hash;
    for (int i = 0; i < 1000; i++) hash.update(std::string(1000, 'a'));
    EXPECT_EQ(hash.finish().hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(hash.finish().hex(), Sha256::of("").hex()) << "it starts again from nothing";
}

TEST(Hasher, KnowsWhatLibcryptoKnows) {
    EXPECT_EQ(Hasher("md5").update("abc").finish_hex(), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(Hasher("sha1").update("a").update("bc").finish_hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(Hasher("sha512").update("abc").finish_hex().substr(0, 32), "ddaf35a193617abacc417349ae204131");
    EXPECT_EQ(test::error_of([] { Hasher("crc7"); }), "start a digest: libcrypto has no crc7");
}

TEST(Sha256, HexOfAnyBytes) {
    const std::array<std::byte, 4> bytes{std::byte{0}, std::byte{0x0f}, std::byte{0xa0}, std::byte{0xff}};
    EXPECT_EQ(to_hex(bytes), "000fa0ff");
    EXPECT_EQ(to_hex({}), "");
}

TEST(Sink, PassesEverythingOn) {
    StringSink text;
    HashSink hash(&text);
    hash.write("a");
    hash.write("");
    hash.write("bc");
    EXPECT_EQ(text.text, "abc");
    EXPECT_EQ(hash.size(), 3U);
    EXPECT_EQ(hash.finish(), Sha256::of("abc"));

    HashSink alone;
    alone.write("abc");
    EXPECT_EQ(alone.finish(), Sha256::of("abc"));

    std::string seen;
    FunctionSink function([&](std::span<const std::byte> data) { seen += format("{};", data.size()); });
    function.write("four");
    function.write("x");
    EXPECT_EQ(seen, "4;1;");
}

TEST(Sink, IntoAFile) {
    test::Scratch scratch;
    const Fd fd = open_file(scratch / "f", O_WRONLY | O_CREAT, 0644);
    FdSink sink(fd, "f");
    sink.write("one");
    sink.write("two");
    EXPECT_EQ(read_file(scratch / "f"), "onetwo");
    const Fd full = open_file("/dev/full", O_WRONLY);
    FdSink refusing(full, "the layer");
    EXPECT_EQ(test::error_of([&] { refusing.write("x"); }), "write the layer: No space left on device");
}

}  // namespace
}  // namespace osb
