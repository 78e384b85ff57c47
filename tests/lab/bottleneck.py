# SPDX-License-Identifier: GPL-3.0-or-later
"""A room whose receivers lie behind one link of a given rate, which a TCP flow may use too.

The server and the TCP sender are on the room's switch; receivers and the TCP sink are on a second
one. Between the two lies a token bucket with a queue that drops what does not fit.
"""

import json
import os
import threading
import time

from rig import Room, wait_until

IMAGE_BYTES = 1 << 30  # sparse: longer than any scenario
DATA_HAS_BEGUN_BYTES = 256 << 10

TCP_SINK = """
import json, socket, sys, time
server = socket.create_server((sys.argv[1], 5001))
print("ready", flush=True)
flow, _ = server.accept()
total, due = 0, 0
while True:
    count = len(flow.recv(1 << 18))
    total, now = total + count, time.monotonic()
    if now >= due or not count:
        print(json.dumps([now, total]), flush=True)
        due = now + 0.1
    if not count:
        break
"""

TCP_SOURCE = """
import socket, sys, time
flow = socket.socket()
flow.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, sys.argv[2].encode())
flow.connect((sys.argv[1], 5001))
end, data = time.monotonic() + float(sys.argv[3]), bytes(1 << 16)
flow.settimeout(1)
while time.monotonic() < end:
    try:
        flow.send(data)
    except TimeoutError:
        pass
flow.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
flow.close()
"""


class Meter:
    """Samples (time, total bytes), from which the rate between two times follows."""

    def __init__(self, read=None):
        self.samples = []
        self._read = read
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _run(self):
        while not self._over.wait(0.05):
            self.samples.append((time.monotonic(), self._read()))

    def bits_per_second(self, begin, end):
        inside = [sample for sample in self.samples if begin <= sample[0] <= end]
        if len(inside) < 2 or inside[-1][0] - inside[0][0] < 0.8 * (end - begin):
            return 0.0
        return 8 * (inside[-1][1] - inside[0][1]) / (inside[-1][0] - inside[0][0])


class Bottleneck:
    """An adaptive session of `muster send` to receivers behind the link."""

    def __init__(self, muster, link_bits_per_second, *, queue_s=0.05, receivers=2, loss=0.0,
                 folder=None, options=()):
        self._muster, self._options = muster, options
        self._link, self._queue_s = link_bits_per_second, queue_s
        self._count, self._loss = receivers, loss
        self._room = Room(folder=folder)
        self._tick = threading.Event()  # never set
        self.meter = None
        self.began_at = None

    def __enter__(self):
        self._room.__enter__()
        try:
            self._build()
            self._start()
        except BaseException:
            self._room.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *what):
        if self.meter:
            self.meter.__exit__(*what)
        self._room.__exit__(*what)

    def _build(self):
        room = self._room
        self.server, self.source = room.host("server"), room.host("source")
        self.sink = room.host("sink")
        self.hosts = [room.host(f"PC-{number:02}", loss=self._loss)
                      for number in range(1, self._count + 1)]
        burst = max(3200, self._link // 8 // 1000)
        script = f"""
            ip link add br1 type bridge mcast_snooping 0
            ip link set br1 addrgenmode none
            ip link set br1 up
            ip link add near type veth peer name far
            ip link set near addrgenmode none
            ip link set far addrgenmode none
            ip link set near master br0 up
            ip link set far master br1 up
            tc qdisc replace dev near root tbf rate {self._link}bit burst {burst} \\
                limit {int(self._link / 8 * self._queue_s)}
            """
        for host in (self.sink, *self.hosts):
            script += f"ip link set {host.port} master br1\n"
        room.shell(script)

    def _start(self):
        room = self._room
        image, token = os.path.join(room.tmp, "image"), os.path.join(room.tmp, "token")
        with open(image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        self.sender = self.server.popen(
            [self._muster, "send", image, "--interface", "eth0", "--receivers", self._count,
             "--listen", f"{self.server.address}:7443", "--token-file", token, "--json",
             *self._options])
        wait_until(lambda: os.path.exists(token) or not self.sender.running(), "the token file")
        self.receivers = [
            host.popen([self._muster, "receive", "--server", f"{self.server.address}:7443",
                        "--token-file", token, "--interface", "eth0", "--out",
                        os.path.join(room.tmp, f"{host.name}.out"), "--json"])
            for host in self.hosts]
        first = self.hosts[0]
        wait_until(lambda: first.rx_bytes() > DATA_HAS_BEGUN_BYTES,
                   lambda: f"data at {first.name}: {self.sender.describe()}", 60)
        self.began_at = time.monotonic()
        self.meter = Meter(first.rx_bytes).__enter__()

    def wait(self, seconds_since_begin):
        """Until so long after the first data; fails when the session ends meanwhile."""
        while time.monotonic() < self.began_at + seconds_since_begin:
            if not self.sender.running():
                raise AssertionError(f"the sender has ended: {self.sender.describe()}")
            self._tick.wait(0.05)

    def rate(self, begin_s, end_s):
        """Bit/s at the first receiver between two times since the beginning, headers included."""
        self.wait(end_s)
        return self.meter.bits_per_second(self.began_at + begin_s, self.began_at + end_s)

    def tcp(self, congestion_control, seconds):
        """Starts a greedy flow through the link; its meter."""
        meter = Meter()

        def said(line):
            if line.startswith("["):
                meter.samples.append(tuple(json.loads(line)))

        sink = self.sink.popen(["/usr/bin/python3", "-c", TCP_SINK, self.sink.address], echo=said)
        sink.wait_for_line("ready")
        self.source.popen(["/usr/bin/python3", "-c", TCP_SOURCE, self.sink.address,
                           congestion_control, seconds])
        return meter


def beside_tcp(muster, congestion_control="cubic", *, link=100_000_000, queue_s=0.05,
               receivers=2, folder=None):
    """Alone for 10 s, 30 s beside one TCP flow, alone again: rates in bit/s on the wire.

    (before, session beside TCP, TCP, 5 s after TCP): the middle ones over the last 15 of the 30 s.
    """
    with Bottleneck(muster, link, queue_s=queue_s, receivers=receivers, folder=folder) as room:
        before = room.rate(4, 10)
        flow = room.tcp(congestion_control, 30)
        beside = room.rate(25, 39.5)
        tcp = flow.bits_per_second(room.began_at + 25, room.began_at + 39.5)
        return before, beside, tcp, room.rate(45, 48)


def with_loss(muster, loss, *, link=100_000_000, receivers=2, folder=None):
    """The rate in bit/s on the wire at the sender, alone on the link."""
    with Bottleneck(muster, link, receivers=receivers, loss=loss, folder=folder) as room:
        room.wait(4)
        meter = Meter(room.server.tx_bytes)
        with meter:
            room.wait(14)
        return meter.bits_per_second(room.began_at + 4, room.began_at + 14)
