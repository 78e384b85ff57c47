# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a disk that Muster has filled, with tools that had no part in filling it.

The table is read by sfdisk, the volume checked by ntfsfix and ntfsinfo, and the files read through
ntfs-3g's FUSE mount and compared with the tree the image was captured from.
"""

import collections
import hashlib
import json
import os
import re

from cases import check, check_equal

MIB = 1 << 20
ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
MSR_TYPE = "E3C9E316-0B5C-4DB8-817D-F92DF00215AE"
DATA_TYPE = "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7"


def _about(path):
    """What must be the same in the image and on the disk, as one tuple."""
    status = os.lstat(path)
    if os.path.islink(path):
        return "link", os.readlink(path)
    if os.path.isdir(path):
        return ("folder",)
    with open(path, "rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return "file", status.st_size, status.st_mtime_ns // 100, content  # NTFS counts 100 ns


def _walk(top):
    """({relative path: about}, the sets of paths that are one file)."""
    found, inodes = {}, collections.defaultdict(set)
    for folder, names, files in os.walk(top):
        for name in names + files:
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, top)
            found[relative] = _about(path)
            if found[relative][0] == "file":
                inodes[os.lstat(path).st_ino].add(relative)
    return found, {frozenset(paths) for paths in inodes.values() if len(paths) > 1}


def check_same_files(found_top, expected_top):
    found, found_links = _walk(found_top)
    expected, expected_links = _walk(expected_top)
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    check(not missing and not extra, f"missing on the disk: {missing[:5]}, too much: {extra[:5]}")
    for path, about in expected.items():
        check_equal(found[path], about, path)
    check_equal(found_links, expected_links, "hard links")
    return len(expected)


def check_table(host, disk):
    """Three partitions, and the last one reaches the end of the disk."""
    table = json.loads(host.run(["sfdisk", "--json", disk.device]).out)["partitiontable"]
    check_equal(table["label"], "gpt", "kind of partition table")
    types = [partition["type"] for partition in table["partitions"]]
    check_equal(types, [ESP_TYPE, MSR_TYPE, DATA_TYPE], "types of the partitions")
    last = table["partitions"][-1]
    free = (table["lastlba"] + 1 - last["start"] - last["size"]) * table["sectorsize"]
    check(0 <= free < MIB, f"{free} bytes behind the Windows partition")
    said = host.run(["sfdisk", "--verify", disk.device])
    check("No errors detected" in said.out, f"sfdisk --verify: {said.describe()}")
    check_equal(len(disk.partitions()), 3, "partitions the kernel knows")
    return last["size"] * table["sectorsize"]


def check_volume(host, device, partition_bytes):
    """The NTFS volume is clean and as large as its partition."""
    said = host.run(["ntfsfix", "--no-action", device])
    check("processed successfully" in said.out, f"ntfsfix: {said.describe()}")
    about = host.run(["ntfsinfo", "--mft", "--force", device]).out
    flags = re.search(r"Volume Flags: 0x(\w+)", about)
    check(flags and int(flags[1], 16) == 0, f"volume flags of {device}: {about}")
    cluster = int(re.search(r"Cluster Size: (\d+)", about)[1])
    clusters = int(re.search(r"Volume Size in Clusters: (\d+)", about)[1])
    free = partition_bytes - cluster * clusters
    check(0 <= free <= 2 * cluster, f"{free} bytes of the partition are not in the volume")


def check_disk(room, host, disk, tree):
    """Everything about the disk of a computer that says it is verified."""
    partition_bytes = check_table(host, disk)
    device = disk.partitions()[2]
    check_volume(host, device, partition_bytes)
    mounted = os.path.join(room.tmp, f"{host.name}-volume")
    os.mkdir(mounted)
    room.shell(f"ntfs-3g -o ro {device} {mounted}")
    try:
        count = check_same_files(f"/proc/{room.holder_pid()}/root{mounted}", tree)
    finally:
        room.shell(f"umount {mounted}")
    check(count > 0, "the tree of the image is empty")
