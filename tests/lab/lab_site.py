# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in a room: `muster serve`, its administrator's commands, its computers, their agents."""

import json
import os

from cases import check, check_equal
from raw_client import RawClient
from rig import View, wait_until
from session import check_one_line
from volume import check_disk
from wims import MIB

GIB = 1 << 30
STEPS = """\
name: {name}
steps:
  - partition disk:
      disk: {disk}
      layout: windows-uefi
  - apply operating system image:
      image: {image}
      index: {index}
"""


class Computer:
    """A host with a blank disk, known to the site under its own name."""

    def __init__(self, host, disk):
        self.host = host
        self.name = host.name
        self.disk = disk
        self.agent = None
        self.enrolment = None


class Site:
    """Makes the host `server`. Every command is typed as the administrator on that host."""

    def __init__(self, programs, room, *, rate="190M", data=None, options=(), port=7443):
        self.room = room
        self.programs = programs
        self.server = room.hosts.get("server") or room.host("server")
        self.port = port
        self.data = data or os.path.join(room.tmp, "data")
        self.login = os.path.join(self.data, "admin.json")
        self.computers = {}
        self.serve = None
        self._rate = rate
        self._options = options

    @property
    def address(self):
        return f"{self.server.address}:{self.port}"

    # ---- the server ----

    def serve_argv(self, *, interface="eth0", data=None, listen=None):
        return [self.programs.muster, "serve", "--data", data or self.data,
                "--interface", interface, "--rate", self._rate,
                "--listen", listen or self.address, *self._options]

    def start(self):
        self.serve = self.server.popen(self.serve_argv())
        self.serve.wait_for_line("serving on")
        return self

    def muster(self, *words, limit_s=120):
        """A command of the administrator that has ended, however it ended."""
        process = self.server.popen([self.programs.muster, *words, "--site", self.login])
        process.wait(limit_s)
        return process

    def do(self, *words):
        """A command that must work; what it printed."""
        process = self.muster(*words)
        check_equal(process.exit_code, 0, f"exit code of {process.describe()}")
        return process.out

    def do_bare(self, *words):
        """What `muster` prints without a site."""
        return self.server.run([self.programs.muster, *words]).out

    def refused(self, *words, parts):
        """A command that must fail with one line that has the parts."""
        check_one_line(self.muster(*words), parts)

    def secret(self):
        """What is in the administrator's login file: server, fingerprint, token."""
        with open(f"/proc/{self.room.holder_pid()}/root{self.login}", encoding="utf-8") as file:
            return json.load(file)

    def api(self, method, path, *, body=None, token=None):
        """One request of the administrator, or of whoever's token it is."""
        with RawClient(self.server, self.address) as client:
            return client.request(method, path, body=body,
                                  token=self.secret()["token"] if token is None else token)

    # ---- what it knows ----

    def images(self):
        return json.loads(self.do("image", "list", "--json"))["items"]

    def stored(self):
        """(content folders, what lies in staging) on the server's disk."""
        folder = f"/proc/{self.room.holder_pid()}/root{self.data}/content"
        return (sorted(os.listdir(os.path.join(folder, "content"))),
                sorted(os.listdir(os.path.join(folder, "staging"))))

    def check_nothing_stored(self):
        check_equal(self.images(), [], "images")
        check_equal(self.stored(), ([], []), "content and staging")

    def add_sequence(self, text, name="sequence"):
        path = os.path.join(self.room.tmp, f"{name}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def sequence(self, name, image, *, index=1, disk=0):
        """Adds the usual sequence: partition a disk, apply an image."""
        self.do("sequence", "add", self.add_sequence(
            STEPS.format(name=name, image=image, index=index, disk=disk), name))

    def deploy(self, sequence, names, *, start_at=1, or_after=0):
        """Deploys to a new collection of the computers; the number of the deployment."""
        collection = f"for {sequence}"
        self.do("collection", "add", collection)
        self.do("collection", "add-member", collection, *names)
        said = self.do("deploy", sequence, "--to", collection, "--start-at", str(start_at),
                       "--or-after", str(or_after))
        return said.split()[1].rstrip(":")

    def deploy_image(self, path, names, *, image="image", index=1, **rule):
        """From a WIM to a deployment in one go."""
        self.do("image", "add", image, path)
        self.sequence(f"install {image}", image, index=index)
        return self.deploy(f"install {image}", names, **rule)

    # ---- computers and agents ----

    def computer(self, name, *, disk_bytes=2 * GIB, sector_bytes=512, loss=0.0, rate=None):
        computer = Computer(self.room.host(name, loss=loss, rate=rate),
                            self.room.disk(disk_bytes, sector_bytes))
        self.do("device", "add", name, "--mac", computer.host.mac)
        self.enrol(computer)
        self.computers[name] = computer
        return computer

    def enrol(self, computer):
        computer.enrolment = os.path.join(self.room.tmp, f"{computer.name}.json")
        self.do("device", "enrol", computer.name, "--out", computer.enrolment)

    def agent_argv(self, computer, *, memory="512M", disks=None, interface="eth0", once=True,
                   enrolment=None):
        """enrolment: options instead of the file of `muster device enrol`."""
        how = ["--enrolment", computer.enrolment] if enrolment is None else enrolment
        argv = [self.programs.muster_agent, *how, "--interface", interface, "--work-folder",
                "/run/muster", "--memory", memory]
        for disk in disks or [computer.disk.device]:
            argv += ["--disk", disk]
        return argv + (["--once"] if once else [])

    def start_agent(self, computer, **how):
        """The agent may write nothing but its disk and a tmpfs of 64 MiB."""
        computer.agent = computer.host.popen(self.agent_argv(computer, **how),
                                             view=View("/run/muster", 64 * MIB))
        return computer.agent

    def progress(self, deployment):
        """{computer: its document} of a deployment, and the documents of its sessions."""
        document = self.api("GET", f"/api/v1/deployments/{deployment}/progress").json()
        return ({device["device"]: device for device in document["devices"]},
                document["sessions"])

    def wait_for_stage(self, deployment, name, stage, progress=0.0, limit_s=60):
        """Until a computer is in that stage and that far in it."""

        def there():
            device = self.progress(deployment)[0][name]
            return device["stage"] == stage and device["progress"] >= progress

        wait_until(there, lambda: f"{name}: {stage}: {self.progress(deployment)[0][name]}", limit_s)

    def watch(self, deployment, limit_s=180):
        """`muster watch` to its end."""
        return self.muster("watch", deployment, limit_s=limit_s)

    def check_all_verified(self, deployment, trees, limit_s=180):
        """The agents end with 0, watch says verified, and the disks say so themselves.

        trees: {computer's name: the folder its image was captured from}.
        """
        watched = self.watch(deployment, limit_s)
        check_equal(watched.exit_code, 0, f"exit code of {watched.describe()}")
        for name in trees:
            check(f"{name} verified" in watched.out, f"{name}: {watched.describe()}")
        self.check_verified(deployment, trees)

    def check_verified(self, deployment, trees):
        """The same of computers that are done, whatever became of the others."""
        devices = self.progress(deployment)[0]
        for name, tree in trees.items():
            check(devices[name]["verified"], f"{devices[name]}")
            self.computers[name].agent.wait_for_exit(0, 30)
            self.check_disk(name, tree)

    def check_disk(self, name, tree):
        computer = self.computers[name]
        check_disk(self.room, computer.host, computer.disk, tree)
