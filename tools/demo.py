#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on real input: one image to four computers in a virtual room, applied and verified.

Everything the product does is done by its own commands, in the room's namespaces; this script only
makes the room and types the commands. The room disappears with it, also after Ctrl-C.
"""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(ROOT, "tests/lab")]
sys.dont_write_bytecode = True

from demo_image import demo_image  # noqa: E402
from rig import Interrupted, RigError, Room, View, catch_signals, wait_until  # noqa: E402

LINK_RATE = "200mbit"
LINK_BITS_PER_SECOND = 200_000_000
LEAST_DISK_BYTES = 8 << 30
PORT = 7443


@dataclasses.dataclass
class Computer:
    name: str
    loss: float
    late: bool = False
    memory: str = "1G"
    host: object = None
    disk: object = None
    agent: object = None


def computers():
    return [Computer("PC-01", 0.01), Computer("PC-02", 0.01),
            Computer("PC-03", 0.05, memory="128M"), Computer("PC-04", 0.0, late=True)]


def say(text):
    print(text, flush=True)


SEQUENCE = """\
# Prepares a blank disk for Windows and puts the image on it.
name: Windows
steps:
  - partition disk:
      disk: 0
      layout: windows-uefi
  - apply operating system image:
      image: demo
      index: {index}
"""


class Demo:
    """One run: owns the room and what runs in it."""

    def __init__(self, options, room):
        self._options = options
        self._room = room
        self._muster = os.path.abspath(os.path.join(options.bin, "muster"))
        self._agent = os.path.abspath(os.path.join(options.bin, "muster-agent"))
        self._data = os.path.join(room.tmp, "server")
        self._site = os.path.join(self._data, "admin.json")
        self._serve = None
        self.server = None
        self.computers = computers()

    def open_room(self, disk_bytes):
        self.server = self._room.host("server")
        for computer in self.computers:
            computer.host = self._room.host(computer.name, loss=computer.loss)
            computer.disk = self._room.disk(disk_bytes)
        losses = ", ".join(f"{each.name} {each.loss:.0%}" for each in self.computers)
        say(f"Room: a switch, a server on {LINK_RATE}, {len(self.computers)} computers with blank "
            f"disks of {disk_bytes >> 30} GiB; loss: {losses}")

    # ---- the product's commands -------------------------------------------------------------

    def muster(self, *words, show=True, echo=True, limit_s=300):
        """A command of the administrator on the server; its output."""
        if show:
            shown = [os.path.relpath(str(word), self._room.tmp) if str(word).startswith(
                self._room.tmp) else str(word) for word in words]
            say("$ muster " + " ".join(shown))
        done = self.server.run([self._muster, *words, "--site", self._site],
                               limit_s=limit_s)
        if done.out and echo and show:
            say(done.out)
        return done.out

    def start_server(self):
        os.mkdir(self._data)
        say("$ muster serve")
        self._serve = self.server.popen(
            [self._muster, "serve", "--data", self._data, "--interface", "eth0", "--rate", "195M",
             "--listen", f"{self.server.address}:{PORT}"])
        wait_until(lambda: self._serve.wait_for_line("serving on"), "muster serve to be ready")

    def describe_site(self, image, index):
        """Image, devices, collection, task sequence and deployment."""
        sequence = os.path.join(self._room.tmp, "windows.yaml")
        with open(sequence, "w", encoding="utf-8") as file:
            file.write(SEQUENCE.format(index=index))
        # Checked, converted and hashed: minutes for an image of many gigabytes.
        self.muster("image", "add", "demo", image, limit_s=300 + os.path.getsize(image) / 5e6)
        for computer in self.computers:
            self.muster("device", "add", computer.name, "--mac", computer.host.mac)
        self.muster("collection", "add", "Room")
        self.muster("collection", "add-member", "Room", *[each.name for each in self.computers])
        self.muster("sequence", "add", sequence)
        self.muster("deploy", "Windows", "--to", "Room", "--start-at", "3", "--or-after", "20")

    def start_agent(self, computer):
        """The agent's only writable place is a tmpfs of 64 MiB: the image cannot lie in a file."""
        enrolment = os.path.join(self._room.tmp, f"{computer.name}.json")
        self.muster("device", "enrol", computer.name, "--out", enrolment, show=False)
        computer.agent = computer.host.popen(
            [self._agent, "--enrolment", enrolment, "--interface", "eth0",
             "--disk", computer.disk.device, "--work-folder", "/run/muster",
             "--memory", computer.memory, "--once"], view=View("/run/muster", 64 << 20))

    def start_watching(self):
        """The product's own live display, on this terminal, until the deployment is over."""
        say("$ muster watch 1")
        return self.server.popen([self._muster, "watch", "1", "--site", self._site],
                                 stdout=sys.stdout, stderr=sys.stderr)

    def delivered_bytes(self):
        """Size of the image in the form in which it is sent."""
        document = json.loads(self.muster("image", "list", "--json", show=False, echo=False))
        return document["items"][0]["image_bytes"]

    def run_agents(self, image_bytes):
        """False when a computer gave up before the session was half done."""
        before = self.server.tx_bytes()
        for computer in self.computers:
            if not computer.late:
                self.start_agent(computer)

        def half_done():
            return self.server.tx_bytes() - before > image_bytes / 2

        def gave_up():
            return any(each.agent and not each.agent.running() for each in self.computers)

        wait_until(lambda: half_done() or gave_up(), "half of the image on the wire",
                   120 + 2 * 8 * image_bytes / LINK_BITS_PER_SECOND)
        if not half_done():
            return False
        for computer in self.computers:
            if computer.late:
                if not sys.stdout.isatty():
                    say(f"{computer.name} is switched on now, the session is half done")
                self.start_agent(computer)
        return True

    def report_wire(self, wire_bytes):
        """What really left the server's interface, control connections and headers included."""
        image_bytes = self.delivered_bytes()
        count = len(self.computers)
        # A TCP segment of 1448 bytes of payload costs 66 bytes of Ethernet, IPv4 and TCP headers.
        unicast = image_bytes * count * (1448 + 66) / 1448
        say(f"On the server's wire: {wire_bytes / 2**20:.1f} MiB for an image of "
            f"{image_bytes / 2**20:.1f} MiB: {wire_bytes / image_bytes:.3f} x the image.")
        say(f"{count} unicast copies would have been {unicast / 2**20:.1f} MiB: "
            f"{unicast / image_bytes:.3f} x the image (computed).")

    # ---- the whole ---------------------------------------------------------------------------

    def run(self, image, index):
        # Sparse files: room for the files of a large image costs nothing until it is written.
        self.open_room(max(LEAST_DISK_BYTES, 6 * os.path.getsize(image)))
        self.start_server()
        self.describe_site(image, index)
        image_bytes = self.delivered_bytes()
        before = self.server.tx_bytes()
        watching = self.start_watching()
        if self.run_agents(image_bytes):
            watched = watching.wait(900 + image_bytes / 1e6)
        else:
            watching.stop()
            watched = 1
            for computer in self.computers:
                if computer.agent and computer.agent.running():
                    computer.agent.stop()
        failed = [each for each in self.computers
                  if each.agent is None or each.agent.wait(60) != 0]
        self.report_wire(self.server.tx_bytes() - before)
        for computer in failed:
            why = computer.agent.describe() if computer.agent else "it was never switched on"
            say(f"{computer.name} FAILED: {why}")
        self._serve.signal(signal.SIGTERM)
        self._serve.wait(30)
        return 1 if failed or watched != 0 else 0


