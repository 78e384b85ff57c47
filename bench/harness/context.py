# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of one run share: the programs, images in memory, and transfers already made."""

import os
import shutil
import tempfile

from peers import PEERS
from rig.keeper import keep_folder

from .transfer import digest, measure

MIB = 1 << 20


class Context:
    def __init__(self, programs, quick=False):
        """programs: the folder of ours. quick: parts may take smaller images, without bars."""
        self.programs = os.path.abspath(programs)
        self.quick = quick
        self.folder = None
        self._made = {}
        self._images = {}
        self._temporary = None

    def __enter__(self):
        memory = "/dev/shm"  # disks are not what is measured
        parent = memory if os.path.isdir(memory) else None
        self._temporary = tempfile.TemporaryDirectory(prefix="muster-bench-", dir=parent)
        self.folder = self._temporary.name
        keep_folder(self.folder)  # removed also when this program is killed
        return self

    def __exit__(self, *_):
        self._temporary.cleanup()

    @property
    def muster(self):
        return os.path.join(self.programs, "muster")

    def image(self, mebibytes):
        """(path, SHA-256) of a file of random data."""
        if mebibytes not in self._images:
            self._need(mebibytes)
            path = os.path.join(self.folder, f"image-{mebibytes}")
            with open(path, "wb") as file:
                for _ in range(mebibytes):
                    file.write(os.urandom(MIB))
            self._images[mebibytes] = path, digest(path)
        return self._images[mebibytes]

    def _need(self, mebibytes):
        free = shutil.disk_usage(self.folder).free
        if free < mebibytes * MIB:
            raise SystemExit(f"bench: {self.folder} has no room for {mebibytes} MiB")

    def transfer(self, job):
        """What a job took; measured once in a run, and again after forget()."""
        return self.once(job, lambda: self._transfer(job))

    def _transfer(self, job):
        path, expected = self.image(job.mebibytes)
        self._need(job.mebibytes * job.receivers)
        return measure(job, PEERS[job.peer], self.programs, path, expected, self.folder)

    def once(self, key, make):
        """What make() gave: for a room that several rows look at; made again after forget()."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def forget(self):
        """Before a row is repeated."""
        self._made.clear()
