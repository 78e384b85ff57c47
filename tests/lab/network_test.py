# SPDX-License-Identifier: GPL-3.0-or-later
"""What networks do to multicast: IPv6, switches that snoop, old switches, radios, queriers."""

import json
import os
import select
import socket

from cases import check, check_equal, lab_test
from rig import Room, wait_until
from session import MIB, Session, check_one_line

ETH_P_ALL = 3
QUERY_MAC = bytes.fromhex("01005e000001")


def give_ipv6(host):
    number = host.address.rsplit(".", 1)[1]
    host.run(["ip", "-6", "addr", "add", f"fd77::{number}/64", "dev", "eth0", "nodad"])


def lose_ipv6(host, per_cent):
    host.room.shell(f"""nft -f - <<'END'
table netdev lab6 {{
    chain arriving {{
        type filter hook ingress device "eth0" priority 0; policy accept;
        ip6 daddr ff00::/8 meta l4proto udp numgen random mod 100 < {per_cent} counter drop
    }}
}}
END
""", net=host.name)


def frames(host):
    """A packet socket that hears every frame at a host."""
    return host.inside(
        lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)))


def wait_for_snooping(sender, ear):
    """Until the switch keeps a group that nobody has joined from EAR."""
    group = "239.77.77.77"
    mac = bytes.fromhex("01005e4d4d4d")
    voice = sender.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    heard = frames(ear)

    def kept_away():
        voice.sendto(b"anybody?", (group, 9))
        while select.select([heard], [], [], 0.3)[0]:
            if heard.recv(2048)[:6] == mac:
                return False
        return True

    wait_until(kept_away, "the switch to snoop", 60)
    voice.close()
    heard.close()


def fast_querier(room):
    """Snooping works about a second after the start of the switch instead of ten."""
    room.shell("ip link set br0 type bridge mcast_query_response_interval 100\n"
               "ip link set br0 type bridge mcast_querier 0\n"
               "ip link set br0 type bridge mcast_querier 1\n")


def transfer_over(programs, kind):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 8 * MIB)
        give_ipv6(session.server)
        session.send(2, more=["--group", kind])
        for name, per_cent in (("PC-01", 0), ("PC-02", 5)):
            pc = room.host(name)
            give_ipv6(pc)
            if per_cent:
                lose_ipv6(pc, per_cent)
            session.receive(pc)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        figures = session.receivers["PC-02"].json()
        check(figures["loss"] > 0.01, f"PC-02 lost {figures['loss']} of the datagrams")
        check(session.sender.json()["naks"] > 0, "no NAK came over IPv6")


@lab_test(120)
def ipv6_carries_a_session(programs):
    transfer_over(programs, "asm6")


@lab_test(120)
def ipv6_carries_a_source_specific_session(programs):
    transfer_over(programs, "ssm6")


@lab_test(120)
def any_source_groups_still_work(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 8 * MIB)
        session.send(1, more=["--group", "asm", "--ttl", "4", "--dscp", "le"])
        session.receive(room.host("PC-01", loss=0.01))
        session.check_all_exact()
        session.sender.wait_for_exit(0)


