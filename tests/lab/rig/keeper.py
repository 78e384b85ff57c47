# SPDX-License-Identifier: GPL-3.0-or-later
"""Loop devices, temporary folders and control groups outlive who made them; this one cleans up.

One keeper per program, started with the first thing to keep. It reads `add` and `drop` orders
from a pipe; when the pipe ends, because its owner ended in whatever way, it removes what was not
dropped. It holds every loop device open, so that the number cannot be given to somebody else
before the partitions are gone.
"""

import json
import os
import shutil
import subprocess
import sys
import threading

if __name__ == "__main__":
    import loops
else:
    from . import loops

PREFIX = "muster-"  # no other folder is ever removed
_lock = threading.Lock()
_keeper = None


def _order(verb, kind, what):
    global _keeper
    with _lock:
        if _keeper is None or _keeper.poll() is not None:
            _keeper = subprocess.Popen(
                ["/usr/bin/python3", "-S", "-s", "-E", os.path.abspath(__file__)],
                stdin=subprocess.PIPE, start_new_session=True)
        _keeper.stdin.write(json.dumps([verb, kind, what]).encode() + b"\n")
        _keeper.stdin.flush()


def keep_loop(device, backing_file):
    _order("add", "loop", [device, backing_file])


def drop_loop(device, backing_file):
    _order("drop", "loop", [device, backing_file])


def keep_folder(path):
    assert os.path.basename(path).startswith(PREFIX), path
    _order("add", "folder", [path])


def drop_folder(path):
    _order("drop", "folder", [path])


def keep_control_group(path):
    assert os.path.basename(path).startswith(PREFIX), path
    _order("add", "group", [path])


def drop_control_group(path):
    _order("drop", "group", [path])


def _release(kind, what, handle):
    if kind == "loop":
        device, backing_file = what
        if loops.backing_file(device) == backing_file:
            loops.detach(handle, device)
        os.close(handle)
    elif kind == "group":
        os.rmdir(what[0])
    elif os.path.basename(what[0]).startswith(PREFIX):
        shutil.rmtree(what[0], ignore_errors=True)


def main():
    kept = {}
    for line in sys.stdin:
        verb, kind, what = json.loads(line)
        key = (kind, *what)
        if verb == "add":
            kept[key] = os.open(what[0], os.O_RDWR | os.O_CLOEXEC) if kind == "loop" else None
        elif key in kept:
            handle = kept.pop(key)
            if handle is not None:
                os.close(handle)
    for key in sorted(kept, reverse=True):  # loop devices before the folders with their files
        try:
            _release(key[0], key[1:], kept[key])
        except OSError as error:
            sys.stderr.write(f"lab: cannot clean {key[1]}: {error}\n")


if __name__ == "__main__":
    main()
