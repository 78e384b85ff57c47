# SPDX-License-Identifier: GPL-3.0-or-later
"""A receiver that joins late: what the server sends more because of it.

At most what had left the wire when it had joined, plus 1 % of the image, against the same transfer
without it: it gets the rest from the running pass and the beginning after the wrap.
"""

import os
import re

from harness import Job, Row, at_most
from harness.transfer import LINK_SHARE, Stage, digest
from peers import muster
from rig import Room, wait_until

MEBIBYTES, LINK, EARLY = 400, 300_000_000, 2
SHARES, LOSSES = (0.05, 0.40, 0.95), (0.0, 0.01)


def rows(context):
    for loss in LOSSES:
        for share in SHARES:
            yield Row(f"late/at {share:.0%}, {loss:.0%} loss",
                      lambda loss=loss, share=share: measure(context, share, loss),
                      seconds=14 * (1 + share), quick=(loss, share) == (0.01, 0.40))


class LateJoin:
    """The transfer with one more receiver, which is started when a share is on the wire."""

    def __init__(self, context, share, loss):
        self._context, self._share, self._loss = context, share, loss
        self._first_byte = 0
        self._server = None
        self._joined = 0
        self.missed_bytes = None  # on the wire when the late one had joined
        self.wire_bytes = 0
        self.exact = 0

    def _on_wire(self):
        return self._server.tx_bytes() - self._first_byte

    def _said(self, line):
        if re.search(r": joined$", line):
            self._joined += 1
            if self._joined == EARLY + 1:
                self.missed_bytes = self._on_wire()

    def run(self):
        image, expected = self._context.image(MEBIBYTES)
        with Room(link_rate=LINK, folder=self._context.folder) as room:
            self._server = room.host("server")
            hosts = [room.host(f"PC-{number:02}", loss=self._loss)
                     for number in range(1, EARLY + 2)]
            outputs = [os.path.join(room.tmp, f"{host.name}.out") for host in hosts]
            stage = Stage(room, self._server, hosts, image, outputs, round(LINK * LINK_SHARE),
                          self._context.programs)
            self._first_byte = self._server.tx_bytes()
            argv = [word for word in muster.sender_argv(stage, EARLY) if word != "--json"]
            sender = self._server.popen(argv, echo=self._said)
            wait_until(lambda: os.path.exists(muster.token(stage)), "the token file")
            receivers = [host.popen(muster.receiver_argv(stage, output))
                         for host, output in zip(hosts[:-1], outputs)]
            begin = self._share * os.path.getsize(image)
            wait_until(lambda: self._on_wire() > begin, "a share on the wire", 60)
            receivers.append(hosts[-1].popen(muster.receiver_argv(stage, outputs[-1])))
            for program in (*receivers, sender):
                program.wait_for_exit(0, 90)
            self.wire_bytes = self._on_wire()
            self.exact = sum(digest(path) == expected for path in outputs)
        return self


def measure(context, share, loss):
    without = context.transfer(Job("muster", EARLY, loss, LINK, MEBIBYTES))
    late = LateJoin(context, share, loss).run()
    image_bytes = without.image_bytes
    if not without.complete or late.exact != EARLY + 1 or late.missed_bytes is None:
        return at_most(None, None, without.problem() or f"{late.exact} of {EARLY + 1} exact")
    extra, missed = (each / image_bytes for each in
                     (late.wire_bytes - without.wire_bytes, late.missed_bytes))
    return at_most(extra, missed + 0.01,
                   f"{extra:.3f} x image more, {missed:.3f} had left before it joined",
                   wire_ratio=late.wire_bytes / image_bytes)
