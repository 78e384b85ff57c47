# SPDX-License-Identifier: GPL-3.0-or-later
"""A running program made slow: its share of a processor, what it writes to a disk per second.

By control groups, version 1 where the machine has that, else version 2.
"""

import contextlib
import os

from . import keeper
from .process import RigError
from .waiting import shield

ROOT = "/sys/fs/cgroup"


@contextlib.contextmanager
def slow_processor(process, share):
    """share: of one processor, 0.01 or more."""
    period_us = 100_000
    quota_us = int(share * period_us)
    with _group("cpu", process) as group:
        if group.version == 1:
            group.write("cpu.cfs_period_us", period_us)
            group.write("cpu.cfs_quota_us", quota_us)
        else:
            group.write("cpu.max", f"{quota_us} {period_us}")
        group.take(process)
        yield


@contextlib.contextmanager
def slow_disk(process, disk, bytes_per_second):
    """disk: a LoopDisk. Only what does not wait in a cache is slowed: mount it with -o sync."""
    name = "blkio" if os.path.isdir(f"{ROOT}/blkio") else "io"
    number = os.stat(disk.device).st_rdev
    device = f"{os.major(number)}:{os.minor(number)}"
    with _group(name, process) as group:
        if group.version == 1:
            group.write("blkio.throttle.write_bps_device", f"{device} {bytes_per_second}")
        else:
            group.write("io.max", f"{device} wbps={bytes_per_second}")
        group.take(process)
        yield


class _Group:
    def __init__(self, controller, name):
        self.version = 1 if os.path.isdir(f"{ROOT}/{controller}") else 2
        self.parent = f"{ROOT}/{controller}" if self.version == 1 else ROOT
        self.path = f"{self.parent}/{name}"
        if self.version == 2:
            _write(f"{ROOT}/cgroup.subtree_control", f"+{controller}")

    def write(self, file, value):
        _write(f"{self.path}/{file}", value)

    def take(self, process):
        self.write("cgroup.procs", process.pid)


def _write(path, value):
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(value))
    except OSError as error:
        raise RigError(f"this machine cannot slow a program down: {path}: {error}") from error


@contextlib.contextmanager
def _group(controller, process):
    """A control group of its own; its processes go back to the parent when it ends."""
    group = _Group(controller, f"{keeper.PREFIX}{os.getpid()}-{process.pid}")
    with shield:
        os.mkdir(group.path)
        keeper.keep_control_group(group.path)
    try:
        yield group
    finally:
        with shield:
            for pid in _members(group.path):
                with contextlib.suppress(RigError):  # it has just ended
                    _write(f"{group.parent}/cgroup.procs", pid)
            os.rmdir(group.path)
            keeper.drop_control_group(group.path)


def _members(path):
    with open(f"{path}/cgroup.procs", encoding="ascii") as file:
        return file.read().split()
