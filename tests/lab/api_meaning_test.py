# SPDX-License-Identifier: GPL-3.0-or-later
"""What every field allows and the whole does not: refused with who or what is in the way."""

from api_test import check_problem
from api_world import SEQUENCE, world
from cases import check, check_equal, lab_test

BEFORE, AFTER = "2030-01-01T00:00:00Z", "2030-02-01T00:00:00Z"


class Refused:
    """Requests that must fail and leave everything as it was."""

    def __init__(self, site):
        self.site = site

    def __call__(self, status, parts, method, path, body=None):
        before = self.site.state()
        answer = self.site.ask(method, path, body)
        check_problem(answer, status, parts, f"{method} {path} {body}")
        self.site.check_unchanged(before, f"{method} {path} {body}")


def collections(site, refused):
    """Rules, circles, names that are not there, and what is in use."""
    add = ("POST", "/collections")
    refused(400, ["broken: rule 2", "column 1", "Modl"], *add,
            {"name": "broken", "rules": ["Name like 'PC-*'", "Modl = 'x'"]})
    refused(400, ["rule 1", "column 11"], *add, {"name": "broken", "rules": ["Name like 5"]})
    for field in ("includes", "excludes"):
        refused(400, [field, "no-such-room"], *add, {"name": "x", field: ["no-such-room"]})
    refused(400, ["limiting", "no-such-room"], *add, {"name": "x", "limiting": "no-such-room"})
    refused(400, ["members", "PC-77", "known"], *add, {"name": "x", "members": ["PC-77"]})
    refused(409, [site.room, "exists"], *add, {"name": site.room.upper()})
    inner = site.collection()
    outer = site.collection(includes=[inner], excludes=[site.collection(limiting=inner)])
    refused(400, [inner, outer], "PATCH", f"/collections/{inner}", {"includes": [outer]})
    refused(400, [inner, outer], "PATCH", f"/collections/{inner}", {"limiting": outer})
    refused(400, [inner], "PATCH", f"/collections/{inner}", {"excludes": [inner]})
    refused(409, [inner, "used", outer], "DELETE", f"/collections/{inner}")
    refused(409, [site.room, "used", f"deployment {site.deployment}"], "DELETE",
            f"/collections/{site.room}")
    refused(409, ["PC-01", site.room], "POST", f"/collections/{site.room}/members",
            {"device": "PC-01"})
    refused(400, ["device", "PC-77"], "POST", f"/collections/{site.room}/members",
            {"device": "PC-77"})
    refused(404, ["PC-03", site.room], "DELETE", f"/collections/{site.room}/members/PC-03")
    refused(404, ["Seat"], "DELETE", f"/collections/{site.room}/variables/Seat")
    refused(400, ["collection", "nowhere"], "GET", "/devices?collection=nowhere")
    refused(404, ["nowhere", "known"], "GET", "/collections/nowhere")


def twice(site, refused):
    """The same in other words."""
    one, other = site.mac(), site.mac()
    for field, names in (("includes", [site.room, site.room.upper()]),
                         ("excludes", [site.room, site.room.upper()]),
                         ("members", ["PC-01", "pc-01"])):
        refused(400, [field, "twice"], "POST", "/collections", {"name": "x", field: names})
    refused(400, ["MAC address", one, "twice"], "POST", "/devices",
            {"name": "PC-88", "macs": [one, one.replace(":", "-")]})
    site.device(name="PC-88", macs=[one])
    refused(409, [one, "PC-88"], "POST", "/devices", {"name": "PC-89", "macs": [other, one]})
    refused(409, ["PC-88", "exists"], "POST", "/devices", {"name": "pc-88"})
    refused(409, ["PC-88"], "PATCH", "/devices/PC-02", {"macs": [one]})
    refused(409, ["reader"], "POST", "/tokens", {"name": "Reader"})
    refused(409, ["image", "version 1", "exists"], "POST", "/images",
            {"name": "image", "path": site.image_path})


def deployments(site, refused):
    """Times, sizes, what is named."""
    add = ("POST", "/deployments")
    good = {"sequence": site.sequence, "collection": site.room}
    for field, value in (("sequence", "nothing"), ("collection", "nowhere"), ("point", "nowhere")):
        refused(400, [field, value], *add, {**good, field: value})
    refused(400, ["deadline", "available_from"], *add,
            {**good, "available_from": AFTER, "deadline": BEFORE})
    refused(400, ["expires", "deadline"], *add, {**good, "deadline": AFTER, "expires": BEFORE})
    refused(400, ["expires", "available_from"], *add,
            {**good, "available_from": AFTER, "expires": BEFORE})
    refused(400, ["deadline", "required"], *add,
            {**good, "purpose": "available", "deadline": AFTER})
    refused(400, ["time_zone", "Mars/Olympus"], *add, {**good, "time_zone": "Mars/Olympus"})
    path = f"/deployments/{site.deployed(available_from=BEFORE)}"
    refused(400, ["deadline", "available_from"], "PATCH", path,
            {"deadline": "2029-01-01T00:00:00Z"})
    refused(400, ["expires"], "PATCH", path, {"expires": BEFORE})
    refused(400, ["devices", "PC-03", site.room], "POST", f"{path}/arm", {"devices": ["PC-03"]})
    refused(400, ["devices", "PC-77"], "POST", f"{path}/clear", {"devices": ["PC-77"]})
    refused(400, ["members"], *add, {**good, "collection": site.collection()})
    site.do("POST", f"{path}/cancel", {})
    refused(409, ["cancelled"], "POST", f"{path}/resume", {})
    for wrong in ("0", "x", "99999999999999999999"):
        refused(404, [wrong], "GET", f"/deployments/{wrong}")


