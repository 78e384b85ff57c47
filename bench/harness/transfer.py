# SPDX-License-Identifier: GPL-3.0-or-later
"""One transfer: a new room, one image to some receivers by one transport, and what it took.

Two clocks. `wall_seconds` runs from the start of the last program (its exec: the room's own way to
it does not count) until every program that ends by itself has ended. `data_seconds` runs from the
first data on the wire until the last receiver has said that it has everything; goodput is the image
over it. Processor time is the machine's, from before the first program until the end of the wall
clock, so nothing else may run.
"""

import dataclasses
import hashlib
import os
import threading
import time

from rig import Room, wait_until

from . import machine

DATA_HAS_BEGUN_BYTES = 64 << 10  # more than any greeting
LINK_SHARE = 0.98
GB = 1e9


@dataclasses.dataclass(frozen=True)
class Job:
    """What is measured; equal jobs are measured once in a run."""
    peer: str
    receivers: int
    loss: float = 0.0
    link: int | None = 200_000_000  # bits per second; None: unshaped, offloads as the kernel sets
    mebibytes: int = 100
    limit_s: float = 60.0
    rate: int | None = None  # for peers at a fixed rate; None: what the link carries

    @property
    def sending_rate(self):
        """A little below the link, whose queue must not be what paces."""
        return self.rate or (round(self.link * LINK_SHARE) if self.link else None)


@dataclasses.dataclass
class Stage:
    """What a peer needs to start its programs."""
    room: object
    server: object
    receivers: list
    image: str
    outputs: list
    rate: int | None  # bits per second to send at; None: no limit
    programs: str     # folder of ours


@dataclasses.dataclass
class Running:
    """A peer's programs. `receivers` say by has_all(index) that they are done."""
    ending: list        # end by themselves, with exit code 0
    receivers: list
    has_all: object = None

    def received(self, index):
        if self.has_all:
            return self.has_all(index)
        return not self.receivers[index].running()


@dataclasses.dataclass
class Transfer:
    job: Job
    image_bytes: int
    wire_bytes: int = 0
    wall_seconds: float | None = None  # None: not over within the limit
    data_seconds: float | None = None
    cpu_seconds: float = 0.0
    exact: int = 0
    note: str = ""
    threads: dict = dataclasses.field(default_factory=dict)  # by program and name

    @property
    def complete(self):
        return self.exact == self.job.receivers and self.wall_seconds is not None

    @property
    def wire_ratio(self):
        return self.wire_bytes / self.image_bytes

    @property
    def goodput_bits_per_second(self):
        return self.image_bytes * 8 / self.data_seconds if self.complete else 0.0

    @property
    def cpu_seconds_per_gb(self):
        """Of what all receivers got together."""
        return self.cpu_seconds / (self.image_bytes * self.job.receivers / GB)

    def problem(self):
        """Why this is no result, or an empty text."""
        if self.wall_seconds is None:
            return f"stalls: not over after {self.job.limit_s:g} s"
        if self.exact != self.job.receivers:
            return f"{self.job.receivers - self.exact} of {self.job.receivers} outputs are wrong"
        return ""

    def text(self):
        why = self.problem()
        if why:
            return f"{why} {self.note}".strip()
        return f"{self.wire_ratio:.3f} x image on the wire, " \
               f"{self.goodput_bits_per_second / 1e6:.0f} Mbit/s, {self.wall_seconds:.1f} s, " \
               f"{self.cpu_seconds_per_gb:.2f} CPU s/GB"

    def as_dict(self):
        return {**dataclasses.asdict(self), "complete": self.complete,
                "wire_ratio": self.wire_ratio, "cpu_seconds_per_gb": self.cpu_seconds_per_gb,
                "goodput_mbit_per_second": self.goodput_bits_per_second / 1e6}


def digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def failure(programs):
    """The last line of the first program that did not end well."""
    for program in programs:
        if program.exit_code not in (0, None):
            lines = (program.out + "\n" + program.err).strip().splitlines()
            name = os.path.basename(program.argv[0])
            return f"{name} exit code {program.exit_code}: {lines[-1] if lines else 'silent'}"
    return ""


class _Threads:
    """Processor time of the threads of running programs, looked at now and then."""

    def __init__(self, programs):
        self._programs = programs
        self._seen = {}

    def look(self):
        for index, program in enumerate(self._programs):
            for number, (name, seconds) in machine.thread_seconds(program.pid).items():
                self._seen[(index, number)] = (name, seconds)

    def by_name(self):
        """{"muster send/name": seconds of all such threads, and of the busiest alone}."""
        sums = {}
        for (index, _), (name, seconds) in self._seen.items():
            argv = self._programs[index].argv
            verb = argv[1] if not argv[1].startswith("-") else ""
            key = f"{os.path.basename(argv[0])} {verb}".strip() + f"/{name}"
            of_name = sums.setdefault(key, {"seconds": 0.0, "busiest": 0.0})
            of_name["seconds"] += seconds
            of_name["busiest"] = max(of_name["busiest"], seconds)
        return sums


def _has_begun(program):
    """The rig starts a program by a Python of its own, which becomes the program."""
    try:
        return not os.path.basename(os.readlink(f"/proc/{program.pid}/exe")).startswith("python")
    except OSError:  # it has ended already
        return True


def _watch(running, server, transfer, first_byte):
    """Waits for the end, keeping the clocks."""
    programs = list(dict.fromkeys([*running.ending, *running.receivers]))
    wait_until(lambda: all(_has_begun(program) for program in programs), "the programs to start")
    started_at = time.monotonic()
    deadline = started_at + transfer.job.limit_s
    threads = _Threads(programs)
    began_at = received_at = None
    look_at = started_at
    tick = threading.Event()
    while True:
        now = time.monotonic()
        if began_at is None and server.tx_bytes() - first_byte > DATA_HAS_BEGUN_BYTES:
            began_at = now
        if received_at is None and all(
                running.received(index) for index in range(len(running.receivers))):
            received_at = now
        if now >= look_at:
            threads.look()
            look_at = now + 0.2
        if received_at and not any(program.running() for program in running.ending):
            transfer.wall_seconds = now - started_at
            transfer.data_seconds = received_at - (began_at or started_at)
            break
        if any(program.exit_code for program in running.ending) or now > deadline:
            break
        tick.wait(0.01)
    transfer.threads = threads.by_name()


def measure(job, peer, programs, image, image_digest, folder):
    transfer = Transfer(job, os.path.getsize(image))
    with Room(link_rate=job.link, offload=job.link is None, folder=folder) as room:
        server = room.host("server")
        hosts = [room.host(f"PC-{number:02}") for number in range(1, job.receivers + 1)]
        for host in hosts:
            if job.loss:
                host.loss(job.loss, everything=peer.unicast)
        outputs = [os.path.join(room.tmp, host.name, "image") for host in hosts]
        for output in outputs:
            os.mkdir(os.path.dirname(output))
        first_byte = server.tx_bytes()
        busy = machine.busy_seconds()
        running = peer.start(
            Stage(room, server, hosts, image, outputs, job.sending_rate, programs))
        _watch(running, server, transfer, first_byte)
        transfer.cpu_seconds = machine.busy_seconds() - busy
        transfer.wire_bytes = server.tx_bytes() - first_byte
        transfer.note = failure([*running.ending, *running.receivers])
        transfer.exact = sum(digest(path) == image_digest for path in outputs)
    return transfer
