# SPDX-License-Identifier: GPL-3.0-or-later
"""For every operation of docs/api.yaml one request that works, by hand, with what it needs."""

import dataclasses
import urllib.parse
from typing import Callable

from api_world import SECRET

CASES = {}
NEVER = "2030-01-01T00:00:00Z"


@dataclasses.dataclass
class Call:
    """One request. What its audit row has: what there was before, and what there is now."""
    status: int = 200
    values: dict = dataclasses.field(default_factory=dict)  # of the path
    query: dict = dataclasses.field(default_factory=dict)
    body: dict = None
    was: bool = True
    now: bool = True
    meanwhile: Callable = None  # done before the answer is read
    after: Callable = None      # done with the answer's document
    lives: bool = False         # it says something else every moment

    def path(self, operation):
        query = urllib.parse.urlencode(self.query)
        return operation.path(self.values) + (f"?{query}" if query else "")


def case(name):
    def register(function):
        assert name not in CASES, f"two cases of {name}"
        CASES[name] = function
        return function
    return register


def plain(name, **what):
    """A case that needs nothing made for it."""
    case(name)(lambda world: Call(**what))


# ---- the site ----

for each in ("showSite", "showDescription", "showSettings", "listTokens", "listPoints",
             "listJobs", "listSequences", "listDeployments", "listImages", "listDevices",
             "listCollections", "listAudit"):
    plain(each)
plain("streamEvents", query={"deployment": 1}, lives=True)
plain("setSettings", body={
    "unknown_computers": "ask", "conflicting_records": "merge", "high_risk_size": 50,
    "ignored_macs": ["02:00:00:00:00:01"], "high_risk_maximum": 900, "keep_status_days": 9,
    "ignored_uuids": ["03000200-0400-0500-0006-000700080009"], "keep_log_days": 9,
    "keep_audit_days": 99, "validate_content_days": 9, "time_zone": "Europe/Berlin"})
plain("showPoint", values={"point": "default"})
plain("setPoint", values={"point": "default"}, body={"name": "default", "settings": {
    "groups": "239.1.0.0-239.1.0.255", "transfer_rate": "custom", "custom_rate": 90_000_000,
    "limits": ["mon-fri 08:00-17:00 100M"], "ttl": 2, "session_start_delay": 9}})


@case("addToken")
def _(world):
    return Call(201, body={"name": world.fresh("token"), "role": "full", "expires_days": 9},
                was=False, after=lambda made: world.secrets.add(made["token"]))


@case("revokeToken")
def _(world):
    return Call(values={"token": world.token()}, now=False)


# ---- images and jobs ----

@case("addImage")
def _(world):
    body = {"name": world.fresh("image"), "path": world.image_path, "version": "22H2",
            "comment": "of the lab", "priority": "high"}
    return Call(202, body=body, was=False, after=lambda made: world.finished(made["job"]))


plain("showImage", values={"image": "image"})
plain("setImage", values={"image": "image"}, body={
    "comment": "the lab's", "allow_multicast": True, "encrypt": True, "multicast_only": False,
    "priority": "low"})


@case("removeImage")
def _(world):
    return Call(values={"image": world.image_added()}, now=False)


@case("validateImage")
def _(world):
    return Call(202, values={"image": world.image}, body={"repair": True},
                after=lambda made: world.finished(made["job"]))


@case("showJob")
def _(world):
    return Call(values={"job": world.items("/jobs")[0]["job"]})


# ---- computers ----

@case("addDevice")
def _(world):
    return Call(201, body={"name": world.fresh("PC"), "macs": [world.mac()], "serial": "5CG1234",
                           "smbios_uuid": "", "comment": "at the window"}, was=False)


@case("importDevices")
def _(world):
    lines = ["name;mac;collection;variable:Seat"]
    lines += [f"{world.fresh('PC')};{world.mac()};{world.room};{seat}" for seat in (1, 2)]
    return Call(201, body={"csv": "\n".join(lines) + "\n"}, was=False)


for each in ("showDevice", "explainDevice", "listDeviceHistory", "listDeviceLog"):
    plain(each, values={"device": "PC-01"})


@case("setDevice")
def _(world):
    return Call(values={"device": world.device()}, body={
        "name": world.fresh("PC"), "macs": [world.mac()], "comment": "at the door",
        "smbios_uuid": "4c4c4544-0034-3510-8052-b4c04f4a3132", "serial": "5CG4321"})


@case("removeDevice")
def _(world):
    return Call(values={"device": world.device()}, now=False)


@case("enrolDevice")
def _(world):
    return Call(201, values={"device": world.device()}, now=False,
                after=lambda made: world.secrets.add(made["token"]))


@case("approveDevice")
def _(world):
    return Call(values={"device": world.device()})


@case("setDeviceVariable")
def _(world):
    return Call(values={"device": world.device(), "variable": "Password"},
                body={"value": SECRET, "secret": True})


