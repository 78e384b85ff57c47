# SPDX-License-Identifier: GPL-3.0-or-later
"""UFTP 4.10 without encryption, at a fixed rate: its congestion control is slower on every row.

A closed group (-H) starts as soon as everybody has registered, and a round trip of 10 ms instead
of the 500 ms it assumes keeps its phases short. Receivers print a RESULT line when they have the
file; they are daemons.
"""

import os
import re

from harness.transfer import Running

name = "uftp"
unicast = False
note = "`uftp` and `uftpd`, no encryption, fixed rate, 1440-byte blocks, 4 MiB socket buffers"

BUFFER_BYTES = 4 << 20
RATES = (300_000_000, 400_000_000, 550_000_000)  # to try where nothing limits it


def start(stage):
    done = set()
    daemons = []
    for index, (host, output) in enumerate(zip(stage.receivers, stage.outputs)):
        def said(line, index=index):
            if re.search(r"RESULT;.*;copied", line):
                done.add(index)

        daemons.append(host.popen(
            ["uftpd", "-d", "-I", "eth0", "-U", client_id(index), "-B", BUFFER_BYTES,
             "-c", 20 << 20, "-D", os.path.dirname(output), "-F", "@LOG", "-q"], echo=said))
    for daemon in daemons:  # an announcement that nobody hears costs a second
        daemon.wait_for_line("Loaded .* key")
    sender = stage.server.popen(
        ["uftp", "-I", "eth0", "-R", stage.rate // 1000, "-b", 1440, "-B", BUFFER_BYTES, "-t", 1,
         "-r", "0.01:0.01:1", "-H", ",".join(client_id(index) for index in range(len(daemons))),
         "-D", os.path.basename(stage.outputs[0]), stage.image])
    return Running([sender], daemons, lambda index: index in done)


def client_id(index):
    return f"0x{index + 1:08x}"
