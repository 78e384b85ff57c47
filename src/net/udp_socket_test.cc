// SPDX-License-Identifier: GPL-3.0-or-later
//
// The multicast sockets over a veth pair between two namespaces: what leaves on the left arrives
// on the right, byte for byte, whichever offloads are in play.
#include "net/udp_socket.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstring>
#include <thread>

#include "base/prng.h"
#include "net/monotonic.h"
#include "net/namespace_for_test.h"
#include "net/poll.h"

namespace muster::net {
namespace {
using std::chrono::milliseconds;
using std::chrono::seconds;
constexpr Duration kLimit = seconds(30);

const Address kGroup = Address::ipv4({239, 192, 7, 7}, 5007);

// Sizes as the transport makes them: runs of equal datagrams, a short end, odd ones between.
std::vector<Bytes> make_datagrams() {
    Prng prng(7);
    std::vector<Bytes> datagrams;
    const auto add = [&](std::size_t count, std::size_t bytes) {
        for (std::size_t i = 0; i < count; ++i) {
            Bytes& datagram = datagrams.emplace_back(bytes);
            for (auto& b : datagram) b = static_cast<std::byte>(prng.next());
        }
    };
    add(100, 1444);
    add(1, 300);
    add(3, 1452);
    add(1, 40);
    add(1, 1000);
    add(50, 64);
    add(1, 1472);
    return datagrams;
}

std::vector<ByteSpan> views(const std::vector<Bytes>& datagrams) {
    return {datagrams.begin(), datagrams.end()};
}

class Udp : public testing::Test {
protected:
    static void SetUpTestSuite() { pair_ = std::make_unique<VethPair>(); }
    static void TearDownTestSuite() { pair_.reset(); }
    MulticastSender open_sender(bool gso, Address group = kGroup) {
        pair_->enter_left();
        auto interface = resolve_interface("left");
        auto sender = MulticastSender::open({.interface = *interface, .group = group, .gso = gso});
        EXPECT_TRUE(sender.ok()) << sender.error().message();
        return std::move(sender).value();
    }
    MulticastReceiver open_receiver(bool gro, Address group = kGroup,
                                    std::optional<Address> source = {}) {
        pair_->enter_right();
        auto interface = resolve_interface("right");
        auto receiver = MulticastReceiver::open(
            {.interface = *interface, .group = group, .source = source, .gro = gro});
        EXPECT_TRUE(receiver.ok()) << receiver.error().message();
        return std::move(receiver).value();
    }
    static std::vector<Bytes> receive(MulticastReceiver& receiver, std::size_t count) {
        std::vector<Bytes> got;
        const auto deadline = monotonic_now() + kLimit;
        while (got.size() < count && monotonic_now() < deadline) {
            const auto batch = receiver.receive(deadline - monotonic_now());
            EXPECT_TRUE(batch.ok());
            for (const auto& datagram : *batch) {
                got.emplace_back(datagram.bytes.begin(), datagram.bytes.end());
            }
        }
        return got;
    }
    void expect_all_arrive(bool gso, bool gro) {
        auto receiver = open_receiver(gro);
        auto sender = open_sender(gso);
        const auto datagrams = make_datagrams();
        const auto sent = sender.send_batch(views(datagrams));
        ASSERT_TRUE(sent.ok()) << sent.error().message();
        EXPECT_EQ(*sent, datagrams.size());
        EXPECT_EQ(sender.gso_active(), gso);
        EXPECT_EQ(receive(receiver, datagrams.size()), datagrams);
        EXPECT_EQ(receiver.kernel_drops(), 0u);
        EXPECT_EQ(receiver.truncated(), 0u);
    }
    static inline std::unique_ptr<VethPair> pair_;
};

TEST_F(Udp, plain_datagrams_arrive_whole_and_in_order) { expect_all_arrive(false, false); }
TEST_F(Udp, segmented_runs_arrive_as_the_same_datagrams) { expect_all_arrive(true, false); }
TEST_F(Udp, merged_messages_are_split_into_the_same_datagrams) { expect_all_arrive(true, true); }
TEST_F(Udp, a_merging_receiver_takes_plain_datagrams) { expect_all_arrive(false, true); }

TEST_F(Udp, a_path_that_refuses_segmentation_gets_plain_datagrams) {
    auto receiver = open_receiver(true);
    auto sender = open_sender(true);
    // The kernel segments only what it may checksum: with this option it answers EINVAL.
    const int one = 1;
    ASSERT_EQ(::setsockopt(sender.fd(), SOL_SOCKET, SO_NO_CHECK, &one, sizeof one), 0);
    const auto datagrams = make_datagrams();
    const auto sent = sender.send_batch(views(datagrams));
    ASSERT_TRUE(sent.ok()) << sent.error().message();
    EXPECT_EQ(*sent, datagrams.size());
    EXPECT_FALSE(sender.gso_active());
    EXPECT_EQ(receive(receiver, datagrams.size()), datagrams);
}

TEST_F(Udp, a_datagram_beyond_the_mtu_is_an_error_and_never_fragments) {
    auto sender = open_sender(true);
    const Bytes large(1473);
    const ByteSpan one[] = {large};
    const auto sent = sender.send_batch(one);
    ASSERT_FALSE(sent.ok());
    EXPECT_EQ(sent.error().code(), Errc::invalid_argument);
    EXPECT_NE(sent.error().message().find("1473 bytes"), std::string::npos);
    const std::vector<Bytes> run(3, Bytes(1473));
    EXPECT_FALSE(sender.send_batch(views(run)).ok());
}

TEST(UdpWithoutLink, an_interface_that_went_down_is_an_error) {
    VethPair pair(VethPair::Link::whatever);
    const auto left = resolve_interface("left");
    auto sender = MulticastSender::open({.interface = *left, .group = kGroup});
    ASSERT_TRUE(sender.ok());
    VethPair::run("ip link set left down");
    const ByteSpan one[] = {as_bytes("hello")};
    const auto sent = sender->send_batch(one);
    ASSERT_FALSE(sent.ok());
    EXPECT_EQ(sent.error().code(), Errc::unavailable) << sent.error().message();
}

TEST_F(Udp, naks_arrive_at_the_senders_own_port) {
    auto sender = open_sender(true);
    auto receiver = open_receiver(true);
    const auto to = sender.local_address();
    EXPECT_EQ(to.ip(), "10.77.0.1");
    ASSERT_TRUE(receiver.send_to(to, as_bytes("first")).ok());
    ASSERT_TRUE(receiver.send_to(to, as_bytes("second")).ok());
    std::vector<std::string> got;
    const auto deadline = monotonic_now() + kLimit;
    while (got.size() < 2 && monotonic_now() < deadline) {
        const int fds[] = {sender.fd()};
        ASSERT_TRUE(wait_readable(fds, deadline - monotonic_now()).ok());
        std::array<Datagram, 8> batch;
        const auto count = sender.receive_batch(batch);
        ASSERT_TRUE(count.ok());
        for (std::size_t i = 0; i < *count; ++i) {
            EXPECT_EQ(batch[i].from, receiver.local_address());
            got.emplace_back(as_text(batch[i].bytes));
        }
    }
    EXPECT_EQ(got, (std::vector<std::string>{"first", "second"}));
    std::array<Datagram, 8> none;
    EXPECT_EQ(sender.receive_batch(none).value(), 0u);
}

TEST_F(Udp, ipv6_carries_the_same_and_naks_come_back) {
    const auto group = *Address::parse("[ff15::8000:7]:5009");
    auto receiver = open_receiver(true, group);
    auto sender = open_sender(true, group);
    auto datagrams = make_datagrams();
    datagrams.back().resize(1452);  // 1500 bytes with the headers of IPv6
    ASSERT_EQ(sender.send_batch(views(datagrams)).value(), datagrams.size());
    EXPECT_TRUE(sender.gso_active());
    EXPECT_EQ(receive(receiver, datagrams.size()), datagrams);
    EXPECT_EQ(sender.local_address().ip(), "fd77::1");
    ASSERT_TRUE(receiver.send_to(sender.local_address(), as_bytes("nak")).ok());
    const int fds[] = {sender.fd()};
    ASSERT_EQ(wait_readable(fds, kLimit).value(), 1u);
    std::array<Datagram, 8> batch;
    ASSERT_EQ(sender.receive_batch(batch).value(), 1u);
    EXPECT_EQ(batch[0].from, receiver.local_address());
}

TEST_F(Udp, a_source_specific_receiver_of_ipv6_hears_its_source_only) {
    const auto group = *Address::parse("[ff35::8000:8]:5010");
    auto wanted = open_receiver(false, group, Address::parse_ip("fd77::1").value());
    auto other = open_receiver(false, group, Address::parse_ip("fd77::99").value());
    auto sender = open_sender(false, group);
    const ByteSpan one[] = {as_bytes("hello")};
    ASSERT_TRUE(sender.send_batch(one).ok());
    EXPECT_EQ(receive(wanted, 1).size(), 1u);
    EXPECT_TRUE(other.receive().value().empty());
}

TEST_F(Udp, datagrams_carry_the_hops_and_the_mark_they_were_given) {
    auto receiver = open_receiver(false);
    const int one = 1;
    ASSERT_EQ(::setsockopt(receiver.fd(), IPPROTO_IP, IP_RECVTTL, &one, sizeof one), 0);
    ASSERT_EQ(::setsockopt(receiver.fd(), IPPROTO_IP, IP_RECVTOS, &one, sizeof one), 0);
    pair_->enter_left();
    auto sender = MulticastSender::open(
        {.interface = *resolve_interface("left"), .group = kGroup, .ttl = 3, .dscp = 8});
    ASSERT_TRUE(sender.ok()) << sender.error().message();
    const ByteSpan datagram[] = {as_bytes("hello")};
    ASSERT_TRUE(sender->send_batch(datagram).ok());
    const int fds[] = {receiver.fd()};
    ASSERT_EQ(wait_readable(fds, kLimit).value(), 1u);
    alignas(cmsghdr) std::array<std::byte, 256> control{};
    std::array<std::byte, 64> bytes{};
    iovec vector{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr header{};
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    ASSERT_EQ(::recvmsg(receiver.fd(), &header, 0), 5);
    int hops = 0;
    int mark = 0;
    for (auto* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
        if (item->cmsg_type == IP_TTL) std::memcpy(&hops, CMSG_DATA(item), sizeof hops);
        if (item->cmsg_type == IP_TOS)
            mark = std::to_integer<int>(*reinterpret_cast<std::byte*>(CMSG_DATA(item)));
    }
    EXPECT_EQ(hops, 3);
    EXPECT_EQ(mark, 8 << 2);
}

TEST_F(Udp, a_source_specific_receiver_hears_its_source_only) {
    const auto group = Address::ipv4({232, 7, 7, 7}, 5008);
    auto wanted = open_receiver(false, group, Address::ipv4({10, 77, 0, 1}));
    auto other = open_receiver(false, group, Address::ipv4({10, 77, 0, 99}));
    auto sender = open_sender(false, group);
    const ByteSpan one[] = {as_bytes("hello")};
    ASSERT_TRUE(sender.send_batch(one).ok());
    EXPECT_EQ(receive(wanted, 1).size(), 1u);
    // What the first socket has, the second had its chance to get.
    EXPECT_TRUE(other.receive().value().empty());
}

TEST_F(Udp, a_socket_hears_only_the_group_it_joined) {
    auto mine = open_receiver(false);
    auto other = open_receiver(false, Address::ipv4({239, 192, 7, 8}, kGroup.port()));
    auto sender = open_sender(false, Address::ipv4({239, 192, 7, 8}, kGroup.port()));
    const ByteSpan one[] = {as_bytes("hello")};
    ASSERT_TRUE(sender.send_batch(one).ok());
    EXPECT_EQ(receive(other, 1).size(), 1u);
    EXPECT_TRUE(mine.receive().value().empty());
}

TEST_F(Udp, hears_the_group_again_after_a_rejoin) {
    auto receiver = open_receiver(true);
    ASSERT_TRUE(receiver.rejoin().ok());
    auto sender = open_sender(true);
    const ByteSpan one[] = {as_bytes("hello")};
    ASSERT_TRUE(sender.send_batch(one).ok());
    EXPECT_EQ(receive(receiver, 1).size(), 1u);
}

TEST_F(Udp, a_full_buffer_counts_what_the_kernel_dropped) {
    pair_->enter_right();
    auto opened = MulticastReceiver::open({.interface = *resolve_interface("right"),
                                           .group = kGroup,
                                           .receive_buffer_bytes = 8192,
                                           .gro = false});
    ASSERT_TRUE(opened.ok());
    auto sender = open_sender(false);
    const std::vector<Bytes> flood(200, Bytes(1400));
    ASSERT_EQ(sender.send_batch(views(flood)).value(), flood.size());
    std::size_t got = 0;
    for (auto batch = opened->receive(kLimit); !batch->empty(); batch = opened->receive()) {
        got += batch->size();
    }
    EXPECT_LT(got, flood.size());
    // The count rides on the next datagram that is accepted.
    const ByteSpan one[] = {as_bytes("after")};
    ASSERT_TRUE(sender.send_batch(one).ok());
    EXPECT_EQ(opened->receive(kLimit)->size(), 1u);
    EXPECT_EQ(opened->kernel_drops(), flood.size() - got);
}

TEST_F(Udp, a_capped_receive_buffer_is_a_warning_that_says_what_to_set) {
    EXPECT_FALSE(open_receiver(false).warning().has_value());  // root passes the limit
    pair_->enter_right();
    std::optional<std::string> warning;
    std::size_t granted = 0;
    std::thread([&] {
        // Capabilities are a thread's: only this one loses the right to pass the limit.
        __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
        __user_cap_data_struct data[2] = {};
        ASSERT_EQ(::syscall(SYS_capset, &header, data), 0);
        auto receiver = MulticastReceiver::open({.interface = *resolve_interface("right"),
                                                 .group = kGroup,
                                                 .receive_buffer_bytes = 256u << 20});
        ASSERT_TRUE(receiver.ok()) << receiver.error().message();
        warning = receiver->warning();
        granted = receiver->receive_buffer_bytes();
    }).join();
    ASSERT_TRUE(warning.has_value());
    EXPECT_NE(warning->find("sysctl -w net.core.rmem_max=268435456"), std::string::npos);
    EXPECT_LT(granted, 256u << 20);
    EXPECT_GT(granted, 0u);
}

TEST_F(Udp, wrong_groups_are_refused_in_words) {
    pair_->enter_left();
    const auto left = *resolve_interface("left");
    const auto unicast = MulticastSender::open({.interface = left, .group = Address::loopback(1)});
    EXPECT_EQ(unicast.error().code(), Errc::invalid_argument);
    const auto no_source =
        MulticastReceiver::open({.interface = left, .group = Address::ipv4({232, 1, 1, 1}, 5000)});
    EXPECT_EQ(no_source.error().code(), Errc::invalid_argument);
    const auto first = MulticastSender::open({.interface = left, .group = kGroup});
    ASSERT_TRUE(first.ok());
    const auto second = MulticastSender::open(
        {.interface = left, .group = kGroup, .local_port = first->local_port()});
    EXPECT_EQ(second.error().code(), Errc::busy);
}

}  // namespace
}  // namespace muster::net
