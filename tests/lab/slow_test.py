# SPDX-License-Identifier: GPL-3.0-or-later
"""Computers that cannot follow the stream: a slow port, a slow or stalled disk, a frozen program.

What is right or wrong here: everybody ends exact, who is slow is named with the cause and served in
the way the policy says. How long it takes is measured by bench/slow.py.
"""

import os
import re
import signal

from cases import check, check_equal, lab_test
from insider import STATUS, Insider
from lab_site import Site
from rig import Room, slow_disk, slow_processor, wait_until
from session import MIB, Session
from wims import make_wim

PORT = "20mbit"


def groups_joined(host):
    """Multicast groups this host is in, but for all-hosts."""

    def read():
        with open("/proc/thread-self/net/igmp", encoding="ascii") as file:
            return {line.split()[0] for line in file if line.startswith("\t\t\t\t")} - {"010000E0"}

    return host.inside(read)


def room_with_slow_port(programs, room, policy, image_bytes, slow=1, fast=3):
    session = Session(programs, room, image_bytes)
    session.send(slow + fast, more=["--slow-clients", policy])
    for number in range(1, slow + 1):
        session.receive(room.host(f"SLOW-{number}", rate=PORT))
    for number in range(1, fast + 1):
        session.receive(room.host(f"PC-{number:02}"))
    return session


def finished_before(session, names, later):
    for name in names:
        session.receivers[name].wait_for_exit(0, 120)
    check(all(session.receivers[name].running() for name in later),
          f"{later} should take longer than {names}")


