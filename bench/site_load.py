# SPDX-License-Identifier: GPL-3.0-or-later
"""The site under load: a large site's pages, a thousand agents, both databases.

Times are medians over many requests of one client on one connection, as a person or a console makes
them; they count from the request to the last byte of the answer.
"""

import json
import os
import re
import statistics
import time

from database import postgresql
from harness import Row, at_most
from raw_client import RawClient
from rig import Room, wait_until

DEVICES, COLLECTIONS, DEPLOYMENTS, AGENTS = 10_000, 500, 200, 1_000
DATABASES = ("SQLite", "PostgreSQL")
SEQUENCE = "name: Disk\nsteps:\n  - partition disk: {disk: 0, layout: windows-uefi}\n"
PAGES = ("devices", "devices/PC-05000", "devices?name=PC-04*", "collections",
         "collections/Room-250", "collections/Room-250/members", "deployments", "deployments/100",
         "sequences", "sessions", "settings", "points", "audit", "devices/PC-05000/explain")


def rows(context):
    for database in DATABASES:
        def large(database=database):
            return context.once(("large", database), lambda: large_site(context, database))

        for page in PAGES:
            yield Row(f"site/{database}: GET {page}", lambda page=page, large=large: at_most(
                large()["pages"][page], 50, f"{large()['pages'][page]:.1f} ms at the median"),
                seconds=120 if page == PAGES[0] else 1)
        yield Row(f"site/{database}: a rule evaluated anew for all devices",
                  lambda large=large: at_most(large()["rule_s"], 1, f"{large()['rule_s']:.2f} s"),
                  seconds=1)

        def fleet(database=database):
            return context.once(("fleet", database), lambda: fleet_of_agents(context, database))

        yield Row(f"site/{database}: processors for 1,000 agents",
                  lambda fleet=fleet: at_most(fleet()["cores"], 1, f"{fleet()['cores']:.2f} cores"),
                  seconds=90)
        yield Row(f"site/{database}: reports of 1,000 agents lost",
                  lambda fleet=fleet: at_most(fleet()["lost"], 0, f"{fleet()['lost']} lost"),
                  seconds=1)
        yield Row(f"site/{database}: 1,000 agents back after a restart",
                  lambda fleet=fleet: at_most(fleet()["back_s"], 15,
                                              f"{fleet()['back_s']:.1f} s"), seconds=1)
        yield Row(f"site/{database}: a change reaches who watches",
                  lambda fleet=fleet: at_most(fleet()["event_ms"], 500,
                                              f"{fleet()['event_ms']:.0f} ms"), seconds=1)


class Server:
    """`muster serve` in a room of its own, and a client of it."""

    def __init__(self, context, room, database):
        self._room = room
        self._host = room.host("server")
        self._data = os.path.join(room.tmp, "data")
        self._argv = [context.muster, "serve", "--data", self._data, "--interface", "eth0",
                      "--listen", f"{self._host.address}:7443"]
        if database:
            self._argv += ["--database", database]
        self.address = f"{self._host.address}:7443"
        self.process = None
        self.client = None

    def start(self):
        self.process = self._host.popen(self._argv)
        self.process.wait_for_line("serving on")
        with open(f"/proc/{self._room.holder_pid()}/root{self._data}/admin.json",
                  encoding="utf-8") as file:
            self.login = json.load(file)
        return self

    def open_client(self):
        self.client = RawClient(self._host, self.address)
        self.client.__enter__()

    def call(self, method, path, body=None, expected=(200, 201)):
        answer = self.client.request(method, f"/api/v1/{path}", body=body,
                                     token=self.login["token"])
        if answer.status not in expected:
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body[:500]}")
        return answer

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def popen(self, argv):
        return self._host.popen(argv)


