# SPDX-License-Identifier: GPL-3.0-or-later
"""NORM (RFC 5740) by a small program of ours on libnorm, bench/programs/norm_peer.cc, which says
how it is set. At a fixed rate, since its congestion control stays far below the link."""

import os

from harness.transfer import Running

name = "norm"
unicast = False
note = "libnorm 1.5.9 by `bench/programs/norm_peer.cc`, fixed rate, 64 + 32 symbols of 1400 bytes"

RATES = (170_000_000, 240_000_000, 320_000_000)  # to try where nothing limits it


def start(stage):
    program = os.path.join(stage.programs, "muster_bench_norm")
    done = set()
    daemons = []
    for index, (host, output) in enumerate(zip(stage.receivers, stage.outputs)):
        def said(line, index=index):
            if line == "complete":
                done.add(index)

        daemons.append(host.popen([program, "receive", "eth0", index + 2, output], echo=said))
    for daemon in daemons:
        daemon.wait_for_line("listening")
    sender = stage.server.popen(
        [program, "send", "eth0", stage.rate, stage.image, len(stage.receivers)])
    return Running([sender], daemons, lambda index: index in done)
