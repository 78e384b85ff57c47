# SPDX-License-Identifier: GPL-3.0-or-later
"""What a computer is told to do and why: times, arming, reruns, windows, risk, control, waking."""

import contextlib
import datetime
import socket
import sqlite3

from cases import check, check_equal, lab_test
from deploy_site import DeploySite, from_now
from rig import Room, wait_until
from wims import MIB

OBEYED_S = 5
ETH_P_ALL = 3


def begin(programs, room, *names, **how):
    site = DeploySite(programs, room, **how).start()
    site.partition_sequence()
    site.computers_named(*names)
    return site


def room_of(site, *names):
    return site.collection("room of " + names[0], names)


@lab_test(60)
def deployment_begins_is_due_and_expires_by_the_clock(programs):
    """The agent is connected all the time: it is told by itself when the time comes."""
    with Room() as room:
        site = begin(programs, room, "PC-01", "PC-02", "PC-03", "PC-04")
        later = site.deployed("partition", room_of(site, "PC-01"), f"available_from={from_now(6)}")
        due = site.deployed("partition", room_of(site, "PC-02"), f"deadline={from_now(6)}")
        gone = site.deployed("partition", room_of(site, "PC-03"), f"expires={from_now(1)}")
        offered = site.deployed("partition", room_of(site, "PC-04"), "purpose=available")
        for name in ("PC-01", "PC-02", "PC-04"):
            site.start_agent(site.computers[name])
        for name, number, words in (("PC-01", later, "begins on 20"),
                                    ("PC-02", due, "must run from 20"),
                                    ("PC-04", offered, "is offered and nobody has chosen it")):
            print(site.wait_explained(name, "has nothing to do", f"deployment {number}", words))
            site.computers[name].agent.wait_for_line("nothing to do")
        site.wait_explained("PC-03", f"deployment {gone}", "expired on 20", limit_s=5)
        site.start_agent(site.computers["PC-03"])
        site.computers["PC-03"].agent.wait_for_line("expired on 20")
        for name, number in (("PC-01", later), ("PC-02", due)):
            site.computers[name].agent.wait_for_exit(0, 30)
            check_equal(site.device(number, name)["state"], "succeeded", name)
        check_equal(site.device(offered, "PC-04")["state"], "waiting", "of the available one")
        site.do("deploy", "arm", offered, "PC-04")
        site.computers["PC-04"].agent.wait_for_exit(0, 30)
        print(site.wait_explained("PC-04", "succeeded here", f"muster deploy clear {offered}"))


@lab_test(60)
def deployment_is_for_computers_where_it_is_offered(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01")
        pc = site.computers["PC-01"]
        number = site.deployed("partition", room_of(site, "PC-01"), "offered_to=media")
        site.agent_with(pc)
        pc.agent.wait_for_line("is not offered to network boot")
        print(site.explain("PC-01"))
        pc.agent.stop()
        site.agent_with(pc, "--environment", "media")
        pc.agent.wait_for_exit(0, 30)
        check_equal(site.device(number, "PC-01")["state"], "succeeded", "state")
        wrong = pc.host.popen(site.agent_argv(pc) + ["--environment", "moon"])
        check_equal(wrong.wait(10), 2, f"exit code of {wrong.describe()}")


def run_once(site, name, *options):
    """The agent of a computer that was switched on; its last words."""
    agent = site.agent_with(site.computers[name], *options)
    agent.wait_for_line("nothing to do|task sequence succeeded|task sequence failed")
    if "nothing to do" in agent.err:
        agent.stop()
        return "nothing"
    agent.wait(30)
    return "failed" if "task sequence failed" in agent.err else "succeeded"


@lab_test(90)
def computer_that_always_boots_from_the_network_is_not_imaged_twice(programs):
    """And is again when a person clears it, or arms it where the rerun rule allows that."""
    with Room() as room:
        site = begin(programs, room, "PC-01")
        broken = "name: broken\nsteps:\n  - partition disk: {disk: 7, layout: windows-uefi}\n"
        site.do("sequence", "add", site.add_sequence(broken, "broken"))
        rooms = room_of(site, "PC-01")
        number = site.deployed("partition", rooms)
        check_equal([run_once(site, "PC-01") for _ in range(2)], ["succeeded", "nothing"], "runs")
        site.do("deploy", "arm", number, "PC-01")
        check_equal(run_once(site, "PC-01"), "nothing", "armed, though it is never run again")
        print(site.wait_explained("PC-01", "succeeded here", "rerun"))
        site.do("deploy", "clear", number, "PC-01")
        check_equal(run_once(site, "PC-01"), "succeeded", "cleared")
        for rerun, sequence, outcome in (("if failed", "partition", "nothing"),
                                         ("if succeeded", "partition", "succeeded"),
                                         ("if failed", "broken", "failed"),
                                         ("if succeeded", "broken", "nothing"),
                                         ("always", "broken", "failed")):
            number = site.deployed(sequence, rooms, f"rerun={rerun}")
            first = "failed" if sequence == "broken" else "succeeded"
            check_equal(run_once(site, "PC-01"), first, f"first run of {sequence}")
            check_equal(run_once(site, "PC-01"), "nothing", "not armed")
            site.do("deploy", "arm", number, "PC-01")
            check_equal(run_once(site, "PC-01"), outcome, f"rerun {rerun} of {sequence}")


@lab_test(60)
def arming_is_over_after_its_time(programs):
    """The database is told an earlier end of the deployment's arming: nobody waits an hour."""
    with Room() as room:
        site = begin(programs, room, "PC-01")
        number = site.deployed("partition", room_of(site, "PC-01"), "armed_hours=1")
        path = f"/proc/{room.holder_pid()}/root{site.data}/site.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE deployments SET armed_until_ms = 1000")
            database.commit()
        check_equal(run_once(site, "PC-01"), "nothing", "run")
        print(site.wait_explained("PC-01", "is not armed any more", f"deploy arm {number} PC-01"))
        site.do("deploy", "arm", number, "PC-01", "--hours", "1")
        print(site.wait_explained("PC-01", "armed it", "it is not connected"))
        check_equal(run_once(site, "PC-01"), "succeeded", "run after arming")


