# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program inside a room: enter.py ORDER argv..., where ORDER is a JSON object.

A program of its own instead of code between fork and exec, because the caller has threads. It
ends in exec, so the process number the caller sees is the program's.

ORDER: holder (process number), net (a name in /run/netns and the host's name, or null), cwd, view
(null, or path and bytes of the only writable place).
"""

import json
import os
import socket
import sys

import syscalls


def fresh_sys():
    """/sys shows the network devices of the namespace it was mounted in."""
    syscalls.unmount_lazily("/sys")
    syscalls.mount("sysfs", "/sys", "sysfs")


def narrow_view(path, size_bytes):
    """Read-only everywhere, except a new tmpfs at path (an existing folder, or below /run)."""
    if not os.path.isdir(path):
        if not path.startswith("/run/"):
            raise SystemExit(f"lab: view at {path}: no such folder, name one below /run")
        syscalls.mount("muster-run", "/run", "tmpfs", 0, "mode=0755,size=1m")
        os.makedirs(path)
    syscalls.make_read_only("/")
    syscalls.mount("muster-view", path, "tmpfs", 0, f"mode=0700,size={size_bytes}")


def main():
    order = json.loads(sys.argv[1])
    argv = sys.argv[2:]
    # The processes of the room are seen here under the numbers of the machine.
    syscalls.setns_path(f"/proc/{order['holder']}/ns/net", syscalls.CLONE_NEWNET)
    syscalls.setns_path(f"/proc/{order['holder']}/ns/mnt", syscalls.CLONE_NEWNS)
    if order["net"]:
        syscalls.setns_path(f"/run/netns/{order['net']}", syscalls.CLONE_NEWNET)
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWUTS)
        socket.sethostname(order["net"])
        syscalls.make_private()
        fresh_sys()
    if order["view"]:
        narrow_view(order["view"]["path"], order["view"]["bytes"])
    os.chdir(order["cwd"])
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.stderr.write(f"lab: cannot run {argv[0]}: {error.strerror}\n")
        os._exit(127)


main()
