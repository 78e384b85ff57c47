# SPDX-License-Identifier: GPL-3.0-or-later
"""A blank disk: a sparse file on a loop device, gone when the block ends or the program does."""

import itertools
import os

from . import keeper, loops
from .waiting import shield, wait_until

_numbers = itertools.count(1)


class LoopDisk:
    """`device` is its path. The file is made in `folder`, which the caller owns (Room.tmp)."""

    def __init__(self, size_bytes, folder, sector_bytes=512):
        self.size_bytes = size_bytes
        self.path = os.path.realpath(os.path.join(folder, f"disk-{next(_numbers)}.img"))
        self.device = None
        self._sector_bytes = sector_bytes
        self._handle = None

    def __enter__(self):
        with shield, open(self.path, "xb") as file:
            file.truncate(self.size_bytes)
            self.device, self._handle = loops.attach(self.path, self._sector_bytes)
            keeper.keep_loop(self.device, self.path)
        return self

    def __exit__(self, *_):
        with shield:
            try:
                loops.detach(self._handle, self.device)
            finally:
                os.close(self._handle)
                keeper.drop_loop(self.device, self.path)
                os.unlink(self.path)
        wait_until(lambda: (loops.backing_file(self.device) or "").split(" ")[0] != self.path,
                   f"{self.device} to be detached, is it still mounted or open?")

    def partitions(self):
        """Paths of the partitions the kernel knows, in order."""
        return [f"{self.device}p{number}" for number in loops.partitions(self.device)]

    def used_bytes(self):
        """What the sparse file really takes."""
        return os.stat(self.path).st_blocks * 512