def fill(server, devices, collections, deployments):
    """Collections first: each change of one evaluates the rules for the devices there are."""
    for number in range(collections):
        server.call("POST", "collections", {
            "name": f"Room-{number}", "rules": [f"Name like 'PC-*{number % 100:02}'"]})
    csv = "name,mac,variable:Row\n" + "".join(
        f"PC-{number:05},02:00:00:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x},"
        f"{number % 100}\n" for number in range(devices))
    server.call("POST", "devices/import", {"csv": csv})
    server.call("POST", "sequences", {"text": SEQUENCE})
    for number in range(deployments):
        server.call("POST", "deployments", {"sequence": "Disk", "purpose": "available",
                                            "collection": f"Room-{number % collections}"})


def median_ms(server, page, tries=21):
    times = []
    for _ in range(tries):
        began = time.monotonic()
        server.call("GET", page)
        times.append(1000 * (time.monotonic() - began))
    return statistics.median(times)


def large_site(context, database):
    with Room(folder=context.folder) as room, postgresql(database == "PostgreSQL") as where:
        server = Server(context, room, where).start()
        server.open_client()
        fill(server, DEVICES, COLLECTIONS, DEPLOYMENTS)
        pages = {page: median_ms(server, page) for page in PAGES}
        began = time.monotonic()
        server.call("PATCH", "collections/Room-7", {"rules": ["Variable.Row = '7'"]})
        rule_s = time.monotonic() - began
        return {"pages": pages, "rule_s": rule_s}


def enrolled(server, agents, path):
    with open(path, "w", encoding="ascii") as file:
        for number in range(agents):
            answer = server.call("POST", f"devices/PC-{number:05}/token")
            file.write(answer.json()["token"] + "\n")


def event_ms(server):
    """From a change to the end of the answer that tells of it, the client waiting for it."""
    def newest(text):
        return re.findall(r"^id: (\d+)$", text, re.M)[-1]

    last = newest(server.call("GET", "events").body)
    began = time.monotonic()
    text = server.call("GET", f"events?after={last}").body
    while "event: progress" not in text:
        text = server.call("GET", f"events?after={newest(text)}").body
    return 1000 * (time.monotonic() - began)


def fleet_of_agents(context, database):
    with Room(folder=context.folder) as room, postgresql(database == "PostgreSQL") as where:
        server = Server(context, room, where).start()
        server.open_client()
        fill(server, AGENTS, 1, 0)
        server.call("PATCH", "collections/Room-0", {"rules": ["Name is set"]})
        server.call("POST", "deployments", {"sequence": "Disk", "collection": "Room-0",
                                            "confirm_count": AGENTS})
        tokens = os.path.join(room.tmp, "tokens")
        enrolled(server, AGENTS, tokens)
        agents = server.popen([os.path.join(context.programs, "muster_bench_agents"),
                               server.address, server.login["fingerprint"], tokens, "60"])
        agents.wait_for_line('"connected"', 60)
        before, began = server.cpu_seconds(), time.monotonic()
        wait_until(lambda: time.monotonic() > began + 15, "fifteen seconds of reports", 30)
        cores = (server.cpu_seconds() - before) / (time.monotonic() - began)
        event = event_ms(server)
        back = restart(server, agents)
        agents.wait_for_exit(0, 90)
        end = json.loads(agents.out.splitlines()[-1])
        return {"cores": cores, "event_ms": event, "back_s": back,
                "lost": lost(server, end)}


def lost(server, end):
    """Log lines that were not acknowledged, or that are not there although they were."""
    gaps = 0
    for number in range(0, AGENTS, 50):
        lines, after = [], 0
        while after is not None:
            page = server.call("GET", f"devices/PC-{number:05}/log?limit=1000&after={after}").json()
            lines += [line["text"] for line in page["items"]]
            after = page.get("next")
        gaps += lines != [f"report {each}" for each in range(1, len(lines) + 1)]
    return end["sent"] - end["acknowledged"] + gaps


def restart(server, agents):
    lines = len(agents.out.splitlines())
    server.process.kill()
    began = time.monotonic()
    server.start()
    server.open_client()

    def back():
        new = [json.loads(line) for line in agents.out.splitlines()[lines:]]
        return [each for each in new if each["what"] == "connected"]

    wait_until(back, "all agents to be back", 60)
    return time.monotonic() - began
