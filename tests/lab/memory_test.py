# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory does not grow with the image: a server and an agent stay below 256 MiB each.

What is measured is the kernel's high water mark of resident memory (VmHWM; for the agent the
largest of itself and the tools it runs). It counts mapped pages of files and of the programs
themselves too, so it is never less than what the promise is about, memory beyond the page cache.
An image that is received into memory lies outside of it, in pages without a mapping, and is added.
"""

import os

from cases import check, check_equal, lab_test
from lab_site import GIB, Site
from rig import Room
from wims import MIB, capture

LIMIT_BYTES = 256 * MIB


def make_large_wim(room, image_bytes, files=8):
    """Random bytes in a few files: no compressor makes them less. (WIM, tree)"""
    tree = os.path.join(room.tmp, "large-tree")
    os.mkdir(tree)
    for number in range(files):
        with open(os.path.join(tree, f"{number}.bin"), "wb") as file:
            for _ in range(image_bytes // files // (8 * MIB)):
                file.write(os.urandom(8 * MIB))
    return capture(tree, os.path.join(room.tmp, "large.wim"), compress="none"), tree


def check_peaks(site, computer, file_bytes, in_memory_bytes=0):
    peaks = {"serve": site.serve.memory_bytes("VmHWM"),
             "agent": computer.agent.peak_memory_bytes + in_memory_bytes}
    for who, peak in peaks.items():
        print(f"{who}: peak {peak / MIB:.0f} MiB for a WIM of {file_bytes / MIB:.0f} MiB")
    for field in ("RssAnon", "RssFile"):
        print(f"serve at the end: {field} {site.serve.memory_bytes(field) / MIB:.0f} MiB")
    for who, peak in peaks.items():
        check(peak < LIMIT_BYTES, f"{who}: peak memory {peak / MIB:.0f} MiB")


@lab_test(900, label="full")
def two_gibibytes_pass_in_less_than_256_mebibytes(programs):
    with Room(link_rate="1gbit") as room:
        site = Site(programs, room, rate="950M").start()
        image, tree = make_large_wim(room, 2 * GIB)
        pc = site.computer("PC-01", disk_bytes=6 * GIB, loss=0.001)
        deployment = site.deploy_image(image, ["PC-01"])
        site.start_agent(pc, memory="128M")
        site.check_all_verified(deployment, {"PC-01": tree}, limit_s=600)
        check_peaks(site, pc, os.path.getsize(image))


@lab_test(300, label="full")
def image_of_150000_files_passes_in_less_than_256_mebibytes(programs):
    """As many files as Windows has: what grows with them are libwim's tables of names."""
    with Room(link_rate="1gbit") as room:
        site = Site(programs, room, rate="950M").start()
        tree = os.path.join(room.tmp, "many-tree")
        for number in range(300):
            folder = os.path.join(tree, f"amd64_some-component_31bf3856ad364e35_{number:016x}")
            os.makedirs(folder)
            for file in range(500):
                with open(os.path.join(folder, f"some-file-{file}.dll"), "wb") as out:
                    out.write(b"%d %d" % (number, file))
        image = capture(tree, os.path.join(room.tmp, "many.wim"))
        pc = site.computer("PC-01", disk_bytes=4 * GIB)
        deployment = site.deploy_image(image, ["PC-01"])
        site.start_agent(pc, memory="128M")
        check_equal(site.watch(deployment, 200).exit_code, 0, "exit code of watch")
        pc.agent.wait_for_exit(0)
        check_peaks(site, pc, os.path.getsize(image), site.images()[0]["image_bytes"])
