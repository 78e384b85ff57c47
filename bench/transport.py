#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transport costs: bytes on the server's wire per byte of image, and how fast it is.

Every row is a new room: 4 receivers, a link of 200 Mbit/s, a share of the multicast datagrams lost
at each receiver independently, segmentation offload off so that every datagram counts. The clock
runs from the first data on the wire until the last output has its full length under its name.
"""

import argparse
import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(ROOT, "tests/lab")]
sys.dont_write_bytecode = True

from peers import PEERS  # noqa: E402
from rig import Interrupted, Room, catch_signals  # noqa: E402
from rig.keeper import keep_folder  # noqa: E402

LINK_BITS_PER_SECOND = 200_000_000
RECEIVERS = 4
LOSSES = (0.0, 0.01, 0.05, 0.10)
LIMIT_S = 120
DATA_HAS_BEGUN_BYTES = 64 << 10  # more than any greeting

# What --check demands: (peer, loss) -> most bytes on the wire per byte of image.
BARS = {("muster", 0.05): 1.15}


@dataclasses.dataclass
class Row:
    peer: str
    loss: float
    wire_ratio: float = 0.0
    goodput_ratio: float = 0.0
    seconds: float = 0.0
    exact: int = 0
    note: str = ""

    def missed(self):
        """Why this row misses its bar, or None."""
        bar = BARS.get((self.peer, self.loss))
        if bar is None:
            return None
        if self.exact != RECEIVERS:
            return f"{RECEIVERS - self.exact} of {RECEIVERS} outputs wrong"
        return f"{self.wire_ratio:.3f} > {bar}" if self.wire_ratio > bar else None


def digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def length(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


class Stopwatch:
    """Watches the server's wire and the outputs while the programs run."""

    def __init__(self, server, outputs, image_bytes):
        self._server, self._outputs, self._image_bytes = server, outputs, image_bytes
        self._first_byte = server.tx_bytes()
        self.began_at = None
        self.done_at = None

    def wire_bytes(self):
        return self._server.tx_bytes() - self._first_byte

    def look(self):
        now = time.monotonic()
        if self.began_at is None and self.wire_bytes() > DATA_HAS_BEGUN_BYTES:
            self.began_at = now
        if self.done_at is None and all(
                length(path) == self._image_bytes for path in self._outputs):
            self.done_at = now


def measure(peer, loss, image, image_digest, folder):
    row = Row(peer.name, loss)
    image_bytes = os.path.getsize(image)
    with Room(link_rate=LINK_BITS_PER_SECOND, folder=folder) as room:
        server = room.host("server")
        hosts = [room.host(f"PC-{number:02}", loss=loss) for number in range(1, RECEIVERS + 1)]
        outputs = [os.path.join(room.tmp, f"{host.name}.out") for host in hosts]
        watch = Stopwatch(server, outputs, image_bytes)
        sender, receivers = peer.start(room, server, hosts, image, outputs)
        deadline = time.monotonic() + LIMIT_S
        tick = threading.Event()
        while any(program.running() for program in (sender, *receivers)):
            watch.look()
            if time.monotonic() > deadline:
                row.note = f"STALLED: not over after {LIMIT_S} s"
                break
            tick.wait(0.005)
        watch.look()
        row.wire_ratio = watch.wire_bytes() / image_bytes
        row.exact = sum(digest(path) == image_digest for path in outputs)
        if watch.done_at and watch.began_at:
            row.seconds = watch.done_at - watch.began_at
            row.goodput_ratio = image_bytes * 8 / row.seconds / LINK_BITS_PER_SECOND
        row.note = row.note or failures((sender, *receivers))
    return row


def failures(programs):
    """The last line of the first program that did not end well."""
    for program in programs:
        if program.exit_code != 0:
            lines = (program.out + "\n" + program.err).strip().splitlines()
            name = os.path.basename(program.argv[0])
            return f"{name} exit code {program.exit_code}: {lines[-1] if lines else 'silent'}"
    return ""


HEADER = f"{'transport':<10} {'loss':>5}  {'wire/image':>10}  {'goodput/link':>12}  " \
         f"{'seconds':>7}  exact"


def show(row):
    goodput = f"{row.goodput_ratio:.3f}" if row.seconds else "-"
    seconds = f"{row.seconds:.1f}" if row.seconds else "-"
    print(f"{row.peer:<10} {row.loss:>5.0%}  {row.wire_ratio:>10.3f}  {goodput:>12}  "
          f"{seconds:>7}  {row.exact}/{RECEIVERS}  {row.note}".rstrip(), flush=True)


def memory_folder(needed_bytes):
    """Disks are not what is measured: outputs lie in memory when there is room."""
    shm = "/dev/shm"
    return shm if os.path.isdir(shm) and shutil.disk_usage(shm).free > needed_bytes else None


def run(options):
    image_bytes = options.mebibytes << 20
    parent = memory_folder(image_bytes * (2 * RECEIVERS + 2))
    rows = []
    with tempfile.TemporaryDirectory(prefix="muster-bench-", dir=parent) as folder:
        keep_folder(folder)  # also when this program is killed: it lies in memory
        image = os.path.join(folder, "image")
        with open(image, "wb") as file:
            for _ in range(options.mebibytes):
                file.write(os.urandom(1 << 20))
        image_digest = digest(image)
        print(f"{options.mebibytes} MiB to {RECEIVERS} receivers, "
              f"link {LINK_BITS_PER_SECOND // 10**6} Mbit/s\n{HEADER}")
        for name in options.peers:
            peer = PEERS[name](options.bin, LINK_BITS_PER_SECOND)
            for loss in options.losses:
                row = measure(peer, loss, image, image_digest, folder)
                show(row)
                if row.missed():
                    print(f"  missed ({row.missed()}), once more", flush=True)
                    row = measure(peer, loss, image, image_digest, folder)
                    show(row)
                rows.append(row)
    return rows


def write_json(path, rows, options):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"link_bits_per_second": LINK_BITS_PER_SECOND, "receivers": RECEIVERS,
                   "image_bytes": options.mebibytes << 20,
                   "rows": [dataclasses.asdict(row) for row in rows]}, file, indent=2)
        file.write("\n")


def main():
    parser = argparse.ArgumentParser(description="Multicast transports side by side.")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--losses", nargs="+", type=float, default=list(LOSSES))
    parser.add_argument("--mebibytes", type=int, default=100, help="size of the image")
    parser.add_argument("--json", default=os.path.join(ROOT, "build/bench/transport.json"))
    options = parser.parse_args()
    catch_signals()
    try:
        rows = run(options)
    except Interrupted as signal:
        return signal.exit_code
    write_json(options.json, rows, options)
    missed = [row for row in rows if row.missed()]
    for row in missed:
        print(f"MISSED {row.peer} at {row.loss:.0%} loss: {row.missed()}")
    if options.check and not missed:
        print("every bar is met")
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