@lab_test(120)
def deployment_is_paused_resumed_and_cancelled_with_computers_at_work(programs):
    with Room(link_rate="200mbit") as room:
        site = begin(programs, room, "PC-01", "PC-02", "PC-03", rate="20M")
        site.image("image", noise_bytes=10 * MIB)
        names = ["PC-01", "PC-02", "PC-03"]
        number = site.deployed("install image", room_of(site, *names), "start.clients=2")
        for name in names[:2]:
            site.start_agent(site.computers[name])
        site.wait_for_stage(number, "PC-01", "receiving", 0.05)
        site.do("deploy", "pause", number, "--reason", "a lesson begins")
        for name in names[:2]:
            wait_until(lambda name=name: "(paused)" in site.device(number, name)["stage"],
                       lambda name=name: f"{name} paused: {site.device(number, name)}", OBEYED_S)
        print(site.wait_explained("PC-01", "receiving (paused)"))
        site.start_agent(site.computers["PC-03"])
        site.computers["PC-03"].agent.wait_for_line("is paused .muster deploy resume")
        check("is paused" in site.explain(number), site.explain(number))
        site.do("deploy", "resume", number)
        site.wait_for_stage(number, "PC-01", "receiving", 0.1)
        site.wait_for_stage(number, "PC-03", "receiving", 0.0)
        check("PC-02: paused" in site.do("device", "control", "PC-02", "pause"), "what PC-02 said")
        site.do("deploy", "control", number, "cancel", "PC-02", "--reason", "out of the room")
        site.computers["PC-02"].agent.wait_for_exit(1, OBEYED_S)
        check_equal(site.device(number, "PC-02")["state"], "cancelled", "PC-02")
        check(site.computers["PC-01"].agent.running(), "PC-01 was cancelled with PC-02")
        site.do("deploy", "cancel", number, "--reason", "the wrong image")
        for name in ("PC-01", "PC-03"):
            site.computers[name].agent.wait_for_exit(1, OBEYED_S)
            device = site.device(number, name)
            check_equal(device["state"], "cancelled", f"{name}: {device['message']}")
            check("the wrong image" in device["message"], device["message"])
        print(site.explain("PC-01"))
        site.refused("deploy", "resume", number, parts=["was cancelled"])


@lab_test(60)
def computer_that_was_away_when_its_deployment_was_cancelled_does_not_go_on(programs):
    with Room(link_rate="200mbit") as room:
        site = begin(programs, room, "PC-01", rate="20M")
        site.image("image", noise_bytes=6 * MIB)
        number = site.deployed("install image", room_of(site, "PC-01"))
        pc = site.computers["PC-01"]
        site.start_agent(pc)
        site.wait_for_stage(number, "PC-01", "receiving", 0.05)
        pc.agent.kill()
        site.wait_for_stage(number, "PC-01", "not connected")
        site.do("deploy", "cancel", number)
        check_equal(site.device(number, "PC-01")["state"], "cancelled", "state")
        check_equal(site.watch(number).exit_code, 3, "watch ends")
        check_equal(run_once(site, "PC-01"), "nothing", "when it is back")


