# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a room: it holds the namespaces and ends when the room's owner ends.

It is process 1 of a process namespace. When it ends the kernel kills every process in the room,
and with the last of them the network namespaces, links and mounts disappear. It ends when its
standard input closes, which the kernel does for us even when the owner dies by SIGKILL.
"""

import os
import signal
import sys

import syscalls


def main():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans of the room are reaped by the kernel
    syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET)
    syscalls.make_private()
    syscalls.mount("proc", "/proc", "proc")
    os.makedirs("/run/netns", exist_ok=True)
    syscalls.mount("muster-netns", "/run/netns", "tmpfs", 0, "mode=0755,size=1m")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while os.read(0, 4096):
        pass


main()