@lab_test(180)
def slow_port_is_served_when_the_others_are_done(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        session = room_with_slow_port(programs, room, "defer", 32 * MIB)
        slow = room.hosts["SLOW-1"]
        session.receivers["SLOW-1"].wait_for_line("out of the multicast group.*port carries", 30)
        wait_until(lambda: not groups_joined(slow), "the slow one to be out of the group")
        finished_before(session, ["PC-01", "PC-02", "PC-03"], ["SLOW-1"])
        wait_until(lambda: groups_joined(slow), "the slow one to be back in the group")
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        ratio = session.wire_bytes() / session.image_bytes
        print(f"wire bytes / image bytes: {ratio:.3f}")
        check(ratio < 2.4, f"{ratio:.2f} images sent")


@lab_test(180)
def slow_port_that_is_flooded_finds_back_by_itself(programs):
    """No snooping: leaving the group does not help, and no order gets through."""
    with Room(link_rate="200mbit") as room:
        session = room_with_slow_port(programs, room, "defer", 96 * MIB, slow=2)
        finished_before(session, ["PC-01", "PC-02", "PC-03"], ["SLOW-1", "SLOW-2"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        ratio = session.wire_bytes() / session.image_bytes
        print(f"wire bytes / image bytes: {ratio:.3f}")
        check(ratio < 2.4, f"{ratio:.2f} images sent to two slow ones: they share one pass")


@lab_test(180)
def session_that_waits_is_as_slow_as_the_slowest_and_sends_once(programs):
    with Room(link_rate="200mbit") as room:
        session = room_with_slow_port(programs, room, "wait", 24 * MIB)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        ratio = session.wire_bytes() / session.image_bytes
        print(f"wire bytes / image bytes: {ratio:.3f}")
        check(ratio < 1.6, f"{ratio:.2f} images sent")


@lab_test(120)
def half_lossy_receiver_is_not_taken_for_a_slow_port(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(3)
        session.receive(room.host("LOSSY", loss=0.5))
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        said = session.receivers["LOSSY"].err
        check("out of the multicast group" not in said, f"a lossy receiver was sent away: {said}")


@lab_test(120)
def receiver_that_is_frozen_for_5_s_does_not_hold_up_the_others(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 96 * MIB)
        session.send(3)
        for number in (1, 2, 3):
            session.receive(room.host(f"PC-0{number}"))
        session.wait_for_progress(0.3)
        frozen = session.receivers["PC-03"]
        frozen.signal(signal.SIGSTOP)
        try:
            for name in ("PC-01", "PC-02"):
                session.receivers[name].wait_for_exit(0, 60)
        finally:
            frozen.signal(signal.SIGCONT)
        session.check_all_exact()
        session.sender.wait_for_exit(0)


def disk_for(room, name, options="rw"):
    """An ext4 of its own in memory and its folder; what is written while it is frozen waits."""
    disk = room.disk(320 * MIB)
    folder = os.path.join(room.tmp, f"{name}-disk")
    room.shell(f"mkfs.ext4 -q -O ^has_journal {disk.device}; mkdir {folder}; "
               f"mount -o {options} {disk.device} {folder}")
    return disk, folder


@lab_test(120)
def disk_that_stalls_for_5_s_does_not_hold_up_the_others(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 96 * MIB)
        _, stalls = disk_for(room, "PC-03")
        session.send(3)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        inside = os.path.join(stalls, "PC-03.out")
        session.receive(room.host("PC-03"), out=inside)
        session.wait_for_progress(0.3)
        room.shell(f"fsfreeze --freeze {stalls}")
        try:
            for name in ("PC-01", "PC-02"):
                session.receivers[name].wait_for_exit(0, 60)
            check(session.receivers["PC-03"].running(), "its disk did not stall")
        finally:
            room.shell(f"fsfreeze --unfreeze {stalls}")
        session.receivers["PC-03"].wait_for_exit(0, 60)
        room.shell(f"cmp {session.image} {inside}; umount {stalls}")
        session.sender.wait_for_exit(0)
        check_equal({r["state"] for r in session.sender.json()["receivers"]}, {"verified"},
                    "states at the end")


def check_takes_its_share(session, slow, seconds):
    """The fast ones end first, and what the slow one took in the first pass is not sent again."""
    finished_before(session, ["PC-01", "PC-02"], [slow])
    first_pass = session.wire_bytes()
    session.receivers[slow].wait_for_exit(0, seconds)
    session.sender.wait_for_exit(0)
    second_pass = session.wire_bytes() - first_pass
    print(f"first pass {first_pass / session.image_bytes:.3f}, "
          f"second {second_pass / session.image_bytes:.3f} of the image")
    check(first_pass < 1.15 * session.image_bytes, "the others were sent more than they need")
    return second_pass / session.image_bytes


@lab_test(180)
def slow_disk_takes_its_share_of_the_first_pass(programs):
    """60 of 190 Mbit/s: a third in the first pass, so the second sends two thirds of the image."""
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 192 * MIB)
        disk, folder = disk_for(room, "SLOW", "sync")
        session.send(3)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        inside = os.path.join(folder, "SLOW.out")
        session.receive(room.host("SLOW"), out=inside, options=["--memory", "64M"])
        with slow_disk(session.receivers["SLOW"], disk, 60_000_000 // 8):
            second = check_takes_its_share(session, "SLOW", 60)
        room.shell(f"cmp {session.image} {inside}; umount {folder}")
        check(0.3 < second < 0.85, f"{second:.2f} of the image in the second pass")


@lab_test(180)
def slow_processor_takes_its_share_of_the_first_pass(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 192 * MIB)
        session.send(3)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        session.receive(room.host("SLOW"), options=["--memory", "64M"])
        with slow_processor(session.receivers["SLOW"], 0.03):
            second = check_takes_its_share(session, "SLOW", 90)
        session.check_all_exact()
        check(0.2 < second < 0.9, f"{second:.2f} of the image in the second pass")


@lab_test(120)
def receiver_that_asks_for_everything_is_served_last(programs):
    """NAKs for all of every group, all the time: the others are not sent a symbol more for it."""
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(3)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        with Insider(room.host("greedy"), session) as insider:
            asked = 0
            while any(each.running() for each in session.receivers.values()):
                heard = insider.hear()
                if heard is not None and heard.body is not None and heard.type == STATUS:
                    insider.ask_for_everything(heard)
                    asked += 1
            insider.finish()
            session.check_all_exact()
            session.sender.wait_for_exit(3, 60)  # one of three has failed
        ratio = session.wire_bytes() / session.image_bytes
        print(f"{asked} NAKs; wire bytes / image bytes: {ratio:.3f}")
        check(asked > 50, f"it asked {asked} times only")
        check(session.sender.json()["naks"] > 20, "the sender has not heard it")
        check(ratio < 1.2, f"{ratio:.2f} images sent")


@lab_test(180)
def slow_port_that_is_evicted_takes_its_blocks_by_https(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        session = room_with_slow_port(programs, room, "evict", 24 * MIB)
        session.receivers["SLOW-1"].wait_for_line("out of the multicast group.*port carries", 30)
        finished_before(session, ["PC-01", "PC-02", "PC-03"], ["SLOW-1"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        figures = session.receivers["SLOW-1"].json()
        check(figures["unicast_bytes"] > session.image_bytes / 2,
              f"little of the image came by HTTPS: {figures}")
        ratio = session.wire_bytes() / session.image_bytes
        check(ratio < 2.4, f"{ratio:.2f} images sent")


@lab_test(180)
def site_serves_slow_computers_as_it_was_told(programs):
    with Room(link_rate="200mbit", snooping=True) as room:
        site = Site(programs, room, options=["--slow-clients", "evict"]).start()
        image, tree = make_wim(room, "image", noise_bytes=24 * MIB)
        site.computer("PC-01")
        site.computer("PC-02", rate=PORT)
        deployment = site.deploy_image(image, ["PC-01", "PC-02"], start_at=2, or_after=20)
        for computer in site.computers.values():
            site.start_agent(computer)
        site.wait_for_stage(deployment, "PC-02", "receiving by HTTPS")
        message = site.progress(deployment)[0]["PC-02"]["message"]
        check("port carries" in message, f"the cause is not told: {message!r}")
        site.check_all_verified(deployment, {"PC-01": tree, "PC-02": tree})


@lab_test(120)
def receiver_that_never_answers_is_lost_and_nobody_else(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(3)
        for number in (1, 2, 3):
            session.receive(room.host(f"PC-0{number}"))
        session.wait_for_progress(0.02)
        dead = session.receivers.pop("PC-03")
        dead.signal(signal.SIGSTOP)
        session.check_all_exact()
        wait_until(lambda: not session.sender.running(), "the session to end without it", 90)
        found = {r["name"].split("/")[0]: r["state"] for r in session.sender.json()["receivers"]}
        states = sorted(found.values())
        check(states.count("lost") == 1, f"states at the end: {states}")
        dead.kill()


@lab_test(60)
def slow_clients_must_be_a_known_word(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        wrong = session.send_once(more=["--slow-clients", "ignore"])
        check(wrong.wait(30) != 0, "an unknown policy was taken")
        check(re.search("slow-clients.*defer", wrong.err, re.S), f"not named: {wrong.err}")