@lab_test(60)
def computer_waits_for_its_maintenance_window(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01", "PC-02")
        far = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
        window = f"maintenance_windows={far.strftime('%a').lower()} 02:00 for 1h"
        site.collection("night", ["PC-01"], [window])
        number = site.deployed("partition", "night")
        pc = site.computers["PC-01"]
        site.start_agent(pc)
        pc.agent.wait_for_line("waits for a maintenance window of night, which opens on 20")
        print(site.explain("PC-01"))
        site.do("collection", "set", "night", "maintenance_windows=mon-sun 00:00 for 12h",
                "maintenance_windows=mon-sun 12:00 for 12h")
        pc.agent.wait_for_exit(0, 30)
        check_equal(site.device(number, "PC-01")["state"], "succeeded", "state")
        site.collection("other night", ["PC-02"], [window])
        site.deployed("partition", "other night", "ignore_maintenance_windows=true")
        check_equal(run_once(site, "PC-02"), "succeeded", "windows ignored")


@lab_test(60)
def large_collection_is_confirmed_by_its_size(programs):
    with Room() as room:
        site = begin(programs, room)
        names = [f"PC-{number:02}" for number in range(1, 5)]
        for name in names:
            site.do("device", "add", name)
        site.collection("room", names)
        site.do("settings", "set", "high_risk_size=3")
        site.refused("deploy", "partition", "--to", "room",
                     parts=["has 4 computers", "high-risk", "--confirm 4"])
        site.refused("deploy", "partition", "--to", "room", "--confirm", "3", parts=["--confirm 4"])
        site.deployed("partition", "room", "--confirm", "4")
        site.do("settings", "set", "high_risk_maximum=3")
        site.refused("deploy", "partition", "--to", "room", "--confirm", "4",
                     parts=["the site allows 3 at most"])
        site.refused("deploy", "partition", "--to", "All Unknown Computers",
                     parts=["has no members"])


@lab_test(120)
def applied_image_is_confirmed_by_the_installed_system_or_by_time(programs):
    """The clock of the database is put back: nobody waits a minute."""
    with Room(link_rate="200mbit") as room:
        site = begin(programs, room, "PC-01", "PC-02")
        site.image("image")
        number = site.deployed("install image", room_of(site, "PC-01", "PC-02"),
                               "readiness_minutes=60", "start.clients=2")
        for name in ("PC-01", "PC-02"):
            site.start_agent(site.computers[name], once=False)
        for name in ("PC-01", "PC-02"):
            site.wait_state(number, name, "applied, not confirmed")
        print(site.wait_explained("PC-01", "the installed system has not reported yet"))
        pc = site.computers["PC-01"]
        pc.agent.stop()
        agent = site.agent_with(pc, "--environment", "running systems")
        site.wait_state(number, "PC-01", "succeeded")
        check_equal(site.device(number, "PC-01")["message"], "the installed system has reported",
                    "message")
        agent.stop()
        path = f"/proc/{room.holder_pid()}/root{site.data}/site.db"
        with contextlib.closing(sqlite3.connect(path)) as database:
            database.execute("UPDATE device_progress SET updated_at_ms = 1000"
                             " WHERE state = 'applied, not confirmed'")
            database.commit()
        site.wait_state(number, "PC-02", "succeeded")
        check_equal(site.device(number, "PC-02")["message"],
                    "the installed system has not reported in 60 minutes", "message")
        check_equal(site.watch(number).exit_code, 0, "exit code of watch")


def listener(host):
    """A raw socket that sees every frame that reaches the computer."""
    def opened():
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        raw.bind(("eth0", 0))
        raw.setblocking(False)
        return raw
    return host.inside(opened)


def frames(raw):
    while True:
        try:
            yield raw.recv(65536)
        except BlockingIOError:
            return


@lab_test(60)
def computers_are_woken_when_they_are_to_run(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01", "PC-02")
        with listener(site.computers["PC-01"].host) as raw:
            def woken(name):
                mac = bytes.fromhex(site.computers[name].host.mac.replace(":", ""))
                return any(b"\xff" * 6 + mac * 16 in frame for frame in frames(raw))
            site.deployed("partition", room_of(site, "PC-01"), "wake_on_lan=true")
            wait_until(lambda: woken("PC-01"), "the magic packet of PC-01")
            at = from_now(5)
            site.deployed("partition", room_of(site, "PC-02"), "wake_on_lan=true", f"deadline={at}")
            check(not woken("PC-02"), "it was woken before the deadline")
            wait_until(lambda: woken("PC-02"), "the magic packet of PC-02")
            check(from_now(0) >= at, f"it was woken at {from_now(0)}, before {at}")