def risk(site, refused):
    """A large collection is confirmed with its size, or refused."""
    body = {"sequence": site.sequence, "collection": site.room, "start": {"by_hand": True}}
    site.do("PATCH", "/settings", {"high_risk_size": 1})
    for wrong in ({}, {"confirm_count": 3}):
        refused(400, ["confirm_count", site.room, "2 computers", "--confirm 2"], "POST",
                "/deployments", {**body, **wrong})
    site.deployed(confirm_count=2)
    site.do("PATCH", "/settings", {"high_risk_maximum": 1})
    refused(400, [site.room, "2 computers", "1 at most"], "POST", "/deployments",
            {**body, "confirm_count": 2})
    site.do("PATCH", "/settings", {"high_risk_maximum": 0, "high_risk_size": 0})
    refused(400, ["time_zone", "Mars/Olympus"], "PATCH", "/settings",
            {"time_zone": "Mars/Olympus", "high_risk_size": 5})


def in_use(site, refused):
    """409 names who uses it."""
    used = f"deployment {site.deployment}"
    refused(409, ["image", "used", used], "DELETE", "/images/image")
    refused(409, [site.sequence, "used", used], "DELETE", f"/sequences/{site.sequence}")
    refused(409, ["running", used], "DELETE", "/devices/PC-01")
    refused(409, ["PC-01", "running"], "POST", f"/deployments/{site.deployment}/clear", {})
    refused(409, ["last token"], "DELETE", f"/tokens/{site.who}")
    refused(409, ["PC-02", "not connected"], "POST", "/devices/PC-02/control",
            {"action": "pause"})


def images(site, refused):
    add = ("POST", "/images")
    refused(400, ["multicast_only", "allow_multicast"], *add,
            {"name": "x", "path": site.image_path, "multicast_only": True,
             "allow_multicast": False})
    refused(400, ["multicast_only", "allow_multicast"], "PATCH", "/images/image",
            {"multicast_only": True, "allow_multicast": False})
    refused(404, ["nothing", "known"], "POST", "/images/nothing/validate", {})
    unsent = site.image_added()
    site.do("PATCH", f"/images/{unsent}", {"allow_multicast": False})
    for wrong, parts in ((f"image: {unsent}", [unsent, "allow_multicast"]),
                         ("image: nothing", ["sequence", "no image named nothing"]),
                         ("index: 9", ["no index 9"])):
        name = site.fresh("sequence")
        right = "index: 1" if wrong.startswith("index") else "image: image"
        text = SEQUENCE.format(name=name).replace(right, wrong)
        site.do("POST", "/sequences", {"text": text})
        refused(400, parts, "POST", "/deployments", {"sequence": name, "collection": site.room})
    refused(400, ["line 3", "make coffee"], "POST", "/sequences",
            {"text": "name: x\nsteps:\n  - make coffee:\n"})


def imports(site, refused):
    add = ("POST", "/devices/import")
    mac = site.mac()
    refused(400, ["line 3", "mac"], *add, {"csv": f"name;mac\nPC-60;{mac}\nPC-61;x\n"})
    refused(400, ["nam"], *add, {"csv": f"nam;mac\nPC-60;{mac}\n"})
    refused(400, ["line 2", "collection", "nowhere"], *add,
            {"csv": f"name;mac;collection\nPC-60;{mac};nowhere\n"})
    refused(409, ["line 3", "PC-01"], *add,
            {"csv": f"name;mac\nPC-60;{mac}\nPC-01;{site.mac()}\n"})


def points(site, refused):
    def settings(status, parts, **wrong):
        refused(status, parts, "PATCH", "/points/default", {"settings": wrong})
    settings(400, ["first_port", "60000", "last_port", "50000"], first_port=60000,
             last_port=50000)
    settings(400, ["first_port", "last_port"], last_port=1024)
    settings(400, ["groups", "239.0.0.0/8", "232.0.0.0/8"], groups="238.0.0.1-238.0.0.9")
    settings(400, ["custom_rate"], transfer_rate="custom", custom_rate=0)
    settings(400, ["interfaces", "eth9", "eth0"], interfaces=["eth9"])


def group_range(site, refused):
    """One address for two sessions: who comes for the second waits, and is told who has it."""
    settings = site.do("GET", "/points/default")["settings"]
    site.do("PATCH", "/points/default", {"settings": {"groups": "239.77.0.1-239.77.0.1"}})
    holder = site.session()
    reason = site.refused_member(site.deployed())
    for part in ("239.77.0.1-239.77.0.1", str(holder), "image"):
        check(part in reason, f"{part!r} is not said in {reason!r}")
    site.do("POST", f"/sessions/{holder}/end", {"reason": "enough"})
    refused(409, [str(holder), "ended"], "POST", f"/sessions/{holder}/start")
    refused(404, ["session 7", str(holder)], "GET", "/sessions/7")
    site.member(site.deployed()).expect("offer")  # the address is free
    site.do("PATCH", "/points/default", {"settings": {"groups": settings["groups"]}})


PARTS = (collections, twice, deployments, risk, in_use, images, imports, points, group_range)


def refuse(programs, database):
    with world(programs, database) as site:
        for part in PARTS:
            part(site, Refused(site))
        check_equal(site.ask("GET", "/site").json()["connected_agents"], 1, "connected agents")


@lab_test(60)
def what_makes_no_sense_is_refused_with_what_is_in_the_way(programs):
    refuse(programs, "sqlite")


@lab_test(60)
def what_makes_no_sense_is_refused_with_what_is_in_the_way_on_postgresql(programs):
    refuse(programs, "postgresql")
