# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on the distribution point: validated, repaired, damaged, versions, flags, in use."""

import os

from cases import check, check_equal, lab_test
from deploy_site import DeploySite
from rig import Room
from wims import MIB, make_wim


def stored_image(site, name):
    root = site.get(f"images/{name}")["content_id"]
    return (f"/proc/{site.room.holder_pid()}/root{site.data}/content/content/{root}/image.wim")


def flip_byte(path, offset):
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x55]))


def location(site, name):
    point = site.get(f"images/{name}")["points"][0]
    return point["state"], point["detail"]


@lab_test(90)
def flipped_byte_is_found_and_repaired_from_the_original(programs):
    with Room(link_rate="200mbit") as room:
        site = DeploySite(programs, room).start()
        tree = site.image("image", noise_bytes=2 * MIB)
        pc = site.computer("PC-01")
        print(site.do("image", "validate", "image"))
        check_equal(location(site, "image"), ("available", ""), "where it lies")
        flip_byte(stored_image(site, "image"), MIB + 17)
        site.refused("image", "validate", "image", "--no-repair", parts=["1 of", "damaged"])
        check_equal(location(site, "image")[0], "damaged", "where it lies")
        check_equal(site.get("images/image")["state"], "damaged", "state")
        site.collection("room", ["PC-01"])
        site.refused("deploy", "install image", "--to", "room", parts=["image", "damaged"])
        print(site.do("image", "validate", "image"))
        state, detail = location(site, "image")
        check_equal((state, "1 of" in detail and "repaired" in detail), ("available", True), detail)
        number = site.deployed("install image", "room")
        site.start_agent(pc)
        site.check_all_verified(number, {"PC-01": tree})


@lab_test(60)
def damage_that_cannot_be_repaired_is_reported(programs):
    with Room() as room:
        site = DeploySite(programs, room).start()
        site.image("image", noise_bytes=2 * MIB)
        original = site.get("images/image")["source_path"]
        path = stored_image(site, "image")
        flip_byte(path, MIB + 17)
        os.rename(original, original + ".away")
        site.refused("image", "validate", "image", parts=["could not be repaired", original])
        check_equal(site.get("images/image")["state"], "damaged", "state")
        os.rename(original + ".away", original)
        os.truncate(path, os.path.getsize(path) - MIB)
        process = site.muster("image", "validate", "image")
        print(process.err.strip(), process.out.strip(), location(site, "image"))
        check(site.serve.running(), site.serve.describe())
        os.unlink(path)
        site.refused("image", "validate", "image", parts=["image"])
        check_equal(location(site, "image")[0], "damaged", "where it lies")
        check(site.serve.running(), site.serve.describe())


@lab_test(120)
def version_that_is_in_use_stays_until_its_deployment_is_over(programs):
    """A new version is added while the old one is being sent; each deployment has its own."""
    with Room(link_rate="200mbit") as room:
        site = DeploySite(programs, room, rate="30M").start()
        old = site.image("image", noise_bytes=8 * MIB)
        site.computers_named("PC-01", "PC-02")
        first = site.deployed("install image", site.collection("room 1", ["PC-01"]))
        site.start_agent(site.computers["PC-01"])
        site.wait_for_stage(first, "PC-01", "receiving", 0.05)
        path, new = make_wim(room, "newer", files=50, noise_bytes=MIB, seed=9)
        site.refused("image", "add", "image", path, parts=["version 1 exists already"])
        site.do("image", "add", "image", path, "--version", "2")
        second = site.deployed("install image", site.collection("room 2", ["PC-02"]))
        site.start_agent(site.computers["PC-02"])
        for number, name, tree in ((second, "PC-02", new), (first, "PC-01", old)):
            site.check_all_verified(number, {name: tree})
        site.refused("image", "remove", "image", parts=[f"deployment {second}", "install image"])
        site.do("deploy", "cancel", second)
        site.do("image", "remove", "image")
        check_equal([each["version"] for each in site.images()], ["1"], "versions that are left")
        site.refused("image", "remove", "image", parts=[f"deployment {first}"])


@lab_test(60)
def flags_of_an_image_are_kept_and_obeyed(programs):
    with Room() as room:
        site = DeploySite(programs, room).start()
        site.image("image", options=["comment=for lessons"])
        site.do("device", "add", "PC-01")
        site.collection("room", ["PC-01"])
        site.do("image", "set", "image", "priority=low", "multicast_only=true")
        image = site.get("images/image")
        check_equal((image["comment"], image["priority"], image["multicast_only"]),
                    ("for lessons", "low", True), "fields")
        site.refused("image", "set", "image", "allow_multicast=false", parts=["multicast_only"])
        site.do("image", "set", "image", "multicast_only=false", "allow_multicast=false")
        site.refused("deploy", "install image", "--to", "room",
                     parts=["not allowed to be transferred via multicast"])
        site.refused("image", "set", "image", "encrypt=false", parts=["encrypt"])
        site.do("image", "set", "image", "allow_multicast=true")
        site.deployed("install image", "room")
