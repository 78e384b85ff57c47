# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/operating/first-evening.md, followed word by word.

The boxes of the page name who types them: ```server, ```PC-01. The first, without a name, fetches
and builds the programs, which whoever runs this has done. What the page cannot know is put in its
place: the folder of the programs, the disk of a computer.
"""

import os
import re

from cases import check, check_equal, lab_test
from rig import Room
from volume import check_disk
from wims import MIB, make_wim

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../docs/operating/first-evening.md")
ADDRESS = "10.0.0.1"
BOX = re.compile(r"^```(\S*)\n(.*?)^```$", re.M | re.S)


def boxes():
    """(who, text) of every box of the page, in order."""
    with open(PAGE, encoding="utf-8") as file:
        return BOX.findall(file.read())


def prepare(room, programs):
    """The machines of the page: their addresses, their folders, the image."""
    image, tree = make_wim(room, "install", noise_bytes=4 * MIB)
    server = room.host("server")
    computers = {name: (room.host(name), room.disk(2 << 30)) for name in ("PC-01", "PC-02")}
    room.shell(f"mkdir -p /srv /var/lib/muster\n"
               f"mount -t tmpfs muster-small /srv; mkdir /srv/images\n"
               f"mount -t tmpfs muster-small /var/lib/muster\n"
               f"cp {image} /srv/images/install.wim")
    for number, host in enumerate([server] + [each[0] for each in computers.values()], 1):
        room.shell(f"ip address add 10.0.0.{number}/24 dev eth0", net=host.name)
    for number, (host, _) in enumerate(computers.values(), 1):
        mac = f"02:00:00:00:00:{number:02x}"
        room.shell(f"ip link set eth0 address {mac}", net=host.name)
    folder = os.path.dirname(os.path.abspath(programs.muster))
    return server, computers, tree, {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": room.tmp,
                                     "MUSTER_SITE": "/var/lib/muster/admin.json"}


def typed(host, text, env, room, limit_s=120):
    process = host.popen(["/bin/bash", "-euo", "pipefail", "-c", text], env=env, cwd=room.tmp)
    process.wait(limit_s)
    check_equal(process.exit_code, 0, f"exit code of {text!r}: {process.describe()}")
    return process.out


@lab_test(240)
def first_evening_goes_as_its_page_says(programs):
    with Room(link_rate="200mbit") as room:
        server, computers, tree, env = prepare(room, programs)
        steps = boxes()
        check("./dev build release" in steps[0][1], "the first box builds the programs")
        serve = server.popen(["/bin/bash", "-c", "exec " + steps[1][1].strip()], env=env,
                             cwd=room.tmp)
        serve.wait_for_line(f"serving on {ADDRESS}:7443")
        said = {}
        agents = {}
        for who, text in steps[2:]:
            if who == "server":
                for line in re.split(r"\n(?=muster )", text):
                    said[line.strip()] = typed(server, line, env, room)
            else:
                host, disk = computers[who]
                command = "exec " + text.strip().replace("DISK", disk.device)
                agents[who] = host.popen(["/bin/bash", "-c", command], env=env, cwd=room.tmp)
        for agent in agents.values():
            agent.wait_for_exit(0, 60)
        check("PC-01 verified" in said["muster watch 1"], said["muster watch 1"])
        check("PC-02 verified" in said["muster watch 1"], said["muster watch 1"])
        check("not connected" in said["muster deploy explain PC-01"] or
              "armed it" in said["muster deploy explain PC-01"],
              said["muster deploy explain PC-01"])
        check_equal(said['muster collection members "Room 12"'].split(), ["PC-01", "PC-02"],
                    "members")
        for name, (host, disk) in computers.items():
            check_disk(room, host, disk, tree)
            print(f"{name}: as the page says")
