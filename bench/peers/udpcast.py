# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's udpcast. Its window of two slices is its rate control; it needs no rate. It looks for
receivers by broadcast, so the interfaces have broadcast addresses, and waits for late ones. Its
default, half duplex, is the faster here: with --full-duplex receivers drop more."""

from harness.transfer import Running

name = "udpcast"
unicast = False
note = "`udp-sender` and `udp-receiver`, defaults, no sync"


def start(stage):
    receivers = [
        host.popen(["udp-receiver", "--interface", "eth0", "--file", output, "--nokbd",
                    "--nosync", "--no-progress", "--ttl", "1"])
        for host, output in zip(stage.receivers, stage.outputs)]
    sender = stage.server.popen(
        ["udp-sender", "--interface", "eth0", "--file", stage.image, "--nopointopoint", "--nokbd",
         "--min-receivers", len(receivers), "--max-wait", "30", "--no-progress",
         "--ttl", "1"])
    return Running([sender, *receivers], receivers)
