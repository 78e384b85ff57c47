# SPDX-License-Identifier: GPL-3.0-or-later
"""How each transport is told to do the same job: one file to every receiver in the room.

A peer starts its programs and says what a clean end of each is; measuring is the bench's. Another
transport is another class here and its name in PEERS.
"""

import os

from rig import wait_until


class Muster:
    name = "muster"
    note = "muster send / muster receive, cap 98 % of the link"

    def __init__(self, programs, link_bits_per_second):
        self._program = os.path.abspath(os.path.join(programs, "muster"))
        self._rate = f"{round(link_bits_per_second * 0.98)}"

    def start(self, room, server, receivers, image, outputs):
        """(sender, receivers): running programs."""
        token = os.path.join(room.tmp, "token")
        sender = server.popen(
            [self._program, "send", image, "--interface", "eth0", "--rate", self._rate,
             "--receivers", len(receivers), "--max-wait", "30",
             "--listen", f"{server.address}:7443", "--token-file", token, "--json"])
        wait_until(lambda: os.path.exists(token) or not sender.running(), "the token file")
        return sender, [
            host.popen([self._program, "receive", "--server", f"{server.address}:7443",
                        "--token-file", token, "--interface", "eth0", "--out", output, "--json"])
            for host, output in zip(receivers, outputs)]


class Udpcast:
    """Debian's udpcast with its defaults, which push the window through the network card."""

    name = "udpcast"
    note = "udp-sender / udp-receiver of Debian, defaults"

    def __init__(self, _programs, _link_bits_per_second):
        pass

    def start(self, room, server, receivers, image, outputs):
        running = [
            host.popen(["udp-receiver", "--interface", "eth0", "--file", output, "--nokbd",
                        "--nosync", "--no-progress", "--ttl", "1"])
            for host, output in zip(receivers, outputs)]
        sender = server.popen(
            ["udp-sender", "--interface", "eth0", "--file", image, "--nopointopoint", "--nokbd",
             "--min-receivers", len(receivers), "--max-wait", "30", "--no-progress",
             "--ttl", "1"])
        return sender, running


PEERS = {peer.name: peer for peer in (Muster, Udpcast)}
