// SPDX-License-Identifier: GPL-3.0-or-later
#include "net/tls.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace muster::net {
namespace {

class Tls : public testing::Test {
protected:
    Tls() {
        char name[] = "/tmp/muster-tls-XXXXXX";
        folder_ = ::mkdtemp(name);
    }
    ~Tls() override { std::filesystem::remove_all(folder_); }
    std::string folder_;
};

TEST_F(Tls, every_identity_has_its_own_fingerprint) {
    const auto a = TlsIdentity::generate("a");
    const auto b = TlsIdentity::generate("a");
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_TRUE(is_fingerprint(a->fingerprint()));
    EXPECT_NE(a->fingerprint(), b->fingerprint());
    EXPECT_FALSE(is_fingerprint(a->fingerprint().substr(1)));
}

TEST_F(Tls, is_saved_for_its_owner_only_and_comes_back_the_same) {
    const auto path = folder_ + "/key.pem";
    const auto made = TlsIdentity::generate("muster");
    ASSERT_TRUE(made.ok());
    ASSERT_TRUE(made->save(path).ok());
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    const auto loaded = TlsIdentity::load(path);
    ASSERT_TRUE(loaded.ok()) << loaded.error().message();
    EXPECT_EQ(loaded->fingerprint(), made->fingerprint());
    // Nothing half-written stays beside it.
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(Tls, the_first_start_makes_a_key_and_the_second_finds_it) {
    const auto path = folder_ + "/key.pem";
    const auto first = TlsIdentity::load_or_generate(path, "muster");
    const auto second = TlsIdentity::load_or_generate(path, "muster");
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(first->fingerprint(), second->fingerprint());
}

TEST_F(Tls, a_spoiled_key_file_is_an_error_and_is_not_replaced) {
    const auto path = folder_ + "/key.pem";
    std::ofstream(path) << "-----BEGIN PRIVATE KEY-----\nnonsense\n";
    const auto loaded = TlsIdentity::load_or_generate(path, "muster");
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code(), Errc::corrupt);
    EXPECT_NE(loaded.error().message().find(path), std::string::npos);
    EXPECT_EQ(TlsIdentity::load(folder_ + "/none").error().code(), Errc::not_found);
}

TEST_F(Tls, a_key_of_another_certificate_is_refused) {
    const auto a = TlsIdentity::generate("a")->to_pem();
    const auto b = TlsIdentity::generate("b")->to_pem();
    ASSERT_TRUE(a.ok() && b.ok());
    const auto cut = b->find("-----BEGIN CERTIFICATE");
    const auto mixed = a->substr(0, a->find("-----BEGIN CERTIFICATE")) + b->substr(cut);
    EXPECT_EQ(TlsIdentity::from_pem(mixed).error().code(), Errc::corrupt);
}

}  // namespace
}  // namespace muster::net
