// SPDX-License-Identifier: GPL-3.0-or-later
//
// The properties of what is read as text, and of the seal, over fixed seeds.
#include <gtest/gtest.h>

#include <array>

#include "base/prng.h"
#include "properties.h"
#include "some_of.h"

namespace muster::fuzz {
namespace {

constexpr std::array kMessages = {
    R"({"type":"hello","protocol":1,"name":"PC-01"})",
    R"({"type":"join","want":"0-63,70"})",
    R"({"type":"join","want":"all"})",
    R"({"type":"rekeyed","rekeys":3})",
    R"({"type":"report","verified":"0-12","missed":"","deficits":[[64,17,9]],"highest_seen":785,)"
    R"("missing":0,"counters":{"received":744,"lost":42,"rejected":0,"local_drops":0,)"
    R"("duplicates":1,"verified":13,"repaired":9,"forged":0,"naks":1}})",
    R"({"type":"welcome","member":2,"group":"239.194.7.9:50111","source":"10.0.0.1",)"
    R"("uplink":"10.0.0.1:40000","group_secret":"000102030405060708090a0b0c0d0e0f)"
    R"(101112131415161718191a1b1c1d1e1f","rekeys":0,"step":0,"epoch_packets":4194304,)"
    R"("uplink_secret":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",)"
    R"("rate":20000000})",
    R"({"type":"offer","session":1592590337,"name":"file","image_bytes":1000000,)"
    R"("manifest_bytes":408,"block_bytes":90112,"symbol_bytes":1408,"group_blocks_log2":5,)"
    R"("root":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",)"
    R"("public_key":"3059","signature":"3045"})",
    R"({"type":"ended","reason":"all have reported"})",
};

constexpr std::array kHttp = {"/api/v1/deployments/7/images/3/member",
                              "/a%20b?x=1&y=%2f&x",
                              "/%zz",
                              "/?=&&=",
                              "0-99",
                              "5-",
                              "-100",
                              "0-0,5-7",
                              "10.0.0.1:7443",
                              "[fe80::1]:80",
                              "server.local:443",
                              "::1"};

constexpr std::array kDocuments = {
    "name: Room image\nsteps:\n  - partition disk: { disk: 0, layout: windows-uefi }\n"
    "  - name: Apply\n    apply operating system image: { image: lab, index: 1 }\n",
    R"({"name":"x","steps":[{"partition disk":{"disk":0,"layout":"windows-uefi"}}]})",
    R"([1,-2.5e3,"\u00e4\n",null,true,{"a":{}}])",
    "a: &x [1, 2]\nb: *x\nc: |\n  text\n",
};

TEST(Property, AnyControlMessageIsSaidAgainTheSameOrRefused) {
    check_some_of(kMessages, check_control, 3000);
}

TEST(Property, AnyWordsOfHttpAreCleanOrRefused) { check_some_of(kHttp, check_http, 5000); }

TEST(Property, AnyDocumentIsWrittenAgainTheSameOrRefused) {
    check_some_of(kDocuments, check_documents, 2000);
}

TEST(Property, NothingOpensThatWasNotSealedAndTheTrueAlwaysDoes) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE(seed);
        Prng prng(seed);
        Bytes input;
        for (int i = 0; i < 40; ++i) {
            const std::array head = {std::byte(i & 1), std::byte{0}, std::byte{60}};
            input.insert(input.end(), head.begin(), head.end());
            std::array<std::byte, 60> datagram{};
            ByteWriter out(datagram);
            out.u8(static_cast<std::uint8_t>(0x20 | (1 + prng.below(5)))).u8(0);
            out.u8(static_cast<std::uint8_t>(prng.below(3))).u8(0).u32(7);
            out.u64(prng.chance(0.2) ? prng.next() : prng.below(100));
            while (out.size() < datagram.size()) out.u8(static_cast<std::uint8_t>(prng.next()));
            input.insert(input.end(), datagram.begin(), datagram.end());
        }
        check_seal(input);
    }
}

}  // namespace
}  // namespace muster::fuzz
