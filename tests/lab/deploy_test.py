# SPDX-License-Identifier: GPL-3.0-or-later
"""Several multicast sessions of one distribution point: their rates, when they start, how many."""

from cases import check, check_equal, lab_test
from deploy_site import DeploySite, from_now
from rig import Room, wait_until
from wims import MIB

CAP = 60_000_000
SLACK = 1.02  # HTTPS for agents and for this test goes over the same interface


def site_in(programs, room, **how):
    return DeploySite(programs, room, **how).start()


def two_rooms(site, *, noise_bytes):
    """A high image for one room, a medium one for the other; {computer: tree}, the deployments."""
    trees = {"PC-01": site.image("high", noise_bytes=noise_bytes, options=["priority=high"]),
             "PC-02": site.image("medium", noise_bytes=noise_bytes, seed=2)}
    site.computers_named("PC-01", "PC-02")
    numbers = [site.deployed(f"install {image}", site.collection(f"room {image}", [name]),
                             "start.by_hand=true")
               for image, name in (("high", "PC-01"), ("medium", "PC-02"))]
    for computer in site.computers.values():
        site.start_agent(computer)
    for number in numbers:
        wait_until(lambda number=number: site.session(number)["live_members"] == 1, "a member")
    return trees, numbers


@lab_test(120)
def sessions_of_two_rooms_share_the_cap_by_priority_and_never_exceed_it(programs):
    with Room(link_rate="400mbit") as room:
        site = site_in(programs, room)
        site.point(f"cap={CAP}")
        trees, numbers = two_rooms(site, noise_bytes=24 * MIB)
        sessions = [str(site.session(number)["session"]) for number in numbers]
        groups = [site.session(number)["groups"] for number in numbers]
        check(groups[0] != groups[1], f"both sessions send to {groups}")
        for session in sessions:
            site.do("session", "start", session)
        high, medium = (site.session(number) for number in numbers)
        check_equal((high["limit_bits_per_second"], medium["limit_bits_per_second"]),
                    (CAP * 2 // 3, CAP // 3), "shares of the cap")
        figures = site.bits_per_second(3)
        sent = [site.session(number)["bytes_sent"]["total"] for number in numbers]
        print("Mbit/s in each second:", [round(each / 1e6, 1) for each in figures],
              f"high sent {sent[0] / sent[1]:.2f} x what medium sent")
        check(max(figures) <= CAP * SLACK, f"{figures} with a cap of {CAP}")
        check(max(figures) >= CAP * 0.5, f"{figures} of {CAP}: the cap is not used")
        check(1.6 < sent[0] / sent[1] < 2.4, f"bytes sent {sent}")
        site.point("cap=200000000")
        check_equal(site.session(numbers[1])["limit_bits_per_second"] > CAP // 3, True,
                    "the new cap counts at once")
        for number, (name, tree) in zip(numbers, trees.items()):
            site.check_all_verified(number, {name: tree})
        check_equal([str(site.session(number)["session"]) for number in numbers], sessions,
                    "the sessions that were running")


@lab_test(60)
def limit_of_the_week_holds_for_all_sessions_together(programs):
    with Room(link_rate="400mbit") as room:
        site = site_in(programs, room)
        site.point("limits=mon-sun 00:00-24:00 40M")
        _, numbers = two_rooms(site, noise_bytes=12 * MIB)
        for number in numbers:
            site.do("session", "start", str(site.session(number)["session"]))
        figures = site.bits_per_second(3)
        print("Mbit/s in each second:", [round(each / 1e6, 1) for each in figures])
        check(max(figures) <= 40e6 * SLACK, f"{figures}")
        check(max(figures) >= 40e6 * 0.5, f"{figures}: the limit is not used")
        site.point("limits=")
        wait_until(lambda: site.session(numbers[0])["limit_bits_per_second"] == 0, "no limit")
        for number in numbers:
            check_equal(site.watch(number).exit_code, 0, "exit code of watch")


@lab_test(60)
def defaults_of_the_point_say_when_a_session_starts(programs):
    with Room(link_rate="200mbit") as room:
        site = site_in(programs, room)
        site.point("scheduled_multicast=true", "minimum_session_size=2", "session_start_delay=1")
        site.image("image")
        site.computers_named("PC-01", "PC-02")
        number = site.deployed("install image", site.collection("room", ["PC-01", "PC-02"]))
        check_equal(site.get(f"deployments/{number}")["start"]["words"],
                    "at 2 computers or after 60 s", "start rule")
        site.start_agent(site.computers["PC-01"])
        site.wait_for_stage(number, "PC-01", "waiting for the session to start")
        said = site.wait_explained(number, "waits to start at 2 computers or after 60 s",
                                   "1 of 2 computers are there")
        print(said)
        site.start_agent(site.computers["PC-02"])
        check_equal(site.watch(number).exit_code, 0, "exit code of watch")
        site.point("session_start_delay=0")
        again = site.deployed("install image", "room")
        check_equal(site.get(f"deployments/{again}")["start"]["words"], "at 1 computer",
                    "start rule without delay")


@lab_test(90)
def every_start_rule_starts_by_what_it_says(programs):
    """Five rules at once, a computer each, two for the one that wants all of its collection."""
    with Room(link_rate="200mbit") as room:
        site = site_in(programs, room)
        site.image("image")
        rules = {"hand": ["start.by_hand=true"], "delay": ["start.delay_seconds=3"],
                 "clock": [f"start.at={from_now(8)}"], "count": ["start.clients=2"],
                 "all": ["start.when_all=true"]}
        numbers = {}
        for rule, words in rules.items():
            names = [f"{rule}-1"] + ([f"{rule}-2"] if rule in ("count", "all") else [])
            site.computers_named(*names)
            numbers[rule] = site.deployed("install image", site.collection(rule, names), *words)
        for rule in rules:
            site.start_agent(site.computers[f"{rule}-1"])
        for rule, words in (("hand", "by hand"), ("delay", "after 3 s"), ("clock", "on 20"),
                            ("count", "at 2 computers"), ("all", "when all are there")):
            if rule != "delay":
                print(site.wait_explained(numbers[rule], f"waits to start {words}",
                                          "computers are there"))
        check_equal(site.watch(numbers["delay"]).exit_code, 0, "exit code of watch")
        check_equal(site.watch(numbers["clock"]).exit_code, 0, "exit code of watch")
        for rule in ("hand", "count", "all"):
            check_equal(site.session(numbers[rule])["state"], "waiting for computers", rule)
        site.do("session", "start", str(site.session(numbers["hand"])["session"]))
        for name in ("count-2", "all-2"):
            site.start_agent(site.computers[name])
        for rule in ("hand", "count", "all"):
            check_equal(site.watch(numbers[rule]).exit_code, 0, "exit code of watch")


@lab_test(60)
def computer_of_a_full_point_waits_says_so_and_gets_in_later(programs):
    with Room(link_rate="200mbit") as room:
        site = site_in(programs, room)
        site.point("maximum_clients=1")
        site.image("image")
        site.computers_named("PC-01", "PC-02")
        number = site.deployed("install image", site.collection("room", ["PC-01", "PC-02"]),
                               "start.by_hand=true")
        site.start_agent(site.computers["PC-01"])
        wait_until(lambda: site.session(number)["live_members"] == 1, "a member")
        site.start_agent(site.computers["PC-02"])
        print(site.wait_explained("PC-02", "joining the session", "maximum of 1 clients"))
        site.do("session", "start", str(site.session(number)["session"]))
        check_equal(site.watch(number).exit_code, 0, "exit code of watch")
        check_equal(site.device(number, "PC-02")["message"], "", "what was said of waiting")


@lab_test(60)
def session_beyond_the_maximum_begins_when_another_is_done(programs):
    with Room(link_rate="200mbit") as room:
        site = site_in(programs, room)
        site.point("maximum_sessions=1")
        site.image("one")
        site.image("two", seed=2)
        site.computers_named("PC-01", "PC-02")
        first = site.deployed("install one", site.collection("room 1", ["PC-01"]),
                              "start.by_hand=true")
        second = site.deployed("install two", site.collection("room 2", ["PC-02"]))
        site.start_agent(site.computers["PC-01"])
        session = str(site.session(first)["session"])
        site.start_agent(site.computers["PC-02"])
        print(site.wait_explained("PC-02", "joining the session", "maximum of 1 sessions"))
        check_equal(site.progress(second)[1], [], "sessions of the second deployment")
        site.do("session", "start", session)
        for number in (first, second):
            check_equal(site.watch(number).exit_code, 0, "exit code of watch")


@lab_test(60)
def exhausted_range_of_groups_names_the_session_that_holds_it(programs):
    with Room(link_rate="200mbit") as room:
        site = site_in(programs, room)
        site.point("groups=239.7.7.1-239.7.7.2")
        for seed, name in enumerate(("one", "two", "three")):
            site.image(name, seed=seed)
        site.computers_named("PC-01", "PC-02", "PC-03")
        numbers, groups = [], []
        for image, name in (("one", "PC-01"), ("two", "PC-02"), ("three", "PC-03")):
            numbers.append(site.deployed(f"install {image}", site.collection(image, [name]),
                                         "start.by_hand=true"))
        for name, number in (("PC-01", numbers[0]), ("PC-02", numbers[1])):
            site.start_agent(site.computers[name])
            groups += [group.split(":")[0] for group in site.session(number)["groups"]]
        check_equal(sorted(groups), ["239.7.7.1", "239.7.7.2"], "groups")
        site.start_agent(site.computers["PC-03"])
        holder = str(site.session(numbers[0])["session"])
        print(site.wait_explained("PC-03", "every address of 239.7.7.1-239.7.7.2 is taken", holder))
        site.do("session", "start", holder)
        check_equal(site.watch(numbers[0]).exit_code, 0, "exit code of watch")
        site.do("session", "start", site.wait_session(numbers[2], "waiting for computers"))
        check_equal(site.watch(numbers[2]).exit_code, 0, "exit code of watch")


@lab_test(90)
def session_is_held_resumed_left_and_ended_by_hand(programs):
    with Room(link_rate="200mbit") as room:
        site = site_in(programs, room, rate="30M")
        site.image("image", noise_bytes=6 * MIB)
        site.computers_named("PC-01", "PC-02", "PC-03")
        number = site.deployed("install image", site.collection("room", list(site.computers)),
                               "start.clients=3")
        for computer in site.computers.values():
            site.start_agent(computer)
        site.wait_for_stage(number, "PC-01", "receiving", 0.1)
        session = str(site.session(number)["session"])
        check("is sending" in site.do("session", "explain", session), "explanation while it sends")
        site.do("session", "hold", session)
        wait_until(lambda: "sends nothing: held by an administrator"
                   in site.do("session", "explain", session), "the session to be held")
        figures = site.bits_per_second(2)
        print("Mbit/s while held:", [round(each / 1e6, 2) for each in figures])
        check(figures[1] < 2e6, f"{figures} bit/s while it is held")
        site.do("session", "disconnect", session, "PC-03")
        site.computers["PC-03"].agent.wait_for_exit(1)
        message = site.device(number, "PC-03")["message"]
        print(message)
        check("put it out of the session" in message, message)
        site.refused("session", "disconnect", session, "PC-09", parts=["PC-09", "PC-01"])
        site.do("session", "resume", session)
        site.wait_for_stage(number, "PC-01", "receiving", 0.3)
        site.do("session", "end", session, "--reason", "the lesson begins")
        for name in ("PC-01", "PC-02"):
            site.computers[name].agent.wait_for_exit(1)
            check("the lesson begins" in site.device(number, name)["message"],
                  f"{site.device(number, name)}")
        check("has ended" in site.do("session", "explain", session), "explanation at the end")
        site.refused("session", "hold", session, parts=["has ended"])
