# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told afterwards and at once: history, log, report, events, audit."""

import csv
import io
import threading
import time

from cases import check, check_equal, lab_test
from deploy_site import DeploySite
from raw_client import RawClient
from rig import Room, wait_until


@lab_test(60)
def steps_and_lines_of_a_computer_are_there_afterwards(programs):
    with Room(link_rate="200mbit") as room:
        site = DeploySite(programs, room).start()
        site.image("image")
        pc = site.computer("PC-01")
        number = site.deployed("install image", site.collection("room", ["PC-01"]))
        site.start_agent(pc)
        check_equal(site.watch(number).exit_code, 0, "exit code of watch")
        pc.agent.wait_for_exit(0)
        history = site.do("status", "history", "PC-01")
        print(history)
        for part in (f"deployment {number}: succeeded", "step 1 partition disk succeeded",
                     "step 2 apply operating system image started",
                     "step 2 apply operating system image succeeded"):
            check(part in history, f"{part!r}: {history}")
        log = site.do("status", "log", "PC-01")
        check("step 1 (partition disk) started" in log, log)
        check("task sequence succeeded, verified" in log, log)
        rows = list(csv.DictReader(io.StringIO(site.do("deploy", "report", number))))
        check_equal([(row["device"], row["state"], row["verified"]) for row in rows],
                    [("PC-01", "succeeded", "true")], "report")
        status = site.do("status")
        check("1 succeeded" in status, status)


@lab_test(60)
def report_has_every_computer_and_is_safe_for_spreadsheets(programs):
    with Room() as room:
        site = DeploySite(programs, room).start()
        text = ("name: '=broken, \"x\"'\nsteps:\n"
                "  - partition disk: {disk: 7, layout: windows-uefi}\n")
        site.do("sequence", "add", site.add_sequence(text, "broken"))
        pc = site.computer("PC-01")
        site.do("device", "add", "PC-02")
        number = site.deployed('=broken, "x"', site.collection("room", ["PC-01", "PC-02"]))
        site.start_agent(pc)
        pc.agent.wait_for_exit(1, 30)
        rows = list(csv.DictReader(io.StringIO(site.do("deploy", "report", number))))
        check_equal([(row["device"], row["state"]) for row in rows],
                    [("PC-01", "failed"), ("PC-02", "waiting")], "report")
        check("there is no disk 7" in rows[0]["message"], f"{rows[0]}")


class Watcher:
    """A client of /api/v1/events, as EventSource is one; when each event came."""

    def __init__(self, site, path="/api/v1/events"):
        self.events = []
        self.last = None
        self._site, self._path, self._over = site, path, False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        wait_until(lambda: self.last is not None, "the first answer")
        return self

    def __exit__(self, *_):
        self._over = True

    def _run(self):
        token = self._site.secret()["token"]
        while not self._over:
            last = [] if self.last is None else [("Last-Event-ID", self.last)]
            try:
                with RawClient(self._site.server, self._site.address) as client:
                    answer = client.request("GET", self._path, token=token, headers=last)
            except (OSError, AssertionError):
                if self._over:  # the server ended with the room
                    return
                raise
            for block in answer.body.split("\n\n"):
                fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
                if "event" in fields:
                    self.events.append((time.monotonic(), fields["event"], fields.get("data", "")))
                self.last = fields.get("id", self.last)

    def first(self, event, *parts):
        """When the first such event came; None: not yet."""
        return next((at for at, name, data in self.events
                     if name == event and all(part in data for part in parts)), None)


@lab_test(60)
def changes_arrive_as_events(programs):
    with Room() as room:
        site = DeploySite(programs, room).start()
        site.partition_sequence()
        pc = site.computer("PC-01")
        number = site.deployed("partition", site.collection("room", ["PC-01"]), "purpose=available")
        site.start_agent(pc)
        pc.agent.wait_for_line("nothing to do")
        with Watcher(site) as watcher:
            armed = time.monotonic()
            site.do("deploy", "arm", number, "PC-01")
            at = wait_until(lambda: watcher.first("progress", "PC-01", "running"), "progress")
            print(f"the first progress came {1000 * (at - armed):.0f} ms after the command began")
            pc.agent.wait_for_line("step 1 .partition disk. started")
            said = time.monotonic()
            at = wait_until(lambda: watcher.first("step", "PC-01", "started"), "the step")
            print(f"the step came {1000 * (at - said):.0f} ms after the agent's own line")
            wait_until(lambda: watcher.first("progress", "succeeded"), "the end")
            first = watcher.last
        with RawClient(site.server, site.address) as client:
            again = client.request("GET", "/api/v1/events", token=site.secret()["token"],
                                   headers=[("Last-Event-ID", "1")])
        check("event: step" in again.body and f"id: {first}" in again.body,
              "whoever was away gets what was missed")
        with RawClient(site.server, site.address) as client:
            lost = client.request("GET", "/api/v1/events", token=site.secret()["token"],
                                  headers=[("Last-Event-ID", "999999")])
        check("event: reset" in lost.body, lost.body)


@lab_test(60)
def audit_says_who_changed_what(programs):
    with Room() as room:
        site = DeploySite(programs, room).start()
        site.do("device", "add", "PC-01")
        said = site.do("token", "add", "reader", "--role", "read-only")
        token = said.split(": ")[-1].strip()
        site.do("device", "set", "PC-01", "comment=by the window")
        refused = site.api("PATCH", "/api/v1/devices/PC-01", token=token, body={"comment": "x"})
        check_equal(refused.status, 403, refused.body)
        rows = site.get("audit")["items"]
        check_equal([row["operation"] for row in rows[:3]],
                    ["setDevice", "addToken", "addDevice"], "the newest first")
        check_equal((rows[0]["from"]["comment"], rows[0]["to"]["comment"]),
                    ("", "by the window"), "before and after")
        check(token not in str(rows), "the token is in the audit")
        check("setDevice" in site.do("audit", "list"), "muster audit list")
