# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what on a site: tokens, fingerprints, enrolment, protocol versions.

The calls are read from the description of the API, so that a new one cannot be forgotten here.
"""

import json
import os
import re

from cases import check, check_equal, lab_test
from lab_site import Site
from raw_client import RawClient
from rig import Room
from session import check_one_line
from wims import make_wim

DESCRIPTION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/api.yaml")
AGENT, MEMBER = "/api/v1/agent", "/api/v1/deployments/1/images/1/member"
WRONG = "0123456789abcdef" * 4


def calls():
    """(method, path) of every call of the API, with something in place of its parameters."""
    with open(DESCRIPTION, encoding="utf-8") as file:
        text = file.read()
    found, path = [], None
    for line in text[:text.index("\ncomponents:")].splitlines():
        if match := re.fullmatch(r"  (/\S+):", line):
            path = match[1]
        elif match := re.fullmatch(r"    (get|post|put|patch|delete):", line):
            found.append((match[1].upper(), path))
    check(len(found) >= 60, f"only these calls were found in {DESCRIPTION}: {found}")
    return [(method, re.sub(r"\{\w+\}", "1", path)) for method, path in found]


def upgrade(site, path, token):
    with RawClient(site.server, site.address) as client:
        return client.upgrade(path, token=token)


def check_refused(answer, status, parts, what):
    """A problem document with that status, whose detail is one line with the parts."""
    check_equal(answer.status, status, f"status of {what}: {answer.body}")
    detail = answer.json()["detail"]
    check("\n" not in detail, f"{what}: {detail!r} is not one line")
    for part in parts:
        check(part in detail, f"{what}: {part!r} is not said in {detail!r}")


def device_token(computer):
    with open(computer.enrolment, encoding="utf-8") as file:
        return json.load(file)["token"]


def changed(path, **fields):
    """A copy of a login or enrolment file with other contents."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    copy = f"{path}.changed"
    with open(copy, "w", encoding="utf-8") as file:
        json.dump({**document, **fields}, file)
    return copy


@lab_test(60)
def every_call_wants_the_right_token(programs):
    with Room() as room:
        site = Site(programs, room).start()
        device = device_token(site.computer("PC-01"))
        how = ["muster login", "muster device enrol"]
        with RawClient(site.server, site.address) as client:
            for method, path in [*calls(), ("GET", "/nowhere")]:
                what = f"{method} {path}"
                for token in (None, "", "x", WRONG, WRONG[:63]):
                    check_refused(client.request(method, path, token=token), 401, how, what)
                check_refused(client.request(method, path, token=device), 403, ["PC-01"], what)
        for path in (AGENT, MEMBER):
            for token in (None, WRONG):
                check_refused(upgrade(site, path, token), 401, how, path)
            check_refused(upgrade(site, path, site.secret()["token"]), 403, ["computers"], path)
        check_refused(upgrade(site, MEMBER, device), 404, ["deployment"], MEMBER)
        check_equal(site.images(), [], "images")
        check_equal([each["name"] for each in json.loads(site.do("device", "list", "--json"))
                     ["items"]], ["PC-01"], "devices")


@lab_test(60)
def programs_with_a_wrong_token_or_fingerprint_say_so(programs):
    with Room() as room:
        site = Site(programs, room).start()
        pc = site.computer("PC-01")
        pc.enrolment = changed(pc.enrolment, token=WRONG)
        check_one_line(site.start_agent(pc), ["token", "muster device enrol"])
        site.enrol(pc)
        good, login, parts = pc.enrolment, site.login, ["fingerprint", site.address]
        for fingerprint in ("ab" * 32, "sha256:ab"):
            pc.enrolment = changed(good, fingerprint=fingerprint)
            check_one_line(site.start_agent(pc), parts)
            site.login = changed(login, fingerprint=fingerprint)
            site.refused("image", "list", parts=parts)
        site.login = changed(login, token=WRONG)
        site.refused("image", "list", parts=["token", "muster login"])


@lab_test(60)
def an_earlier_token_is_void_when_a_computer_is_enrolled_again(programs):
    with Room() as room:
        site = Site(programs, room).start()
        pc = site.computer("PC-01")
        earlier = device_token(pc)
        check_equal(upgrade(site, AGENT, earlier).status, 101, "status with the token")
        site.enrol(pc)
        check_equal(upgrade(site, AGENT, earlier).status, 401, "status with the earlier token")
        check_equal(upgrade(site, AGENT, device_token(pc)).status, 101, "status with the new token")


@lab_test(60)
def secrets_are_in_private_files(programs):
    with Room() as room:
        site = Site(programs, room).start()
        pc = site.computer("PC-01")
        for path in (site.login, pc.enrolment, os.path.join(site.data, "tls.pem")):
            check_equal(oct(os.stat(path).st_mode & 0o777), oct(0o600), f"mode of {path}")
        token = site.secret()["token"]
        with open(os.path.join(site.data, "site.db"), "rb") as file:
            check(token.encode() not in file.read(), "the token itself is in the database")
        site.serve.stop()
        site.start()
        check_equal(site.secret()["token"], token, "the administrator's token after a restart")


