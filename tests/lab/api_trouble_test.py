# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that is locked, full or gone: 503 with the cause, and all is well once it is back.

The agents are there meanwhile: what they report is not lost, and nobody's connection ends the
server.
"""

import contextlib
import os
import sqlite3

from api_test import check_problem
from api_world import World, world
from cases import check_equal, lab_test
from lab_site import Site
from rig import Room, wait_until
from wims import MIB


def report_progress(site, percent):
    site.agent.send_text({"type": "progress", "stage": "receiving", "progress": percent / 100})


def shown(site):
    return site.do("GET", f"/deployments/{site.deployment}/progress")["devices"][0]["progress"]


@lab_test(60)
def locked_database_is_503_and_nothing_is_lost(programs):
    with world(programs, "sqlite") as site:
        path = os.path.join(site.site.data, "site.db")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            report_progress(site, 40)
            check_problem(site.ask("POST", "/devices", {"name": "PC-50"}), 503,
                          ["locked", "fuser", path], "a locked database")
            other.execute("ROLLBACK")
        site.device(name="PC-50")
        wait_until(lambda: shown(site) == 0.4, "the progress of that time")


@lab_test(60)
def full_disk_is_503_and_what_there_was_stays(programs):
    with Room() as room:
        folder, _ = room.tmpfs("data", 4 * MIB)
        site = World(Site(programs, room, data=folder).start())
        room.shell(f"dd if=/dev/zero of={folder}/filler bs=4096 status=none || true")
        answer = wait_until(
            lambda: next((each for each in [site.ask(
                "PATCH", "/collections/" + site.room, {"comment": site.fresh("c") * 20})]
                if each.status >= 300), None), "the disk to be full")
        check_problem(answer, 503, ["disk is full", "make room"], "a full disk")
        check_equal(site.ask("GET", "/devices/PC-01").status, 200, "reading from a full disk")
        room.shell(f"rm {folder}/filler")
        site.device(name="PC-50")
        site.close()


@lab_test(60)
def database_server_that_is_gone_is_503_until_it_is_back(programs):
    with world(programs, "postgresql") as site:
        server = site.database
        server.stop()
        report_progress(site, 40)
        for method, path, body in (("POST", "/devices", {"name": "PC-50"}),
                                   ("GET", "/devices", None)):
            check_problem(site.ask(method, path, body), 503, ["cannot be reached"],
                          "no database")
        server.start()
        wait_until(lambda: site.ask("GET", "/devices").status == 200, "the database to be back")
        site.device(name="PC-50")
        wait_until(lambda: shown(site) == 0.4, "the progress of that time")
        check_equal(site.do("GET", "/site")["connected_agents"], 1, "connected agents")
