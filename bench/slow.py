# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody slows the room: what slow, stalled, dead and hostile receivers cost the others.

Times of the others are ratios against the same room without the trouble, in the same run. The time
of a fast receiver counts from the first byte of the image on the wire to the end of its program.
"""

import os
import signal
import threading
import time

from harness import Row, at_most
from insider import STATUS, Insider
from rig import Room
from session import MIB, Session

LINK, PORT = 200_000_000, 20_000_000
RATE = "190M"
FAST = 7
MEBIBYTES = 100
LIMIT_S = 170
DATA_HAS_BEGUN_BYTES = 64 << 10


def rows(context):
    """The others, the slow one and the egress come from one transfer each."""
    for slow, egress in ((1, 2.2), (2, 2.3)):
        name = "a slow port" if slow == 1 else f"{slow} slow ports"
        yield Row(f"slow/{name}: time of the others, against without",
                  lambda slow=slow: others(context, slow), seconds=95, quick=False)
        yield Row(f"slow/{name}: its time, against image / its rate",
                  lambda slow=slow: its_own(context, slow), seconds=1)
        yield Row(f"slow/{name}: egress",
                  lambda slow=slow, egress=egress: sent(context, slow, egress), seconds=1)
    yield Row("slow/an evicted slow port: time of the others, against without",
              lambda: others(context, 1, "evict"), seconds=60)
    yield Row("slow/an evicted slow port: its time, against image / its rate",
              lambda: its_own(context, 1, "evict"), seconds=1)
    yield Row("slow/an evicted slow port: egress",
              lambda: sent(context, 1, 2.2, "evict"), seconds=1)
    for name, trouble in TROUBLES.items():
        yield Row(f"slow/a receiver that {name}: time of the others, against without",
                  lambda name=name, trouble=trouble: troubled(context, name, trouble), seconds=16)


# ---- findings ----

def without(context):
    return context.once(("slow", 0), lambda: run_room(context))


def with_slow(context, slow, policy):
    return context.once(("slow", slow, policy), lambda: run_room(context, slow, policy))


def others(context, slow, policy="defer"):
    fast, alone = with_slow(context, slow, policy)["fast"], without(context)["fast"]
    return at_most(fast / alone, 1.05, f"{fast:.2f} s, without {alone:.2f} s")


def its_own(context, slow, policy="defer"):
    took = with_slow(context, slow, policy)["slow"]
    own = 8 * MEBIBYTES * MIB / PORT
    return at_most(took / own, 1.3, f"{took:.1f} s, the image at its rate {own:.1f} s")


def sent(context, slow, limit, policy="defer"):
    egress = with_slow(context, slow, policy)["egress"]
    return at_most(egress, limit, f"{egress:.3f} x image")


def troubled(context, name, trouble):
    found = context.once(("slow", name), lambda: run_room(context, trouble=trouble))
    fast, alone = found["fast"], without(context)["fast"]
    return at_most(fast / alone, 1.05, f"{fast:.2f} s, without {alone:.2f} s")


# ---- rooms ----

def run_room(context, slow=0, policy="defer", trouble=None):
    """Seconds of the last fast receiver and of the last slow one, and bytes sent / image."""
    with Room(link_rate=LINK, folder=context.folder) as room:
        session = Session(context, room, MEBIBYTES * MIB)
        fast = [f"PC-{number:02}" for number in range(1, FAST + 1)]
        slow_ones = [f"SLOW-{number}" for number in range(1, slow + 1)]
        session.send(len(fast + slow_ones) + (trouble is not None), rate=RATE,
                     more=("--slow-clients", policy))
        helper = trouble(session) if trouble else None
        for name in fast:
            session.receive(room.host(name))
        for name in slow_ones:
            session.receive(room.host(name, rate=PORT))
        seconds = watch(session, fast + slow_ones)
        if helper:
            helper.end()
        session.check_all_exact()
        return {"fast": max(seconds[name] for name in fast),
                "slow": max((seconds[name] for name in slow_ones), default=0),
                "egress": session.wire_bytes() / session.image_bytes}


def watch(session, names):
    """When each of them ended, in seconds since the stream began."""
    began, ended = None, {}
    deadline = time.monotonic() + LIMIT_S
    tick = threading.Event()
    while set(names) - set(ended):
        now = time.monotonic()
        if began is None and session.wire_bytes() > DATA_HAS_BEGUN_BYTES:
            began = now
        for name in names:
            if name not in ended and not session.receivers[name].running():
                ended[name] = now
        if now > deadline:
            raise AssertionError(f"not over after {LIMIT_S} s: {session.sender.describe()}")
        tick.wait(0.005)
    return {name: at - began for name, at in ended.items()}


# ---- troubles: each makes one more member, and something happens to it ----

class Victim:
    def __init__(self, session, share, what):
        session.receive(session.room.host("TROUBLE"))
        self._session = session
        self._process = session.receivers["TROUBLE"]
        self._thread = threading.Thread(target=self._strike, args=(share, what))
        self._thread.start()

    def _strike(self, share, what):
        self._session.wait_for_progress(share)
        what(self._session, self._process)

    def end(self):
        self._thread.join()


def stalls(_, process):
    process.signal(signal.SIGSTOP)
    time.sleep(5)
    process.signal(signal.SIGCONT)


def is_killed(session, process):
    session.receivers.pop("TROUBLE")
    process.kill()


def freezes(session, process):
    session.receivers.pop("TROUBLE")
    process.signal(signal.SIGSTOP)


class StalledDisk(Victim):
    """Its output lies on a file system that is frozen for 5 s."""

    def __init__(self, session):
        room = session.room
        disk = room.disk((MEBIBYTES + 40) * MIB)
        self._folder = os.path.join(room.tmp, "disk")
        self._out = os.path.join(self._folder, "out")
        room.shell(f"mkfs.ext4 -q -O ^has_journal {disk.device}; mkdir {self._folder}; "
                   f"mount {disk.device} {self._folder}")
        session.receive(room.host("TROUBLE"), out=self._out)
        self._session = session
        self._process = session.receivers.pop("TROUBLE")
        self._thread = threading.Thread(target=self._strike, args=(0.3, self._stall))
        self._thread.start()

    def _stall(self, session, _):
        session.room.shell(f"fsfreeze --freeze {self._folder}")
        time.sleep(5)
        session.room.shell(f"fsfreeze --unfreeze {self._folder}")

    def end(self):
        super().end()
        self._process.wait_for_exit(0, LIMIT_S)
        self._session.room.shell(f"cmp {self._session.image} {self._out}; umount {self._folder}")


class Greedy:
    """A member that says of every group that all of it is missing."""

    def __init__(self, session):
        self._session = session
        self._insider = Insider(session.room.host("TROUBLE"), session)
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self):
        while self._session.sender.running():
            heard = self._insider.hear()
            if heard is not None and heard.body is not None and heard.type == STATUS:
                self._insider.ask_for_everything(heard)

    def end(self):
        self._insider.finish()
        self._session.sender.wait(60)
        self._thread.join()
        self._insider.__exit__()


TROUBLES = {
    "stalls for 5 s": lambda session: Victim(session, 0.2, stalls),
    "has a disk that stalls for 5 s": StalledDisk,
    "is killed": lambda session: Victim(session, 0.3, is_killed),
    "never answers": lambda session: Victim(session, 0.01, freezes),
    "asks for everything": Greedy,
}
