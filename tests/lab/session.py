# SPDX-License-Identifier: GPL-3.0-or-later
"""One `muster send` and its `muster receive` processes in a room, as the lab tests need them."""

import hashlib
import json
import os
import re

from cases import check, check_equal
from rig import wait_until

MIB = 1 << 20


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_one_line(process, parts, limit_s=30):
    """It ends with an error whose line contains every part (a part may be 'this|or that').

    One line of notice may come before, such as "lost the server, trying again".
    """
    code = process.wait(limit_s)
    check(code not in (0, 127) and code > 0, f"ended with {code}: {process.describe()}")
    lines = [line for line in process.err.splitlines() if line.strip()]
    check(1 <= len(lines) <= 2, f"{len(lines)} lines of error output: {process.describe()}")
    for part in parts:
        pattern = part if "|" in part else re.escape(part)
        check(re.search(pattern, lines[-1], re.I), f"{part!r} is not said in: {lines[-1]}")


def _secret_field(text):
    """(start, end) of the secret's value: JSON or `name: value`, whatever it is called."""
    match = re.search(r"\"?(?:secret|token)\"?\s*[:=]?\s*\"?([A-Za-z0-9+/=_-]{16,})", text)
    check(match, f"no secret found in the token file: {text!r}")
    return match.span(1)


class Session:
    """Makes the image and the host `server`; every receiver is named after its host."""

    def __init__(self, programs, room, image_bytes, *, name="image", sparse=False):
        self.room = room
        self.server = room.hosts.get("server") or room.host("server")
        self.image = os.path.join(room.tmp, name)
        self.token = os.path.join(room.tmp, f"{name}.token")
        self.listen = self.server.address
        self.port = 7443 + sum(name.encode()) % 100
        self.image_bytes = image_bytes
        self.sender = None
        self.receivers = {}
        self._outputs = {}
        self._muster = programs.muster
        self._first_byte = self.server.tx_bytes()
        with open(self.image, "wb") as file:
            left = image_bytes
            while left:  # sparse: a new 64 KiB in every MiB, so that no two blocks are alike
                piece = min(left, MIB)
                file.write(os.urandom(min(piece, MIB // 16) if sparse else piece))
                left -= piece
                file.seek(image_bytes - left)
            file.truncate(image_bytes)

    def output(self, name):
        return self._outputs[name]

    def _send_argv(self, receivers, image, rate, max_wait_s, interface, port, more=()):
        return [self._muster, "send", image or self.image, "--interface", interface,
                "--rate", rate, "--receivers", receivers, "--max-wait", max_wait_s,
                "--listen", f"{self.listen}:{port or self.port}",
                "--token-file", self.token, "--json", *more]

    def send(self, receivers, *, rate="190M", max_wait_s=30, more=()):
        """Starts the sender and waits until receivers can be started."""
        self.sender = self.server.popen(
            self._send_argv(receivers, None, rate, max_wait_s, "eth0", None, more))
        wait_until(lambda: self._listening() or not self.sender.running(), "the sender to listen")
        check(self.sender.running(), f"the sender ended: {self.sender.describe()}")
        check(os.path.exists(self.token), "the sender listens and has made no token file")

    def _listening(self):
        """Somebody listens on the port (state 0A of /proc/net/tcp)."""

        def read():
            with open("/proc/thread-self/net/tcp", encoding="ascii") as file:
                return [line.split() for line in file.readlines()[1:]]

        return any(int(words[1].split(":")[1], 16) == self.port and words[3] == "0A"
                   for words in self.server.inside(read))

    def send_once(self, *, image=None, rate="190M", interface="eth0", port=None, wrapper=(),
                  more=()):
        """A sender that is expected to fail. wrapper: a program that starts it."""
        argv = self._send_argv(1, image, rate, 5, interface, port, more)
        return self.server.popen(list(wrapper) + argv)

    def _receive_argv(self, token, interface, out, server=None):
        server = server or self.server.address
        return [self._muster, "receive", "--server", f"{server}:{self.port}",
                "--token-file", token or self.token, "--interface", interface, "--out", out,
                "--json"]

    def receive(self, host, *, token=None, out=None, wrapper=(), options=(),
                server=None):
        out = out or os.path.join(self.room.tmp, f"{host.name}.out")
        self._outputs[host.name] = out
        argv = self._receive_argv(token, "eth0", out, server)
        self.receivers[host.name] = host.popen(list(wrapper) + argv + list(options))

    def receive_once(self, host, *, token=None, interface="eth0", out=None, limit_s=30,
                     wrapper=()):
        """A receiver that is expected to fail; returns when it has ended."""
        out = out or os.path.join(self.room.tmp, f"{host.name}.out")
        process = host.popen(list(wrapper) + self._receive_argv(token, interface, out))
        process.wait(limit_s)
        return process

    def wire_bytes(self):
        """Sent by the server since this session was made."""
        return self.server.tx_bytes() - self._first_byte

    def wait_for_progress(self, share):
        """Until the server has sent that share of the image."""
        wait_until(lambda: self.wire_bytes() > share * self.image_bytes,
                   lambda: f"{share:.0%} of the image on the wire: {self.sender.describe()}")

    def check_all_exact(self, limit_s=120):
        """Every receiver ends with 0, its file is the image and nothing half-done is left."""
        expected = digest(self.image)
        for name, receiver in self.receivers.items():
            receiver.wait_for_exit(0, limit_s)
            check_equal(digest(self._outputs[name]), expected, f"SHA-256 at {name}")
            check(not os.path.exists(self._outputs[name] + ".part"), f"{name}: .part is left")

    def token_with_secret_of(self, other):
        """A token file with this sender's fingerprint and the other's secret."""
        with open(self.token, encoding="utf-8") as file:
            mine = file.read()
        with open(other.token, encoding="utf-8") as file:
            theirs = file.read()
        start, end = _secret_field(mine)
        mixed = mine[:start] + theirs[slice(*_secret_field(theirs))] + mine[end:]
        check(mixed != mine, "two senders have the same secret")
        if mine.lstrip().startswith("{"):
            json.loads(mixed)
        path = os.path.join(self.room.tmp, "mixed.token")
        with open(path, "w", encoding="utf-8") as file:
            file.write(mixed)
        return path
