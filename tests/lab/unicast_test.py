# SPDX-License-Identifier: GPL-3.0-or-later
"""Multicast that does not arrive: noticed, named, made up for by HTTPS within its share, and left
again when multicast is back.

Host.loss(1) is a switch that does not forward, Host.block_igmp() one that does not listen,
Host.forget_groups() one that ages a group out, Host.firewall() a rule on the computer itself.
"""

import socket
import time

from cases import check, check_equal, lab_test
from lab_site import Site
from rig import Room, wait_until
from session import MIB, Session
from wims import make_wim

FALLBACK = "taking blocks by HTTPS"


def wait_for_snooping(room, server, deaf):
    """Until a group that nobody has joined does not reach a port any more.

    Only one query is sent: a further one would bring back who has been forgotten.
    """
    room.shell("ip link set br0 type bridge mcast_querier 0 mcast_query_response_interval 100 "
               "mcast_query_interval 60000 mcast_startup_query_interval 60000\n"
               "ip link set br0 type bridge mcast_querier 1\n")
    sock = server.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(server.address))

    def send():
        before = server.tx_bytes()
        for _ in range(20):
            sock.sendto(bytes(1000), ("239.255.77.77", 7777))
        wait_until(lambda: server.tx_bytes() - before > 20_000, "datagrams to leave the server")

    def filtered():
        before = deaf.rx_bytes()
        for _ in range(10):  # what the earlier ones did has been seen by the later ones
            send()
        return deaf.rx_bytes() - before < 50_000

    wait_until(filtered, "the bridge to filter multicast", 60)
    sock.close()


def end_figures(session, name, limit_s=120):
    session.receivers[name].wait_for_exit(0, limit_s)
    return session.receivers[name].json()


def check_share(server, running, share_bps, what):
    """What the server sends while running(), apart from multicast, stays within the share."""
    bytes_before, began = server.tx_bytes(), time.monotonic()
    wait_until(lambda: not running(), what, 120)
    seconds = time.monotonic() - began
    sent_bps = 8 * (server.tx_bytes() - bytes_before) / seconds
    print(f"{what}: {sent_bps / 1e6:.1f} Mbit/s of {share_bps / 1e6:.1f} over {seconds:.1f} s")
    # 64 KiB in flight at either end, STATUS and reports.
    check(sent_bps <= 1.05 * share_bps + 8 * 128 * 1024 / seconds + 200_000,
          f"{what}: {sent_bps / 1e6:.1f} Mbit/s, the share is {share_bps / 1e6:.1f}")