@case("removeDeviceVariable")
def _(world):
    values = {"device": world.device(), "variable": "Seat"}
    world.do("PUT", f"/devices/{values['device']}/variables/Seat", {"value": "7"})
    return Call(values=values)


@case("controlDevice")
def _(world):
    return Call(values={"device": "PC-01"}, body={"action": "pause", "reason": "a lesson begins"},
                meanwhile=world.answer_control)


# ---- collections ----

@case("addCollection")
def _(world):
    return Call(201, was=False, body={
        "name": world.fresh("room"), "comment": "upstairs", "members": ["PC-01"],
        "rules": ["Name like 'PC-*'"], "includes": [world.room], "excludes": [world.collection()],
        "limiting": world.room, "priority": 3, "maintenance_windows": ["sat 22:00 for 6h"]})


@case("showCollection")
def _(world):
    return Call(values={"collection": world.room})


@case("setCollection")
def _(world):
    return Call(values={"collection": world.collection()}, body={
        "name": world.fresh("room"), "comment": "downstairs", "members": ["PC-02"],
        "rules": ["Name = 'PC-03'"], "includes": [world.room], "excludes": [world.collection()],
        "limiting": None, "priority": 4, "maintenance_windows": []})


@case("removeCollection")
def _(world):
    return Call(values={"collection": world.collection()}, now=False)


@case("listMembers")
def _(world):
    return Call(values={"collection": world.room})


@case("addMember")
def _(world):
    return Call(201, values={"collection": world.collection()}, body={"device": "PC-03"})


@case("removeMember")
def _(world):
    return Call(values={"collection": world.collection(members=["PC-03"]), "device": "PC-03"})


@case("explainMember")
def _(world):
    return Call(values={"collection": world.room, "device": "PC-03"})


@case("setCollectionVariable")
def _(world):
    return Call(values={"collection": world.collection(), "variable": "JoinPassword"},
                body={"value": SECRET, "secret": True})


@case("removeCollectionVariable")
def _(world):
    room = world.collection()
    world.do("PUT", f"/collections/{room}/variables/OU", {"value": "lab"})
    return Call(values={"collection": room, "variable": "OU"})


# ---- sequences and deployments ----

@case("addSequence")
def _(world):
    name = world.fresh("sequence")
    return Call(201, body={"text": f"name: {name}\nsteps:\n  - partition disk:\n      disk: 0\n"
                                   "      layout: windows-uefi\n"}, was=False)


@case("showSequence")
def _(world):
    return Call(values={"sequence": world.sequence})


@case("removeSequence")
def _(world):
    return Call(values={"sequence": world.sequence_added()}, now=False)


@case("addDeployment")
def _(world):
    return Call(201, was=False, body={
        "sequence": world.sequence, "collection": world.room, "point": "default",
        "purpose": "required", "comment": "for the exams",
        "start": {"clients": 2, "delay_seconds": 900, "at": NEVER, "when_all": True,
                  "by_hand": False}, "time_zone": "Europe/Berlin",
        "available_from": "2029-01-01T00:00:00Z", "deadline": "2029-02-01T00:00:00Z",
        "expires": NEVER, "rerun": "if failed", "offered_to": ["network boot"],
        "wake_on_lan": False, "ignore_maintenance_windows": True, "armed_hours": 9,
        "readiness_minutes": 9, "confirm_count": 2})


for each in ("showDeployment", "showProgress", "reportDeployment", "explainDeployment"):
    case(each)(lambda world: Call(values={"deployment": world.deployment}, lives=True))


@case("setDeployment")
def _(world):
    return Call(values={"deployment": world.deployed()}, body={
        "comment": "later", "available_from": "2029-01-01T00:00:00Z", "deadline": None,
        "expires": NEVER, "rerun": "always", "ignore_maintenance_windows": True,
        "readiness_minutes": 3})


for each in ("cancelDeployment", "pauseDeployment", "resumeDeployment"):
    case(each)(lambda world: Call(values={"deployment": world.deployed()},
                                  body={"reason": "the wrong room"}))
for each in ("armDeployment", "clearDeployment"):
    case(each)(lambda world: Call(values={"deployment": world.deployed()},
                                  body={"devices": ["PC-02"], "hours": 2}))


@case("controlDeployment")
def _(world):
    return Call(202, values={"deployment": world.deployment}, meanwhile=world.answer_control,
                body={"action": "resume", "devices": ["PC-01", "PC-02"], "reason": "it is over"})


# ---- sessions ----

@case("listSessions")
def _(world):
    world.session()
    return Call(lives=True)


for each in ("showSession", "explainSession"):
    case(each)(lambda world: Call(values={"session": world.session()}, lives=True))
for each in ("startSession", "holdSession", "resumeSession"):
    case(each)(lambda world: Call(values={"session": world.session()}))


@case("endSession")
def _(world):
    return Call(values={"session": world.session()}, body={"reason": "the bell rings"})


@case("disconnectMember")
def _(world):
    return Call(values={"session": world.session(), "device": "PC-01"})
