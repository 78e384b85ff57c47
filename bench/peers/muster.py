# SPDX-License-Identifier: GPL-3.0-or-later
"""muster send and muster receive: encrypted, verified, synced to where the output lies."""

import os

from harness.transfer import Running
from rig import wait_until

name = "muster"
unicast = False
note = "`muster send` and `muster receive`, capped at 98 % of the link"
RATES = (1_000_000_000, 1_400_000_000, 1_800_000_000)  # to try where nothing limits it


def sender_argv(stage, receivers, *options):
    return [os.path.join(stage.programs, "muster"), "send", stage.image, "--interface", "eth0",
            *(("--rate", stage.rate) if stage.rate else ()),
            "--receivers", receivers, "--max-wait", "60",
            "--listen", f"{stage.server.address}:7443", "--token-file", token(stage), "--json",
            *options]


def receiver_argv(stage, output):
    return [os.path.join(stage.programs, "muster"), "receive",
            "--server", f"{stage.server.address}:7443", "--token-file", token(stage),
            "--interface", "eth0", "--out", output, "--json"]


def token(stage):
    return os.path.join(stage.room.tmp, "token")


def start_sender(stage, receivers, *options):
    """Starts it and waits for the token file that receivers need."""
    sender = stage.server.popen(sender_argv(stage, receivers, *options))
    wait_until(lambda: os.path.exists(token(stage)) or not sender.running(), "the token file")
    return sender


def start(stage):
    sender = start_sender(stage, len(stage.receivers))
    receivers = [host.popen(receiver_argv(stage, output))
                 for host, output in zip(stage.receivers, stage.outputs)]
    return Running([sender, *receivers], receivers)
