# SPDX-License-Identifier: GPL-3.0-or-later
"""What the site knows of its computers: what agents report, collections, import, who is who."""

import json
import os

from cases import check, check_equal, lab_test
from deploy_site import DeploySite
from rig import Room, wait_until

UUID = "4c4c4544-0042-3510-8031-b4c04f{:06}"


def begin(programs, room, *names, **how):
    site = DeploySite(programs, room, **how).start()
    site.computers_named(*names)
    return site


def members(site, collection):
    return site.do("collection", "members", collection).split()


def said_hello(site, computer, **hardware):
    """An idle agent that reported this hardware, and is still connected."""
    agent = site.agent_with(computer, "--hardware", site.hardware(computer.name, **hardware))
    agent.wait_for_line("nothing to do")
    return agent


@lab_test(60)
def collection_follows_what_agents_report(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01", "PC-02")
        rule = "rules=Model like 'OptiPlex*' and Memory >= 8 GB"
        site.collection("opti", fields=[rule])
        check_equal(members(site, "opti"), [], "members before anybody reported")
        site.refused("collection", "add", "wrong", "rules=Modle = 'x'", parts=["column 1", "Model"])
        site.partition_sequence()
        agent = said_hello(site, site.computers["PC-01"], model="OptiPlex 7090",
                           memory_bytes=8 << 30)
        said_hello(site, site.computers["PC-02"], model="Latitude", memory_bytes=8 << 30)
        check_equal(members(site, "opti"), ["PC-01"], "members")
        print(site.do("collection", "explain", "opti", "PC-01", "PC-02"))
        agent.stop()
        said_hello(site, site.computers["PC-01"], model="OptiPlex 7090", memory_bytes=4 << 30)
        check_equal(members(site, "opti"), [], "members after a bank of memory was taken out")
        said = site.do("collection", "explain", "opti", "PC-01")
        check("MemoryBytes >= 8 GB is false (it is 4 GB)" in said, said)
        site.computers["PC-01"].agent.stop()
        number = site.deployed("partition", site.collection("all", ["PC-02"],
                                                            ["rules=Memory >= 8 GB"]))
        site.computers["PC-02"].agent.wait_for_exit(0, 30)
        site.agent_with(site.computers["PC-01"], "--hardware",
                        site.hardware("PC-01", memory_bytes=8 << 30)).wait_for_exit(0, 30)
        check_equal(site.device(number, "PC-01")["state"], "succeeded",
                    "the deployment reached it with what it had just reported")
        asset = site.get("devices/PC-02")["asset"]
        check_equal((asset["model"], asset["memory_bytes"]), ("Latitude", 8 << 30), "asset data")


@lab_test(60)
def collections_include_exclude_and_limit_each_other(programs):
    with Room() as room:
        site = begin(programs, room)
        for name in ("PC-01", "PC-02", "PC-03", "PC-04"):
            site.do("device", "add", name)
        site.collection("teachers", ["PC-03"])
        site.collection("room", ["PC-01", "PC-02", "PC-03"])
        site.collection("building", ["PC-01", "PC-03", "PC-04"])
        site.collection("lesson", ["PC-04"], ["includes=room", "excludes=teachers",
                                              "limiting=building"])
        check_equal(members(site, "lesson"), ["PC-01", "PC-04"], "members")
        for name, part in (("PC-01", "included through room"),
                           ("PC-02", "but limited by building"), ("PC-03", "excluded")):
            said = site.do("collection", "explain", "lesson", name)
            print(said.strip())
            check(part in said, f"{part}: {said}")
        site.refused("collection", "set", "teachers", "includes=lesson", parts=["lesson", "circle"])
        site.refused("collection", "remove", "teachers", parts=["lesson"])


@lab_test(60)
def every_site_has_collections_that_stay(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01")
        built_in = {each["name"]: each for each in site.get("collections")["items"]}
        check_equal(sorted(built_in), ["All Systems", "All Unknown Computers"], "collections")
        check(all(each["built_in"] for each in built_in.values()), f"{built_in}")
        check_equal(members(site, "All Systems"), ["PC-01"], "All Systems")
        site.refused("collection", "remove", "All Systems", parts=["built-in"])
        site.refused("collection", "set", "All Systems", "rules=Name = 'x'", parts=["built-in"])
        site.refused("collection", "add-member", "All Unknown Computers", "PC-01",
                     parts=["built-in"])
        site.do("collection", "set", "All Systems", "comment=everybody")
        site.do("collection", "add", "mine")
        check_equal(site.get("collections/mine")["built_in"], False, "of another one")
        site.serve.stop()
        site.start()
        check_equal(len(site.get("collections")["items"]), 3, "collections after a restart")


@lab_test(60)
def secret_variable_is_never_shown(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01")
        secret = "correct-horse-battery"
        site.do("device", "variable", "PC-01", f"Password={secret}", "--secret")
        site.do("device", "variable", "PC-01", "Room=12")
        site.collection("room", ["PC-01"])
        site.do("collection", "variable", "room", f"JoinPassword={secret}", "--secret")
        shown = {each["name"]: each for each in site.get("devices/PC-01")["variables"]}
        check_equal((shown["Password"]["value"], shown["Room"]["value"]), (None, "12"), "values")
        said_hello(site, site.computers["PC-01"])
        site.do("device", "variable", "PC-01", "Password", "Room")
        everything = [site.do(*words) for words in (
            ("device", "show", "PC-01", "--json"), ("device", "list", "--json"),
            ("collection", "show", "room", "--json"), ("audit", "list", "--json"),
            ("status", "log", "PC-01"))] + [site.serve.err, site.computers["PC-01"].agent.err]
        for text in everything:
            check(secret not in text, f"the secret is in {text}")


@lab_test(60)
def spreadsheet_is_imported_as_a_whole_or_not_at_all(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01")
        site.collection("room")

        def file(text):
            path = os.path.join(room.tmp, "computers.csv")
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            return path

        head = "name,mac,smbios guid,serial,collection,variable:Seat\n"
        good = (head + f"PC-11,02:11:00:00:00:01,{UUID.format(11)},S-11,room,1A\n"
                "PC-12,,,S-12,room,1B\n")
        for bad, parts in ((good + "PC-13,not a mac,,,room,\n", ["line 4", "mac"]),
                           (good + "pc-01,02:11:00:00:00:03,,,room,\n", ["line 4", "PC-01"]),
                           (good + "PC-13,02:11:00:00:00:03,,,nowhere,\n", ["line 4", "nowhere"])):
            process = site.muster("device", "import", file(bad))
            check(process.exit_code == 1, process.describe())
            for part in parts:
                check(part in process.err, f"{part!r}: {process.describe()}")
            check_equal(site.do("device", "list", "--name", "PC-1*").count("PC-1"), 0, "devices")
        print(site.do("device", "import", file(good)))
        check_equal(members(site, "room"), ["PC-11", "PC-12"], "members")
        device = site.get("devices/PC-11")
        check_equal((device["macs"], device["serial"], device["variables"][0]["value"]),
                    (["02:11:00:00:00:01"], "S-11", "1A"), "PC-11")


def enrol(site, **body):
    return site.api("POST", "/api/v1/enrol", token="", body=body)


@lab_test(60)
def unknown_computer_is_refused_asked_about_or_taken_in(programs):
    with Room() as room:
        site = begin(programs, room, options=["--open-enrolment"])
        site.partition_sequence()
        host = room.host("stranger")
        refused = enrol(site, mac=host.mac)
        check_equal(refused.status, 404, refused.body)
        check("unknown_computers=ask" in refused.json()["detail"], refused.body)
        site.do("settings", "set", "unknown_computers=ask")
        taken = enrol(site, mac=host.mac).json()
        name = taken["device"]
        check_equal(site.get(f"devices/{name}")["approval"], "pending", "approval")
        check_equal(members(site, "All Unknown Computers"), [name], "unknown computers")
        number = site.deployed("partition", "All Systems")
        path = os.path.join(room.tmp, "stranger.json")
        with open(path, "w", encoding="utf-8") as out:
            json.dump({**taken, "server": site.address}, out)
        disk = room.disk(2 << 30)
        agent = host.popen([programs.muster_agent, "--enrolment", path, "--interface", "eth0",
                            "--work-folder", os.path.join(room.tmp, "work"), "--once",
                            "--disk", disk.device])
        agent.wait_for_line("waits for an administrator's approval")
        print(site.explain(name))
        site.do("device", "approve", name)
        agent.wait_for_exit(0, 30)
        check_equal(site.device(number, name)["state"], "succeeded", "state")
        check_equal(members(site, "All Unknown Computers"), [], "when it is known")
        site.do("settings", "set", "unknown_computers=accept")
        other = enrol(site, mac="02:99:00:00:00:01").json()["device"]
        check_equal(site.get(f"devices/{other}")["approval"], "unknown", "approval")
        check_equal(enrol(site, mac="02:99:00:00:00:01").json()["device"], other, "the same again")


@lab_test(60)
def computer_is_known_by_all_it_reports(programs):
    with Room() as room:
        site = begin(programs, room, options=["--open-enrolment"])
        site.do("device", "add", "PC-01", "--mac", "02:01:00:00:00:01", "--uuid", UUID.format(1))
        site.do("device", "add", "PC-02", "--serial", "S-2")
        check_equal(enrol(site, smbios_uuid=UUID.format(1)).json()["device"], "PC-01", "by UUID")
        check_equal(enrol(site, serial="s-2", mac="02:02:00:00:00:02").json()["device"], "PC-02",
                    "by serial number")
        check_equal(site.get("devices/PC-02")["macs"], ["02:02:00:00:00:02"], "what it lacked")
        check_equal(enrol(site, serial="Default string").status, 409, "nothing that identifies it")
        doubtful = enrol(site, smbios_uuid=UUID.format(1), serial="S-9")
        check_equal(doubtful.json()["device"], "PC-01", "a serial number it did not have")
        doubtful = enrol(site, smbios_uuid=UUID.format(1), serial="S-8")
        check_equal(doubtful.status, 409, "blocked")
        print(doubtful.json()["detail"])
        site.do("settings", "set", "conflicting_records=keep apart", "unknown_computers=accept")
        apart = enrol(site, smbios_uuid=UUID.format(1), serial="S-8").json()["device"]
        check(apart.startswith("unknown-"), apart)
        site.do("settings", "set", f"ignored_uuids={UUID.format(7)}",
                "ignored_macs=02:07:00:00:00:07")
        check_equal(enrol(site, smbios_uuid=UUID.format(7), mac="02:07:00:00:00:07").status, 409,
                    "nothing but what is ignored")


@lab_test(60)
def records_of_one_computer_become_one_where_the_site_merges(programs):
    with Room() as room:
        site = begin(programs, room, options=["--open-enrolment"])
        site.do("device", "add", "by-uuid", "--uuid", UUID.format(1))
        site.do("device", "add", "by-mac", "--mac", "02:01:00:00:00:01")
        site.collection("room", ["by-mac"])
        who = {"smbios_uuid": UUID.format(1), "mac": "02:01:00:00:00:01"}
        check_equal(enrol(site, **who).status, 409, "blocked")
        site.do("settings", "set", "conflicting_records=merge")
        check_equal(enrol(site, **who).json()["device"], "by-uuid", "the one that stays")
        check_equal([each["name"] for each in site.get("devices")["items"]], ["by-uuid"], "devices")
        check_equal(site.get("devices/by-uuid")["macs"], ["02:01:00:00:00:01"], "addresses")
        check_equal(members(site, "room"), ["by-uuid"], "members")


@lab_test(60)
def hello_fills_in_what_the_record_lacks_and_takes_nothing_from_others(programs):
    with Room() as room:
        site = begin(programs, room, "PC-01", "PC-02")
        said_hello(site, site.computers["PC-01"], smbios_uuid=UUID.format(1), serial="S-1",
                   macs=["02:01:00:00:00:01"])
        said_hello(site, site.computers["PC-02"], smbios_uuid=UUID.format(1), serial="S-2",
                   macs=["02:01:00:00:00:01", "02:02:00:00:00:02"])
        one, two = site.get("devices/PC-01"), site.get("devices/PC-02")
        check_equal((one["smbios_uuid"], one["serial"]), (UUID.format(1), "S-1"), "PC-01")
        check("02:01:00:00:00:01" in one["macs"], f"{one}")
        check_equal((two["smbios_uuid"], two["serial"]), ("", "S-2"), "PC-02")
        check("02:01:00:00:00:01" not in two["macs"] and "02:02:00:00:00:02" in two["macs"],
              f"{two}")
        wait_until(lambda: "is PC-01's" in site.serve.err, site.serve.describe)
        site.do("device", "set", "PC-01", "name=Teacher")
        check("Teacher" in site.do("deploy", "explain", "Teacher"), "its new name")
