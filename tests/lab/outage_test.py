# SPDX-License-Identifier: GPL-3.0-or-later
"""A site whose database goes away, and comes back: PostgreSQL stopped, and a disk that is full."""

import contextlib
import os

from cases import check, check_equal, lab_test
from deploy_site import DeploySite
from postgres import Postgres
from rig import Room, wait_until
from wims import MIB


@lab_test(120)
def session_goes_on_while_postgresql_is_away_and_nothing_is_lost(programs):
    with Room(link_rate="200mbit") as room, Postgres(room, room.host("server")) as postgres:
        site = DeploySite(programs, room, rate="30M",
                          options=["--database", postgres.url]).start()
        tree = site.image("image", noise_bytes=12 * MIB)
        site.computers_named("PC-01", "PC-02")
        number = site.deployed("install image", site.collection("room", ["PC-01", "PC-02"]),
                               "start.clients=2")
        for computer in site.computers.values():
            site.start_agent(computer)
        site.wait_for_stage(number, "PC-01", "receiving", 0.1)
        session = site.session(number)["session"]
        postgres.stop()
        before = site.server.tx_bytes()
        answer = site.api("GET", "/api/v1/devices")
        print(answer.body.strip())
        check_equal(answer.status, 503, answer.body)
        check("database" in answer.json()["detail"], answer.body)
        changed = site.api("PATCH", "/api/v1/devices/PC-01", body={"comment": "x"})
        check_equal(changed.status, 503, changed.body)
        site.refused("deploy", "cancel", number, parts=["database"])
        wait_until(lambda: site.server.tx_bytes() > before + 4 * MIB, "the session to go on")
        check(all(pc.agent.running() for pc in site.computers.values()), "an agent ended")
        postgres.start()
        wait_until(lambda: site.api("GET", "/api/v1/devices").status == 200, "the site")
        check_equal(site.session(number)["session"], session, "the session")
        site.check_all_verified(number, {name: tree for name in site.computers})
        for name, computer in site.computers.items():
            check_equal(computer.agent.err.count("step 1 (partition disk) started"), 1,
                        f"how often {name} partitioned its disk")
            history = site.do("status", "history", name)
            check_equal((history.count("step 1 partition disk"), history.count("step 2 apply")),
                        (2, 2), f"reports of {name}: {history}")
        check("terminate" not in site.serve.err, site.serve.describe())


@contextlib.contextmanager
def filled(folder):
    """A file that takes all the room there is."""
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as file:
        for size in (65536, 512):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    yield
    os.unlink(path)


@lab_test(120)
def server_goes_on_when_a_full_disk_has_room_again(programs):
    with Room(link_rate="200mbit") as room:
        small, outside = room.tmpfs("small", 24 * MIB)
        site = DeploySite(programs, room, rate="20M",
                          data=os.path.join(small, "data")).start()
        tree = site.image("image", noise_bytes=6 * MIB)
        pc = site.computer("PC-01")
        number = site.deployed("install image", site.collection("room", ["PC-01"]))
        site.start_agent(pc)
        site.wait_for_stage(number, "PC-01", "receiving", 0.05)
        with filled(outside):
            def full():
                answer = site.api("PATCH", "/api/v1/devices/PC-01", body={"comment": "x" * 250})
                return answer if answer.status != 200 else None

            answer = wait_until(full, "the disk to be full")
            print(answer.body.strip())
            check_equal(answer.status, 503, answer.body)
            check("full" in answer.json()["detail"], answer.body)
            site.wait_for_stage(number, "PC-01", "receiving", 0.5)
            check_equal(site.api("GET", "/api/v1/devices").status, 200, "reading on a full disk")
        site.do("device", "set", "PC-01", "comment=there is room again")
        site.check_all_verified(number, {"PC-01": tree})
        check_equal(pc.agent.err.count("step 1 (partition disk) started"), 1,
                    "how often it partitioned its disk")
