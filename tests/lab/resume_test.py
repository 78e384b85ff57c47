# SPDX-License-Identifier: GPL-3.0-or-later
"""Joining, leaving and coming back at any moment: everybody exact, and what it costs in egress.

What a receiver missed has to be sent again to it; beyond that at most a few percent.
"""

import os
import random

from cases import check, lab_test
from rig import Room, wait_until
from session import MIB, Session

BLOCK = 90112
SYMBOL = 1408
DATA_WIRE = 1486
REPAIR_WIRE = 1494


def symbols_sent(sender):
    """DATA and REPAIR datagrams of a `send --json` that has ended."""
    sent = sender.json()["bytes_sent"]
    return sent["source"] / DATA_WIRE + sent["repair"] / REPAIR_WIRE


def symbols_of(image_bytes):
    blocks = -(-image_bytes // BLOCK)
    return -(-image_bytes // SYMBOL) + -(-(24 + 32 * blocks) // SYMBOL)


def joined_groups(host):
    """The multicast groups a host listens to, as the kernel says."""

    def read():
        with open("/proc/thread-self/net/igmp", encoding="ascii") as file:
            return {line.split()[0] for line in file if line.startswith("\t\t\t\t")}

    return host.inside(read) - {"010000E0"}


def blocks_on_disk(image, part):
    """Numbers of the image's blocks that the file PART has, byte for byte."""
    found = set()
    with open(image, "rb") as whole, open(part, "rb") as piece:
        number = 0
        while expected := whole.read(BLOCK):
            if piece.read(BLOCK) == expected:
                found.add(number)
            number += 1
    return found


def joins_late(programs, share, loss):
    with Room(link_rate="100mbit") as room:
        session = Session(programs, room, 64 * MIB)
        session.send(1, rate="50M")
        session.receive(room.host("PC-01", loss=loss))
        late = room.host("PC-02", loss=loss)
        session.wait_for_progress(share)
        session.receive(late)
        wait_until(lambda: joined_groups(late), "PC-02 to join the group")
        missed = session.wire_bytes() / DATA_WIRE
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        whole = symbols_of(session.image_bytes)
        sent = symbols_sent(session.sender)
        print(f"joined after {missed / whole:.1%}: {sent / whole:.4f} x the image in symbols")
        check(0.8 * share < missed / whole < 1, f"it joined at {missed / whole:.1%}")
        # A lossy fleet of two costs 1 / (1-p) and the spread of the deficits, both times.
        allowed = (whole + missed) * (1 + 1.8 * loss) + 0.01 * whole
        check(sent <= allowed, f"{sent:.0f} symbols sent, at most {allowed:.0f} of {whole}")


@lab_test(120)
def who_joins_at_5_percent_costs_what_it_missed(programs):
    joins_late(programs, 0.05, 0)


@lab_test(120)
def who_joins_at_40_percent_costs_what_it_missed(programs):
    joins_late(programs, 0.40, 0)


@lab_test(120)
def who_joins_at_95_percent_costs_what_it_missed(programs):
    joins_late(programs, 0.93, 0)


@lab_test(120)
def who_joins_at_40_percent_of_a_lossy_session_costs_what_it_missed(programs):
    joins_late(programs, 0.40, 0.01)


@lab_test(180)
def killed_receiver_asks_only_for_what_it_has_not(programs):
    """Three times at random moments; the same moments every time the test runs."""
    chance = random.Random(20)
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 128 * MIB)
        session.send(2, rate="100M")
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        pc = room.hosts["PC-02"]
        moments = sorted(chance.uniform(0.1, 0.9) for _ in range(3))
        for moment in moments:
            session.wait_for_progress(moment)
            session.receivers["PC-02"].kill()
            had = blocks_on_disk(session.image, session.output("PC-02") + ".part")
            session.receive(pc)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        wanted = next(receiver["wanted_blocks"] for receiver in session.sender.json()["receivers"]
                      if receiver["name"].startswith("PC-02"))
        whole = -(-session.image_bytes // BLOCK)
        # The manifest's block too; a block may have been written and not yet noted.
        check(wanted <= whole + 1 - len(had) + 2,
              f"it wanted {wanted} of {whole} blocks and had {len(had)}")
        print(f"killed at {moments[-1]:.0%}: had {len(had)} of {whole} blocks, wanted {wanted}")


@lab_test(180)
def killed_sender_costs_a_twentieth_of_the_image(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 400 * MIB, sparse=True)
        session.send(3)
        for number in (1, 2, 3):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        session.wait_for_progress(0.5)
        session.sender.kill()
        session.send(3)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_egress(session, 1.02 * 1.015, again=0.05)


def check_egress(session, usual, again):
    """Wire bytes: what the session costs anyhow, and a share of the image once more."""
    ratio = session.wire_bytes() / session.image_bytes
    headers = DATA_WIRE / SYMBOL
    allowed = (usual + again) * headers
    print(f"{ratio:.3f} x the image on the wire, at most {allowed:.3f}")
    check(ratio <= allowed, f"{ratio:.3f} x the image on the wire, at most {allowed:.3f}")
    return ratio


def server_cable_out(programs, seconds):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 256 * MIB)
        session.send(3)
        for number in (1, 2, 3):
            session.receive(room.host(f"PC-0{number}"))
        session.wait_for_progress(0.3)
        session.server.link(False)
        session.sender.wait_for_line("paused: the network cable")
        before = session.wire_bytes()
        room.shell(f"sleep {seconds}")
        check(session.wire_bytes() - before < MIB, "it sent on without a cable")
        session.server.link(True)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        check_egress(session, 1.02, again=0.05)


@lab_test(120)
def servers_cable_out_for_1_second(programs):
    server_cable_out(programs, 1)


@lab_test(120)
def servers_cable_out_for_5_seconds(programs):
    server_cable_out(programs, 5)


@lab_test(180, label="full")
def servers_cable_out_for_30_seconds(programs):
    server_cable_out(programs, 30)


def receivers_cable_out(programs, seconds):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 256 * MIB)
        session.send(3)
        for number in (1, 2, 3):
            session.receive(room.host(f"PC-0{number}"))
        session.wait_for_progress(0.3)
        victim = room.hosts["PC-03"]
        before = session.wire_bytes()
        victim.link(False)
        room.shell(f"sleep {seconds}")
        missed = (session.wire_bytes() - before) / (session.image_bytes * DATA_WIRE / SYMBOL)
        victim.link(True)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        print(f"out for {seconds} s, {missed:.1%} of the image")
        check_egress(session, 1.02 + missed, again=0.05)


@lab_test(120)
def receivers_cable_out_for_1_second(programs):
    receivers_cable_out(programs, 1)


@lab_test(120)
def receivers_cable_out_for_5_seconds(programs):
    receivers_cable_out(programs, 5)


@lab_test(180, label="full")
def receivers_cable_out_for_30_seconds(programs):
    """Longer than its membership lasts: it comes back as a late joiner."""
    receivers_cable_out(programs, 30)


@lab_test(120)
def sender_pauses_when_nobody_is_heard(programs):
    """The switch behind the server is off for 8 s: the server has a link and no audience."""
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 128 * MIB)
        session.send(2, rate="50M")
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        session.wait_for_progress(0.2)
        for number in (1, 2):
            room.hosts[f"PC-0{number}"].link(False)
        session.sender.wait_for_line("paused: no receiver is heard")
        before = session.wire_bytes()
        room.shell("sleep 5")
        check(session.wire_bytes() - before < MIB, "it sent on although nobody was heard")
        for number in (1, 2):
            room.hosts[f"PC-0{number}"].link(True)
        session.sender.wait_for_line("goes on")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