@lab_test(180)
def igmp_blocked_for_one_receiver_it_takes_its_blocks_by_https(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        session = Session(programs, room, 16 * MIB)
        hosts = [room.host(f"PC-0{number}") for number in (1, 2, 3)]
        hosts[1].block_igmp()
        wait_for_snooping(room, session.server, hosts[1])
        session.send(3, rate="80M")
        for host in hosts:
            session.receive(host)
        deaf = session.receivers["PC-02"]
        deaf.wait_for_line(f"no multicast has come since the session began.*IGMP.*{FALLBACK}", 12)
        for name in ("PC-01", "PC-03"):
            check_equal(end_figures(session, name)["unicast_bytes"], 0, f"{name} by HTTPS")
        check(deaf.running(), "PC-02 was done before the others")
        check_share(session.server, deaf.running, 16e6, "PC-02 by HTTPS")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        taken = deaf.json()["unicast_bytes"]
        check(taken > session.image_bytes, f"{taken} bytes by HTTPS: without image or manifest")
        figures = session.sender.json()
        check_equal(figures["bytes_sent"]["unicast"], taken, "bytes by HTTPS at the sender")
        check(figures["bytes_sent"]["total"] < 1.15 * session.image_bytes,
              "the image was multicast more than once")


@lab_test(180)
def igmp_blocked_for_all_they_share_what_https_may_take(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        session = Session(programs, room, 4 * MIB)
        hosts = [room.host(f"PC-0{number}") for number in range(1, 7)]
        for host in hosts:
            host.block_igmp()
        wait_for_snooping(room, session.server, hosts[0])
        session.send(6, rate="100M", more=["--unicast-share", "30"])
        for host in hosts:
            session.receive(host)
        for receiver in session.receivers.values():
            receiver.wait_for_line(FALLBACK)
        check_share(session.server,
                    lambda: any(receiver.running() for receiver in session.receivers.values()),
                    30e6, "six receivers by HTTPS")
        session.check_all_exact()
        session.sender.wait_for_exit(0)


@lab_test(180)
def group_that_the_switch_ages_out_is_joined_again_or_made_up_for(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        session = Session(programs, room, 48 * MIB)
        hosts = [room.host(f"PC-0{number}") for number in (1, 2, 3)]
        wait_for_snooping(room, session.server, hosts[0])
        session.send(3, rate="25M")
        for host in hosts:
            session.receive(host)
        session.wait_for_progress(0.1)
        hosts[2].block_igmp()
        for host in hosts[1:]:
            check(host.forget_groups() > 0, f"the switch knew no group of {host.name}")
        forgotten = session.receivers["PC-02"]

        def noticed():
            """Its kernel may report the group for another reason; then it is forgotten again."""
            if "joined the group again" in forgotten.err:
                return True
            hosts[1].forget_groups()
            return False

        wait_until(noticed, lambda: f"PC-02 to notice: {forgotten.describe()}", 30)
        forgotten.wait_for_line(r"came for \d+ s and stopped.*querier.*joined the group again")
        forgotten.wait_for_line("multicast arrives again")
        session.receivers["PC-03"].wait_for_line(rf"came for \d+ s and stopped.*{FALLBACK}")
        hosts[2].block_igmp(False)
        session.receivers["PC-03"].wait_for_line("multicast arrives again")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_equal(forgotten.json()["unicast_bytes"], 0, "PC-02 by HTTPS")
        check(0 < session.receivers["PC-03"].json()["unicast_bytes"] < session.image_bytes / 2,
              f"PC-03 by HTTPS: {session.receivers['PC-03'].json()}")


@lab_test(180)
def firewall_of_one_computer_is_named_and_multicast_is_used_when_it_opens(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 32 * MIB)
        hosts = [room.host(f"PC-0{number}") for number in (1, 2)]
        session.send(2, rate="40M")
        hosts[1].firewall()
        for host in hosts:
            session.receive(host)
        walled = session.receivers["PC-02"]
        walled.wait_for_line(f"a firewall here drops UDP to the group.*{FALLBACK}")
        hosts[1].firewall(False)
        walled.wait_for_line("multicast arrives again")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        figures = walled.json()
        check_equal(figures["delivery"], "multicast", "delivery at the end")
        check(figures["unicast_bytes"] < session.image_bytes / 2,
              f"most of the image came by HTTPS: {figures}")


@lab_test(120)
def image_that_is_multicast_only_waits_and_says_so(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 16 * MIB)
        host = room.host("PC-01", loss=1.0)
        session.send(1, rate="40M", more=["--multicast-only"])
        session.receive(host)
        receiver = session.receivers["PC-01"]
        receiver.wait_for_line("no multicast has come.*comes by multicast only.*waiting")
        check(receiver.running() and session.sender.running(), "somebody has given up")
        host.loss(0)
        receiver.wait_for_line("multicast arrives again")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_equal(session.sender.json()["bytes_sent"]["unicast"], 0, "bytes by HTTPS")


@lab_test(180)
def computer_of_a_site_that_multicast_does_not_reach_is_imaged_by_https(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="100M").start()
        image, tree = make_wim(room, "image", noise_bytes=12 * MIB)
        for name, loss in (("PC-01", 0.0), ("PC-02", 1.0)):
            site.computer(name, loss=loss)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"], start_at=2, or_after=20)
        for computer in site.computers.values():
            site.start_agent(computer)
        site.wait_for_stage(deployment, "PC-02", "receiving by HTTPS")
        message = site.progress(deployment)[0]["PC-02"]["message"]
        check("no multicast has come" in message, f"the cause is not told: {message!r}")
        site.check_all_verified(deployment, {"PC-01": tree, "PC-02": tree})
        devices, sessions = site.progress(deployment)
        check_equal(devices["PC-01"]["unicast_bytes"], 0, "PC-01 by HTTPS")
        check(devices["PC-02"]["unicast_bytes"] > 12 * MIB, f"PC-02: {devices['PC-02']}")
        check_equal(sessions[0]["bytes_sent"]["unicast"], devices["PC-02"]["unicast_bytes"],
                    "bytes by HTTPS at the server")


@lab_test(180)
def image_of_a_site_that_is_multicast_only_waits_and_says_so(programs):
    with Room(link_rate="200mbit") as room:
        site = Site(programs, room, rate="100M").start()
        image, tree = make_wim(room, "image", noise_bytes=2 * MIB)
        computer = site.computer("PC-01", loss=1.0)
        site.do("image", "add", "closed", image, "--multicast-only")
        check_equal(site.images()[0]["multicast_only"], True, "the image's flag")
        site.sequence("install closed", "closed")
        deployment = site.deploy("install closed", ["PC-01"])
        site.start_agent(computer)
        site.wait_for_stage(deployment, "PC-01", "waiting for multicast")
        message = site.progress(deployment)[0]["PC-01"]["message"]
        check("comes by multicast only" in message, f"the cause is not told: {message!r}")
        computer.host.loss(0)
        site.check_all_verified(deployment, {"PC-01": tree})
        check_equal(site.progress(deployment)[0]["PC-01"]["unicast_bytes"], 0, "bytes by HTTPS")
