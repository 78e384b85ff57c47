# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong input on a site: one line says what, where, what to do, and nothing half-done is left."""

import json
import os
import re
import socket

from cases import check, check_equal, lab_test
from lab_site import GIB, Site
from rig import Room, wait_until
from session import check_one_line
from wims import BLOB_TABLE, INTEGRITY, MIB, XML, damaged, make_wim, resource_header


# ---- images ----

@lab_test(120)
def files_that_are_no_image_are_refused_and_nothing_is_stored(programs):
    with Room() as room:
        site = Site(programs, room).start()
        noise = os.path.join(room.tmp, "noise.wim")
        with open(noise, "wb") as file:
            file.write(os.urandom(300_000))
        empty = os.path.join(room.tmp, "empty.wim")
        with open(empty, "wb"):
            pass
        site.refused("image", "add", "x", "/no/such/file.wim",
                     parts=["/no/such/file.wim", "no such file", "on the server"])
        site.refused("image", "add", "x", noise, parts=[noise, "WIM"])
        site.refused("image", "add", "x", empty, parts=[empty, "WIM"])
        site.refused("image", "add", "x", room.tmp, parts=[room.tmp])
        site.refused("image", "add", "", noise, parts=["name"])
        site.refused("image", "add", "a/b", noise, parts=["a/b"])
        answer = site.api("POST", "/api/v1/images", body={"name": "x", "path": "noise.wim"})
        check_equal(answer.status, 400, f"status for a relative path: {answer.body}")
        check("noise.wim" in answer.json()["detail"], answer.body)
        check("absolute" in answer.json()["detail"], answer.body)
        site.check_nothing_stored()


@lab_test(120)
def truncated_image_is_refused_wherever_it_was_cut(programs):
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image")
        bare, _ = make_wim(room, "bare", seed=2, integrity=False)
        for path in (image, bare):
            size = os.path.getsize(path)
            table, _ = resource_header(path, BLOB_TABLE)
            xml, xml_size = resource_header(path, XML)
            for number, cut in enumerate((1, 100, 207, 208, 5000, size // 2, table + 3, xml + 5,
                                          xml + xml_size - 1, size - 1)):
                broken = damaged(path, str(number), cut=cut)
                site.refused("image", "add", "broken", broken,
                             parts=[broken, "truncated|not a WIM|damaged|copy it again"])
                os.unlink(broken)
        site.check_nothing_stored()
        site.do("image", "add", "whole", image)