@lab_test(60)
def open_enrolment_is_off_by_default_and_works_when_it_is_on(programs):
    with Room() as room:
        closed = Site(programs, room).start()
        pc = closed.computer("PC-01")
        body = {"mac": pc.host.mac}
        check_refused(closed.api("POST", "/api/v1/enrol", token="", body=body), 403,
                      ["muster device enrol", "--open-enrolment"], "enrolment")
        closed.serve.stop()
        site = Site(programs, room, options=["--open-enrolment"]).start()
        for wrong, status in (({"mac": "02:00:00:00:00:99"}, 404), ({"mac": "x"}, 404), ({}, 400)):
            answer = site.api("POST", "/api/v1/enrol", token="", body=wrong)
            check(answer.status in (status, 400), f"{wrong}: {answer.status} {answer.body}")
        answer = site.api("POST", "/api/v1/enrol", token="", body=body)
        check_equal(answer.status, 201, f"status of the enrolment: {answer.body}")
        check_equal(answer.json()["fingerprint"], site.secret()["fingerprint"], "fingerprint")
        check_equal(upgrade(site, AGENT, answer.json()["token"]).status, 101, "with its token")


@lab_test(60)
def agent_enrols_itself_where_the_site_lets_it(programs):
    with Room() as room:
        site = Site(programs, room, options=["--open-enrolment"]).start()
        image, tree = make_wim(room, "small", files=50)
        pc = site.computer("PC-01")
        deployment = site.deploy_image(image, ["PC-01"])
        check_one_line(site.start_agent(pc, enrolment=[]), ["--enrolment", "--fingerprint"])
        how = ["--server", site.address, "--fingerprint", site.secret()["fingerprint"]]
        site.start_agent(pc, enrolment=how)
        site.check_all_verified(deployment, {"PC-01": tree})
        stranger = room.host("PC-02")
        pc.host = stranger
        check_one_line(site.start_agent(pc, enrolment=how), ["not enrolled", stranger.mac])
        site.serve.stop()
        closed = Site(programs, room).start()
        check_one_line(closed.start_agent(pc, enrolment=how),
                       ["not enrolled", "muster device enrol", "--open-enrolment"])


@lab_test(60)
def another_protocol_version_is_refused_with_both_named(programs):
    with Room() as room:
        site = Site(programs, room).start()
        token = device_token(site.computer("PC-01"))
        image, _ = make_wim(room, "small", files=20, noise_bytes=0)
        site.deploy_image(image, ["PC-01"])
        ours = re.search(r"protocol (\d+)", site.do_bare("--version"))[1]
        hello = {"type": "hello", "protocol": 99, "working": False, "name": "PC-01"}
        for path, kind in ((AGENT, "refused"), (MEMBER, "ended")):
            with RawClient(site.server, site.address) as client:
                check_equal(client.upgrade(path, token=token).status, 101, path)
                client.send_text(hello)
                frame, message = client.receive()
                check_equal((frame, message.get("type")), ("text", kind), f"{path}: {message}")
                for part in (r"\b99\b", rf"\b{ours}\b", "same muster"):
                    check(re.search(part, message["reason"]), f"{path}: {message['reason']}")
                check_equal(client.receive()[0], "close", f"{path}: after the refusal")


@lab_test(60)
def garbage_of_a_computer_ends_its_connection_and_nothing_else(programs):
    hello = {"type": "hello", "protocol": 1, "name": "PC-01"}
    anywhere = [[""], [[]], [7], [{"type": 7}], [{"type": "hello"}], [{"type": "join"}],
                [{"type": "hello", "protocol": "1"}], [{"type": "step", "index": 0}],
                [hello, {"type": "x" * 60000}], [hello, {"type": "step", "index": -1}]]
    talks = {AGENT: [*anywhere, [{**hello, "working": True, "deployment": 77}],
                     [hello, {"type": "result", "state": "running"}]],
             MEMBER: [*anywhere, [hello, {"type": "join", "want": "9-1"}],
                      [hello, {"type": "report", "verified": "0-4294967295", "missed": ""}],
                      [hello, {"type": "join", "want": "all"}, {"type": "join", "want": "all"}]]}
    with Room() as room:
        site = Site(programs, room).start()
        token = device_token(site.computer("PC-01"))
        image, _ = make_wim(room, "small", files=20, noise_bytes=0)
        site.deploy_image(image, ["PC-01"])
        for path, messages in ((path, talk) for path in talks for talk in talks[path]):
            with RawClient(site.server, site.address) as client:
                check_equal(client.upgrade(path, token=token).status, 101, path)
                for message in messages:
                    client.send_text(message)
                while client.receive()[0] != "close":
                    pass
        check(site.serve.running(), f"the server ended: {site.serve.describe()}")
        check_equal(len(site.images()), 1, "images")
