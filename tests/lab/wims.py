# SPDX-License-Identifier: GPL-3.0-or-later
"""Real WIM files for the lab: small trees with everything a file system can do to us, captured.

A tree holds compressible and incompressible files, empty ones, hard links, symbolic links, empty
folders and names that are not ASCII. It is made from a seed, so that two trees differ and a failure
can be repeated.
"""

import os
import random
import subprocess

from cases import check

MIB = 1 << 20


def _write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def make_tree(folder, *, files=300, noise_bytes=2 * MIB, seed=1):
    """`files` small files and their links, and noise_bytes of what no compressor makes smaller."""
    chance = random.Random(seed)
    words = [chance.randbytes(chance.randrange(3, 9)).hex().encode() for _ in range(200)]
    for number in range(files):
        count = chance.choice((0, 1, 10, 400, 3000))
        text = b" ".join(chance.choice(words) for _ in range(count))
        _write(os.path.join(folder, f"folder-{number % 17}", f"file {number}.txt"), text)
    _write(os.path.join(folder, "noise", "quiet.bin"), bytes(1000))
    piece, left = 4 * MIB, noise_bytes
    while left:
        size = min(left, piece)
        _write(os.path.join(folder, "noise", f"{left}.bin"), chance.randbytes(size))
        left -= size
    _write(os.path.join(folder, "Größe ☃", "ünïcode.txt"), b"one name of many\n")
    os.makedirs(os.path.join(folder, "empty folder"))
    for number in range(0, files, 10):
        first = os.path.join(folder, f"folder-{number % 17}", f"file {number}.txt")
        os.link(first, os.path.join(folder, f"second name of {number}"))
    os.symlink("../folder-1/file 1.txt", os.path.join(folder, "noise", "a link"))
    for top, names, found in os.walk(folder, topdown=False):
        for name in sorted(names + found):  # the same tree at any time; NTFS keeps 100 ns
            when = 1_700_000_000_000_000_000 + chance.randrange(10**15)
            os.utime(os.path.join(top, name), ns=(when, when), follow_symlinks=False)
    return folder


def _wimlib(*words):
    done = subprocess.run(["wimlib-imagex", *words], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"wimlib-imagex {words[0]}: {done.stderr.strip()}")


def capture(tree, path, *, compress="XPRESS", integrity=True, solid=False, append=False):
    """The tree as a WIM, or as one more image of a WIM that is there; path."""
    words = ["append" if append else "capture", tree, path, os.path.basename(tree), "--norpfix"]
    if not append:
        words.append("--solid" if solid else f"--compress={compress}")
    words.append("--check" if integrity else "--nocheck")
    _wimlib(*words)
    return path


def make_wim(room, name, *, files=300, noise_bytes=2 * MIB, seed=1, **how):
    """(path of the WIM, path of the tree it was captured from), both in the room's folder."""
    tree = make_tree(os.path.join(room.tmp, f"{name}-tree"), files=files, noise_bytes=noise_bytes,
                     seed=seed)
    return capture(tree, os.path.join(room.tmp, f"{name}.wim"), **how), tree


def resource_header(path, offset):
    """(offset, bytes) of one of the resources the header of a WIM names."""
    with open(path, "rb") as file:
        header = file.read(208)
    size = int.from_bytes(header[offset:offset + 7], "little")
    return int.from_bytes(header[offset + 8:offset + 16], "little"), size


BLOB_TABLE, XML, INTEGRITY = 48, 72, 124  # where the header of a WIM keeps them


def damaged(path, suffix, *, flip=None, cut=None):
    """A copy of the file with one byte changed at `flip`, or only its first `cut` bytes."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    if flip is not None:
        content[flip] ^= 0x55
    copy = f"{path}.{suffix}"
    with open(copy, "wb") as file:
        file.write(content[:cut])
    return copy