def image_to_show(options):
    if options.wim:
        if not os.path.isfile(options.wim):
            raise SystemExit(f"demo: {options.wim}: no such file")
        return os.path.abspath(options.wim), options.index
    say("Capturing real files of this machine into a WIM ..." if options.fresh or not
        os.path.exists(os.path.join(ROOT, "build/demo/demo.wim")) else "The WIM of the last demo:")
    image, contents = demo_image(os.path.join(ROOT, "build/demo"), options.fresh)
    say(f"{image}: {contents.files} files, {contents.bytes >> 20} MiB, {contents.symlinks} "
        f"symbolic links, {contents.hard_links} hard links, {os.path.getsize(image) >> 20} MiB as "
        "XPRESS with an integrity table")
    return image, 1


def check_space(folder, needed_bytes):
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise SystemExit(f"demo: {folder} has {free >> 20} MiB free, {needed_bytes >> 20} MiB are "
                         "needed: make room there")


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--wim", help="an image of your own instead of this machine's files")
    parser.add_argument("--index", type=int, default=1, help="which image of --wim")
    parser.add_argument("--fresh", action="store_true", help="capture the demo's image again")
    options = parser.parse_args()
    folder = os.path.join(ROOT, "build/demo")
    os.makedirs(folder, exist_ok=True)
    catch_signals()
    try:
        image, index = image_to_show(options)
        check_space(folder, 8 * os.path.getsize(image) + (2 << 30))
        with Room(link_rate=LINK_RATE, folder=folder) as room:
            return Demo(options, room).run(image, index)
    except Interrupted as interrupted:
        say("\nThe room is removed.")
        return interrupted.exit_code
    except (RigError, AssertionError, subprocess.SubprocessError) as error:
        say(f"demo: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