@lab_test(120)
def damaged_image_is_refused_wherever_the_damage_is(programs):
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image")
        bare, _ = make_wim(room, "bare", seed=2, integrity=False)
        solid, _ = make_wim(room, "solid", seed=3, solid=True, integrity=False)
        places = {}
        for path in (image, bare, solid):
            size = os.path.getsize(path)
            table, _ = resource_header(path, BLOB_TABLE)
            places[path] = [0, 9, 45, 300, size // 3, size // 2, table - 100, table + 60]
        places[image] += [resource_header(image, INTEGRITY)[0] + 20, os.path.getsize(image) - 5]
        for path, offsets in places.items():
            for offset in offsets:
                broken = damaged(path, str(offset), flip=offset)
                site.refused("image", "add", "broken", broken, parts=[broken, "damaged|not a WIM"])
                os.unlink(broken)
        site.check_nothing_stored()
        site.do("image", "add", "whole", image)
        site.refused("image", "add", "whole", image, parts=["whole", "exists already", "--version"])


@lab_test(120)
def full_disk_of_the_server_leaves_nothing_of_an_image(programs):
    with Room() as room:
        small, _ = room.tmpfs("data", 6 * MIB)
        site = Site(programs, room, data=small).start()
        image, _ = make_wim(room, "image", noise_bytes=7 * MIB)
        solid, _ = make_wim(room, "solid", noise_bytes=7 * MIB, seed=2, solid=True)
        fits, _ = make_wim(room, "fits", files=100, noise_bytes=0, seed=3)
        parts = ["no space", "content", "make room"]
        site.refused("image", "add", "image", image, parts=parts)
        site.refused("image", "add", "solid", solid, parts=["no space", "solid.wim", "make room"])
        site.check_nothing_stored()
        site.do("image", "add", "fits", fits)
        site.refused("image", "add", "image", image, parts=parts)
        check_equal([each["name"] for each in site.images()], ["fits"], "images")
        check_equal([len(names) for names in site.stored()], [1, 0], "content, staging")


def staged(site):
    """{name: bytes} of the files of an image that is being added."""
    found = {}
    for folder, _, files in os.walk(os.path.join(site.data, "content", "staging")):
        for name in files:
            try:
                found[name] = os.path.getsize(os.path.join(folder, name))
            except FileNotFoundError:
                pass  # it has got its final place meanwhile
    return found


@lab_test(180)
def server_killed_while_it_adds_an_image_has_nothing_of_it_or_all(programs):
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image", noise_bytes=96 * MIB)
        size = os.path.getsize(image)
        moments = {"begun": lambda: sum(staged(site).values()) > 0,
                   "half copied": lambda: sum(staged(site).values()) > size / 2,
                   "hashed": lambda: len(staged(site)) == 2,
                   "stored": lambda: site.stored()[0]}
        for name, moment in moments.items():
            adding = site.server.popen([programs.muster, "image", "add", "image", image,
                                        "--site", site.login])
            wait_until(lambda: moment() or not adding.running(), f"an image that is {name}")
            site.serve.kill()
            if adding.wait(30) != 0:
                check_one_line(adding, [site.address])
            site.start()
            content, staging = site.stored()
            check_equal(staging, [], "staging after the restart")
            check(len(site.images()) <= len(content), f"an image without content: {content}")
            print(f"killed when {name}: {len(site.images())} images, {len(content)} contents")
            if not site.images():
                site.do("image", "add", "image", image)
            check_equal([each["image_bytes"] >= size * 0.9 for each in site.images()], [True],
                        "images, large as they must be")
            site.do("image", "remove", "image")
            site.check_nothing_stored()


@lab_test(60)
def content_without_a_record_does_no_harm(programs):
    """As if the server had been killed between storing an image and recording it."""
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image", files=50)
        site.do("image", "add", "image", image)
        content = site.stored()
        site.serve.stop()
        for name in os.listdir(site.data):
            if name.startswith("site.db"):
                os.unlink(os.path.join(site.data, name))
        site.start()
        check_equal(site.images(), [], "images of a new database")
        site.do("image", "add", "image", image)
        check_equal(site.stored(), content, "content")
        site.do("image", "remove", "image")
        site.check_nothing_stored()


@lab_test(60)
def one_of_two_images_of_the_same_name_is_refused_and_not_kept(programs):
    """Both are accepted, as neither is there yet; the second to be ready has come too late."""
    with Room() as room:
        site = Site(programs, room).start()
        images = [make_wim(room, f"image-{seed}", seed=seed)[0] for seed in (1, 2)]
        adding = [site.server.popen([programs.muster, "image", "add", "image", image,
                                     "--site", site.login]) for image in images]
        codes = sorted(each.wait(60) for each in adding)
        check_equal(codes, [0, 1], "exit codes")
        loser = next(each for each in adding if each.exit_code == 1)
        check_one_line(loser, ["image", "version 1", "exists"])
        check_equal([len(site.images()), *map(len, site.stored())], [1, 1, 0],
                    "images, contents, staging")


# ---- deployments ----

@lab_test(60)
def deployments_of_what_is_not_there_are_refused(programs):
    with Room() as room:
        site = Site(programs, room).start()
        site.computer("PC-01")
        image, _ = make_wim(room, "image", files=20)
        site.do("image", "add", "image", image)
        site.sequence("second index", "image", index=2)
        site.sequence("unknown image", "imag")
        site.sequence("good", "image")
        site.do("collection", "add", "nobody")
        site.do("collection", "add", "room")
        site.refused("collection", "add-member", "room", "PC-99", parts=["PC-99"])
        site.do("collection", "add-member", "room", "PC-01")
        site.refused("deploy", "second index", "--to", "room",
                     parts=["no index 2", "image", "apply operating system image"])
        site.refused("deploy", "unknown image", "--to", "room", parts=["imag", "image"])
        site.refused("deploy", "good", "--to", "nobody", parts=["nobody", "add-member"])
        site.refused("deploy", "good", "--to", "elsewhere", parts=["elsewhere", "collection"])
        site.refused("deploy", "none", "--to", "room", parts=["none", "sequence"])
        site.refused("deploy", "good", "--to", "room", "--start-at", "0", parts=["0"])
        site.refused("deploy", "good", "--to", "room", "--or-after", "-1", parts=["-1"])
        check_equal(json.loads(site.do("deployment", "list", "--json"))["items"], [],
                    "deployments")
        site.refused("watch", "1", parts=["deployment", "1"])
        site.refused("watch", "x", parts=["deployment", "x"])
        site.refused("session", "start", "5", parts=["session", "5"])
        site.do("deploy", "good", "--to", "room")
        site.refused("image", "remove", "image", parts=["image", "deployment"])


FAULTY = """\
name: Windows
steps:
  - partition disk:
      disk: zero
      layout: windows-uefi
  - apply operating system image:
      imag: demo
  - make coffee:
"""


@lab_test(60)
def faults_of_a_task_sequence_are_named_with_line_and_column(programs):
    with Room() as room:
        site = Site(programs, room).start()
        path = site.add_sequence(FAULTY, "faulty")
        places = [(4, 13, "disk"), (6, 5, "image"), (7, 7, "imag"), (8, 5, "make coffee")]
        for words in (["check", path], ["add", path, "--site", site.login]):
            process = site.server.popen([programs.muster, "sequence", *words])
            check(process.wait(30) == 1, f"exit code: {process.describe()}")
            lines = process.err.splitlines()
            check_equal(len(lines), len(places), f"faults: {process.describe()}")
            for line, (row, column, word) in zip(lines, places):
                wanted = rf"line {row}, column {column}: .*{word}"
                check(re.search(wanted, line), f"{wanted}: {line}")
        for text, parts in (("name: [", ["line 1", "broken"]), ("", ["broken", "map"]),
                            ("name: x\nname: y\nsteps: []\n", ["broken", "line 2", "name"])):
            site.refused("sequence", "add", site.add_sequence(text, "broken"), parts=parts)
        site.refused("sequence", "add", "/no/such.yaml", parts=["/no/such.yaml", "no such file"])
        check_equal(json.loads(site.do("sequence", "list", "--json"))["items"], [], "sequences")


# ---- computers ----

def check_failed_and_seen(site, deployment, reasons):
    """Each agent ends with 1 and its reason; `muster watch` ends with 3 and says the same."""
    watched = site.watch(deployment, 60)
    check_equal(watched.exit_code, 3, f"exit code of {watched.describe()}")
    for name, parts in reasons.items():
        agent = site.computers[name].agent
        agent.wait_for_exit(1, 30)
        check("verified" not in agent.out + agent.err, f"{name}: {agent.describe()}")
        last = agent.err.splitlines()[-1]
        row = [line for line in watched.out.splitlines() if f"{name} NOT verified: failed" in line]
        check_equal(len(row), 1, f"rows of {name} in {watched.describe()}")
        for part in ["partition disk", *parts]:
            for line in (last, row[0]):
                check(re.search(part, line), f"{name}: {part!r} is not said in: {line}")


@lab_test(120)
def disks_that_must_not_or_cannot_be_used_are_left_alone(programs):
    """Too small, mounted, held by another program, a file, nothing at all."""
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image", files=100, noise_bytes=MIB)
        small = site.computer("PC-01", disk_bytes=300 * MIB)
        mounted, busy = site.computer("PC-02"), site.computer("PC-03")
        site.computer("PC-04")
        site.computer("PC-05")
        room.shell(f"mkfs.ext4 -q {mounted.disk.device}; mkdir {room.tmp}/mounted\n"
                   f"mount {mounted.disk.device} {room.tmp}/mounted\n"
                   f"echo here > {room.tmp}/mounted/x")
        plain = os.path.join(room.tmp, "plain")
        with open(plain, "wb") as file:
            file.truncate(2 * GIB)
        deployment = site.deploy_image(image, list(site.computers))
        places = {"PC-04": plain, "PC-05": "/dev/none"}
        holder = os.open(busy.disk.device, os.O_RDWR | os.O_EXCL)
        try:
            for name, computer in site.computers.items():
                site.start_agent(computer, disks=[places.get(name, computer.disk.device)])
            check_failed_and_seen(site, deployment, {
                "PC-01": [small.disk.device, "300 MiB", "larger disk"],
                "PC-02": [mounted.disk.device, "mounted", "unmount"],
                "PC-03": [busy.disk.device, "in use", "another disk"],
                "PC-04": [plain, "not a block device", "/dev/sda"],
                "PC-05": ["/dev/none", "no such disk", "lsblk"]})
        finally:
            os.close(holder)
        for computer in (small, busy):
            check_equal(computer.disk.used_bytes(), 0, f"{computer.name}: bytes written")
        check_equal(room.shell(f"cat {room.tmp}/mounted/x"), "here", "a file on the mounted disk")
        check_equal(mounted.disk.partitions(), [], "partitions of the mounted disk")


@lab_test(120)
def disk_the_system_runs_from_is_never_used(programs):
    """An agent whose root directory lies on the disk it is told to partition."""
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image", files=100, noise_bytes=MIB)
        pc = site.computer("PC-01")
        deployment = site.deploy_image(image, ["PC-01"])
        root = os.path.join(room.tmp, "root")
        argv = site.agent_argv(pc)
        pc.agent = pc.host.popen(["/bin/sh", "-euc", f"""
            mkfs.ext4 -q {pc.disk.device}
            mkdir {root}
            mount {pc.disk.device} {root}
            echo here > {root}/x
            for folder in /*; do
                [ -d $folder ] || continue
                mkdir -p {root}$folder
                mount --rbind $folder {root}$folder
            done
            exec chroot {root} "$@"
            """, "sh", *argv])
        check_failed_and_seen(site, deployment, {
            "PC-01": [pc.disk.device, "system runs from", "another disk"]})
        check_equal(pc.disk.partitions(), [], "partitions of the system's disk")
        room.shell(f"mkdir {room.tmp}/again; mount {pc.disk.device} {room.tmp}/again")
        check_equal(room.shell(f"cat {room.tmp}/again/x"), "here", "a file on the system's disk")


@lab_test(60)
def sequence_that_counts_more_disks_than_there_are_fails_by_name(programs):
    with Room() as room:
        site = Site(programs, room).start()
        image, _ = make_wim(room, "image", files=100, noise_bytes=MIB)
        site.do("image", "add", "image", image)
        site.sequence("second disk", "image", disk=1)
        pc = site.computer("PC-01")
        deployment = site.deploy("second disk", ["PC-01"])
        site.start_agent(pc)
        check_failed_and_seen(site, deployment, {
            "PC-01": ["no disk 1", f"has 1 .{pc.disk.device}", "counted from 0"]})
        check_equal(pc.disk.used_bytes(), 0, "bytes written to its only disk")


@lab_test(60)
def agents_arguments_are_checked_before_anything_happens(programs):
    with Room() as room:
        site = Site(programs, room).start()
        pc = site.computer("PC-01")
        check_one_line(site.start_agent(pc, interface="eth7"), ["eth7", "no such|does not exist"])
        check_one_line(site.start_agent(pc, memory="lots"), ["--memory", "lots"])
        good = pc.enrolment
        for name, content in (("empty", ""), ("noise", "\x00\x01"), ("other", '{"token": 7}')):
            pc.enrolment = os.path.join(room.tmp, name)
            with open(pc.enrolment, "w", encoding="utf-8") as file:
                file.write(content)
            check_one_line(site.start_agent(pc), [pc.enrolment])
        pc.enrolment = "/no/such/enrolment"
        check_one_line(site.start_agent(pc), ["/no/such/enrolment"])
        pc.enrolment = good
        pc.host.run(["ip", "link", "set", "eth0", "multicast", "off"])
        check_one_line(site.start_agent(pc), ["eth0", "ip link set eth0 multicast on"])
        pc.host.interface_up(False)
        check_one_line(site.start_agent(pc), ["eth0", "down", "ip link set eth0 up"])
        check_equal(pc.disk.used_bytes(), 0, "bytes written to the disk")


@lab_test(120)
def agent_waits_for_a_server_that_is_not_there_yet(programs):
    with Room() as room:
        site = Site(programs, room).start()
        image, tree = make_wim(room, "image", files=100, noise_bytes=MIB)
        pc = site.computer("PC-01")
        deployment = site.deploy_image(image, ["PC-01"])
        site.serve.stop()
        site.start_agent(pc)
        pc.agent.wait_for_line(f"{site.address}.*trying again")
        attempts = site.server.inside(lambda: listen_and_refuse(site.server.address, site.port, 3))
        check_equal(attempts, 3, "attempts of the agent")
        check(pc.agent.running(), f"the agent ended: {pc.agent.describe()}")
        check_equal(pc.agent.err.count("trying again"), 1, f"notices: {pc.agent.describe()}")
        site.start()
        site.check_all_verified(deployment, {"PC-01": tree})


def listen_and_refuse(address, port, count):
    """Takes that many connections and closes each without a word."""
    with socket.create_server((address, port)) as listener:
        listener.settimeout(30)
        for _ in range(count):
            listener.accept()[0].close()
    return count


# ---- the server ----

@lab_test(60)
def wrong_arguments_of_the_server_are_named(programs):
    with Room() as room:
        site = Site(programs, room).start()
        other = os.path.join(room.tmp, "other")

        def fails(parts, **how):
            check_one_line(site.server.popen(site.serve_argv(**how)), parts)

        fails([site.data, "another muster uses it"], listen=f"{site.server.address}:7555")
        fails([str(site.port), "in use"], data=other)
        fails(["eth7", "no such|does not exist"], data=other, interface="eth7")
        fails(["10.99.0.1", "no interface"], data=other, listen="10.99.0.1:7555")
        fails(["--listen"], data=other, listen="nowhere")
        plain = os.path.join(room.tmp, "plain")
        with open(plain, "wb"):
            pass
        fails([plain], data=plain, listen=f"{site.server.address}:7555")
        fails(["/proc/none"], data="/proc/none", listen=f"{site.server.address}:7555")
        check(site.serve.running(), f"the first server ended: {site.serve.describe()}")
        site.serve.stop()
        site.refused("image", "list", parts=[site.address])
        site.server.run(["ip", "link", "set", "eth0", "multicast", "off"])
        fails(["eth0", "ip link set eth0 multicast on"])
        site.server.interface_up(False)
        fails(["eth0", "down"])
