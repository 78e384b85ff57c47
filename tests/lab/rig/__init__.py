# SPDX-License-Identifier: GPL-3.0-or-later
"""A room of computers on one machine: a switch, hosts, cables that lose packets, blank disks.

Everything lives in namespaces of its own, so two rooms never meet, and nothing outlives the
program that opened them, however it ends:

    with Room(link_rate="200mbit") as room, LoopDisk(8 << 30, room.tmp) as disk:
        server = room.host("server")
        pc = room.host("PC-01", loss=0.01)
        sender = server.popen(["some", "server"])
        pc.run(["some", "client", disk.device])
"""

from .disk import LoopDisk
from .limits import slow_disk, slow_processor
from .process import Process, RigError
from .room import Host, Room, View
from .waiting import Interrupted, catch_signals, wait_until

__all__ = ["Host", "Interrupted", "LoopDisk", "Process", "RigError", "Room", "View",
           "catch_signals", "slow_disk", "slow_processor", "wait_until"]
