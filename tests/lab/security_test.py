# SPDX-License-Identifier: GPL-3.0-or-later
"""What a member that holds the group's key can do to the others, and what it cannot."""

import json
import os
import struct

from cases import check, check_equal, lab_test
from insider import DATA, REPAIR, STATUS, Insider
from rig import Room
from session import MIB, Session


def figures(session, name):
    return json.loads(session.receivers[name].out)


@lab_test(120)
def keys_change_on_the_way_and_who_is_out_reads_nothing_more(programs):
    epoch_packets = 256
    with Room() as room:
        session = Session(programs, room, 12 * MIB)
        session.send(3, rate="20M", more=["--epoch-packets", str(epoch_packets)])
        for name in ("PC-01", "PC-02"):
            session.receive(room.host(name))
        with Insider(room.host("insider"), session) as insider:
            epochs, opened, shut, steps = set(), 0, 0, set()
            while session.sender.running():
                heard = insider.hear()
                if heard is None:
                    continue
                epochs.add(heard.epoch)
                step = heard.number // epoch_packets
                steps.add(step)
                rekeys = (heard.epoch - step) % 256
                check(rekeys <= 1, f"{rekeys} rekeys")
                if rekeys == 0:
                    check(heard.body is not None, f"number {heard.number} did not open")
                    opened += 1
                    if opened == 1500:
                        insider.finish()
                else:
                    check(heard.body is None, "it was put out and reads on")
                    shut += 1
        print(f"{len(steps)} steps, {len(epochs)} epochs, {opened} datagrams opened, {shut} shut")
        check(len(steps) > 20, f"only {len(steps)} steps")
        check(opened >= 1500 and shut > 1500, f"{opened} opened, {shut} shut")
        session.check_all_exact()
        for name in session.receivers:
            check_equal(figures(session, name)["forged"], 0, f"{name}: forged blocks")


# In a source-specific group the receivers' own kernels drop what another sender says.
ANY_SOURCE = ("--group", "asm")


class Forger:
    """Says false things about what is to come, for as long as it is fed."""

    def __init__(self, insider):
        self._insider = insider
        self.forged = 0

    def answer(self, heard, ahead):
        """One false datagram of the same kind, about a symbol or row that has not been sent."""
        body = bytearray(heard.body)
        if heard.type in (DATA, REPAIR):
            place = 0 if heard.type == DATA else 8
            (number,) = struct.unpack_from(">I", body, place)
            struct.pack_into(">I", body, place, number + ahead)
            fixed = place + 4
            body[fixed:] = os.urandom(len(body) - fixed)
        else:
            struct.pack_into(">I", body, 20, 1_000_000)  # members
        whole = self._insider.say(heard, heard.number + ahead, bytes(body))
        self._insider.repeat(whole)
        self.forged += 1


@lab_test(180)
def forged_data_never_reaches_a_disk_and_is_reported(programs):
    """To the end of the session: what was forged is dropped, and its groups come by HTTPS."""
    with Room() as room:
        session = Session(programs, room, 16 * MIB)
        session.send(3, rate="40M", more=ANY_SOURCE)
        for name in ("PC-01", "PC-02"):
            session.receive(room.host(name, loss=0.01))
        with Insider(room.host("insider"), session) as insider:
            forger = Forger(insider)
            heard_count = 0
            while any(each.running() for each in session.receivers.values()):
                heard = insider.hear()
                if heard is None or heard.body is None:
                    continue
                heard_count += 1
                if heard.type == STATUS or heard_count % 20 == 0:
                    forger.answer(heard, 300)  # 90 ms: enough for a busy machine
            insider.finish()
            session.check_all_exact()
        check(forger.forged > 100, f"only {forger.forged} datagrams were forged")
        for name in session.receivers:
            found = figures(session, name)
            print(f"{name}: {forger.forged} forged datagrams, {found}")
            check(found["forged"] > 0, f"{name} has found no forged block")
            check(found["unicast_bytes"] > 0, f"{name} has taken nothing by HTTPS")
            check(any("forged" in line and "key" in line
                      for line in session.sender.err.splitlines() if line.startswith(name)),
                  f"the sender does not speak of {name}: {session.sender.err}")


@lab_test(120)
def numbers_far_ahead_and_replays_harm_nobody(programs):
    """Every true datagram is repeated, and a member claims numbers from the end of the world."""
    with Room() as room:
        session = Session(programs, room, 8 * MIB)
        session.send(2, rate="40M", more=ANY_SOURCE)
        session.receive(room.host("PC-01"))
        with Insider(room.host("insider"), session) as insider:
            jumps = 0
            while session.receivers["PC-01"].running():
                heard = insider.hear()
                if heard is None or heard.body is None:
                    continue
                insider.say(heard, heard.number, heard.body)
                if heard.type == STATUS:
                    for far in (1 << 20, (1 << 22) * 60, 1 << 27):
                        insider.say(heard, heard.number + far, heard.body)
                    jumps += 1
            insider.finish()
            session.check_all_exact()
        found = figures(session, "PC-01")
        print(f"{jumps} jumps: {found}")
        check(jumps > 20, f"only {jumps} jumps")
        check(found["loss"] < 0.02, f"a loss of {found['loss']} is believed")
        check_equal(found["forged"], 0, "forged blocks")