@lab_test(120)
def a_switch_that_snoops_passes_the_stream_to_members_alone(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        fast_querier(room)
        session = Session(programs, room, 8 * MIB)
        bystander = room.host("bystander")
        wait_for_snooping(session.server, bystander)
        before = bystander.rx_bytes()
        session.send(1)
        session.receive(room.host("PC-01"))
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        got = bystander.rx_bytes() - before
        check(got < session.image_bytes / 10, f"a computer that did not join got {got} bytes")


@lab_test(120)
def a_switch_without_igmpv3_is_told_in_the_older_way(programs):
    """The port of PC-02 loses every IGMPv3 report, as at a switch that does not know them."""
    with Room(link_rate="200mbit", snooping=True) as room:
        # A querier of IGMPv2 would make the hosts speak IGMPv2 by themselves.
        room.shell("ip link set br0 type bridge mcast_igmp_version 3")
        fast_querier(room)
        session = Session(programs, room, 8 * MIB)
        pc, old = room.host("PC-01"), room.host("PC-02")
        room.shell(f"""nft -f - <<'END'
table netdev old {{
    chain from_port {{
        type filter hook ingress device "{old.port}" priority 0; policy accept;
        ip daddr 224.0.0.22 counter drop
    }}
}}
END
""")
        wait_for_snooping(session.server, old)
        session.send(2)
        session.receive(pc)
        session.receive(old)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        said = session.receivers["PC-02"].err
        check("joined from any source" in said, f"the cause is not named: {said}")
        check("any source" not in session.receivers["PC-01"].err, "PC-01 needed no wider join")


@lab_test(60)
def a_radio_is_refused_unless_it_is_allowed(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        pc = room.host("PC-01")
        sysfs = os.path.join(room.tmp, "net")
        os.makedirs(os.path.join(sysfs, "eth0", "phy80211"))
        radio = ["/bin/sh", "-euc", f"mount --bind {sysfs} /sys/class/net; exec \"$@\"", "sh"]
        check_one_line(session.send_once(wrapper=radio), ["eth0 is wireless", "--allow-wifi"])
        session.send(1)
        refused = session.receive_once(pc, wrapper=radio)
        check_one_line(refused, ["eth0 is wireless", "--allow-wifi"])
        session.receive(pc, wrapper=radio, options=["--allow-wifi"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)


def router_ports(room):
    """The ports behind which the switch has heard a querier."""
    found = json.loads(room.shell("bridge -d -j mdb show dev br0") or "[]")
    return [router["port"] for entry in found
            for router in entry.get("router", {}).get("br0", [])]


@lab_test(120)
def the_sender_stands_in_for_a_missing_querier(programs):
    with Room(link_rate="200mbit") as room:
        room.shell("ip link set br0 type bridge mcast_snooping 1 mcast_querier 0")
        session = Session(programs, room, MIB)
        ear = frames(room.host("PC-01"))
        check_equal(router_ports(room), [], "ports with a querier before")
        session.send(1, max_wait_s=60,
                     more=["--igmp-querier", "--querier-patience", "1"])

        def query():
            while select.select([ear], [], [], 0)[0]:
                frame = ear.recv(2048)
                if frame[:6] == QUERY_MAC:
                    return frame
            return None

        frame = wait_until(query, "a general query")
        ip = frame[14:]
        check_equal(ip[8], 1, "TTL of the query")
        check_equal(ip[20:24].hex(), "94040000", "router alert of the query")
        check_equal(ip[24:36].hex(), "1164ec1e00000000027d0000", "the query")
        wait_until(lambda: router_ports(room) == [session.server.port],
                   lambda: f"the switch to take the query: {router_ports(room)}")
        session.receive(room.hosts["PC-01"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check("asking ourselves" in session.sender.err, f"not said: {session.sender.err}")


@lab_test(120)
def the_sender_leaves_asking_to_a_querier_that_is_there(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        session = Session(programs, room, MIB)
        room.host("PC-01")
        # The switch asks with an address only when it has one.
        room.shell("ip addr add 10.77.0.250/24 dev br0\n"
                   "ip link set br0 type bridge mcast_query_use_ifaddr 1\n"
                   "ip link set br0 type bridge mcast_query_interval 100\n"
                   "ip link set br0 type bridge mcast_startup_query_interval 100\n"
                   "ip link set br0 type bridge mcast_querier 0\n"
                   "ip link set br0 type bridge mcast_querier 1\n")
        session.send(1, max_wait_s=60, more=["--igmp-querier", "--querier-patience", "60"])
        wait_until(lambda: "10.77.0.250 is the IGMP querier" in session.sender.err,
                   lambda: f"the querier to be heard: {session.sender.describe()}")
        session.receive(room.hosts["PC-01"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)


def set_mtu(host, mtu):
    """Of a host's interface and of its port of the switch."""
    host.room.shell(f"ip link set {host.port} mtu {mtu}\nip -n {host.name} link set eth0 mtu {mtu}")


def transfer_with_mtus(programs, server_mtu, mtus, symbol_bytes):
    with Room(link_rate="200mbit") as room:
        room.shell("ip link set br0 mtu 9000")
        session = Session(programs, room, 8 * MIB)
        set_mtu(session.server, server_mtu)
        session.send(len(mtus))
        for number, mtu in enumerate(mtus, 1):
            pc = room.host(f"PC-{number:02}", loss=0.01)
            set_mtu(pc, mtu)
            session.receive(pc)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_equal(session.sender.json()["symbol_bytes"], symbol_bytes, "bytes of a symbol")


@lab_test(120)
def jumbo_frames_are_used_where_all_can_take_them(programs):
    transfer_with_mtus(programs, 9000, [9000, 9000], 8192)


@lab_test(120)
def one_computer_without_jumbo_frames_gets_ordinary_ones_for_all(programs):
    transfer_with_mtus(programs, 9000, [9000, 1500], 1408)


@lab_test(120)
def a_small_mtu_at_one_computer_makes_small_symbols(programs):
    transfer_with_mtus(programs, 9000, [9000, 1500, 1280], 1024)


@lab_test(120)
def a_small_mtu_at_the_server_makes_small_symbols(programs):
    transfer_with_mtus(programs, 1280, [9000, 1500], 1024)


@lab_test(120)
def a_late_computer_that_cannot_take_the_datagrams_says_why_and_takes_blocks_by_https(programs):
    with Room() as room:
        session = Session(programs, room, 24 * MIB)
        session.send(1, rate="40M")
        session.receive(room.host("PC-01"))
        session.wait_for_progress(0.1)
        late = room.host("PC-02")
        set_mtu(late, 1280)
        session.receive(late)
        receiver = session.receivers["PC-02"]
        receiver.wait_for_line("only small datagrams come.*MTU of eth0.*taking blocks by HTTPS")
        session.check_all_exact()
        check(receiver.json()["unicast_bytes"] >= session.image_bytes, "not all came by HTTPS")


def second_network(room, host, number, interface="eth0"):
    """Puts an interface of a host on a switch of its own, br1, as 10.78.0.NUMBER."""
    port = f"q{number}"
    room.shell(f"""
        ip link show br1 2>/dev/null || ip link add br1 type bridge mcast_snooping 0
        ip link set br1 addrgenmode none
        ip link set br1 up
        ip -n {host.name} link del {interface} 2>/dev/null || true
        ip link add {port} type veth peer name {interface} netns {host.name}
        ip link set {port} addrgenmode none
        ip link set {port} master br1 up
        ip -n {host.name} link set {interface} addrgenmode none
        ip -n {host.name} addr add 10.78.0.{number}/24 dev {interface}
        ip -n {host.name} link set {interface} up
        ip netns exec {host.name} ethtool -K {interface} tx-udp-segmentation off tso off
        """)


def bytes_sent(host, interface):
    text = host.room.shell(f"cat /sys/class/net/{interface}/statistics/tx_bytes", net=host.name)
    return int(text)


@lab_test(180)
def two_networks_are_served_by_one_session(programs):
    with Room() as room:
        session = Session(programs, room, 24 * MIB)
        session.listen = "0.0.0.0"
        second_network(room, session.server, 1, "eth1")
        near, far = room.host("PC-01", loss=0.01), room.host("PC-02")
        second_network(room, far, 3)
        session.send(2, rate="100M", more=["--interface", "eth1"])
        session.receive(near)
        session.receive(far, server="10.78.0.1")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_equal(session.sender.json()["verified"], 2, "verified receivers")
        for interface in ("eth0", "eth1"):
            ratio = bytes_sent(session.server, interface) / session.image_bytes
            check(1 < ratio < 1.15, f"{ratio:.2f} images sent through {interface}")


@lab_test(180)
def a_late_computer_of_an_empty_network_is_served(programs):
    with Room() as room:
        session = Session(programs, room, 24 * MIB)
        session.listen = "0.0.0.0"
        second_network(room, session.server, 1, "eth1")
        near, far = room.host("PC-01"), room.host("PC-02")
        second_network(room, far, 3)
        session.send(1, rate="40M", more=["--interface", "eth1"])
        session.receive(near)
        session.wait_for_progress(0.2)
        session.receive(far, server="10.78.0.1")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_equal(session.sender.json()["verified"], 2, "verified receivers")


def joined_groups(host):
    def read():
        with open("/proc/thread-self/net/igmp", encoding="ascii") as file:
            return [line.split()[0] for line in file if line.startswith("\t\t\t\t")]

    return [group for group in host.inside(read) if group != "010000E0"]


def bytes_from_disk(process):
    try:
        with open(f"/proc/{process.pid}/io", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("read_bytes"))
    except (FileNotFoundError, ProcessLookupError):
        return None


@lab_test(180)
def two_networks_cost_one_read_of_the_image(programs):
    with Room() as room:
        session = Session(programs, room, 48 * MIB)
        session.listen = "0.0.0.0"
        second_network(room, session.server, 1, "eth1")
        near, far = room.host("PC-01"), room.host("PC-02")
        second_network(room, far, 3)
        session.send(2, rate="100M", more=["--interface", "eth1"])
        session.receive(near)
        wait_until(lambda: joined_groups(near), "PC-01 to join, and the file to be hashed")
        with open(session.image, "rb") as image:
            os.fsync(image.fileno())
            os.posix_fadvise(image.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        reads = [bytes_from_disk(session.sender)]
        session.receive(far, server="10.78.0.1")

        def ended():
            reads.append(bytes_from_disk(session.sender) or reads[-1])
            return not session.sender.running()

        wait_until(ended, "the session to end", 120)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        ratio = (reads[-1] - reads[0]) / session.image_bytes
        check(0.9 < ratio < 1.1, f"{ratio:.2f} images read from the disk")
