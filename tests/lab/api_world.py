# SPDX-License-Identifier: GPL-3.0-or-later
"""A site in which every operation of the API has something to do, and what makes more of it."""

import contextlib
import itertools

from api_schema import Description
from cases import check, check_equal
from lab_site import Site
from postgres import Postgres
from raw_client import RawClient
from rig import Room, wait_until
from talker import Talker
from wims import make_wim

API = "/api/v1"
SECRET = "a value that is nobody's business"
SEQUENCE = """\
name: {name}
steps:
  - partition disk:
      disk: 0
      layout: windows-uefi
  - apply operating system image:
      image: image
      index: 1
"""


class World:
    """`admin` is a connection; every method that makes something gives its name or number."""

    def __init__(self, site, database=None):
        self.site = site
        self.database = database  # a Postgres, or None
        self.description = Description()
        self.admin = RawClient(site.server, site.address)
        self.secrets = {site.secret()["token"]}
        self.who = self.items("/tokens")[0]["name"]
        self._numbers = itertools.count(1)
        self._sockets = contextlib.ExitStack()
        self.image_path, _ = make_wim(site.room, "image", files=20, noise_bytes=0)
        self.reader = self.do("POST", "/tokens", {"name": "reader", "role": "read-only"})["token"]
        self.secrets.add(self.reader)
        self.devices = [self.device(name=f"PC-0{number}") for number in (1, 2, 3)]
        self.device_token = self.enrol("PC-01")
        self.room = self.collection(members=["PC-01", "PC-02"])
        self.image = self.image_added("image")
        self.sequence = self.sequence_added("install")
        self.deployment = self.deployed()
        self.agent = self._agent()
        self.log_line = self._report()

    def close(self):
        self._sockets.close()
        self.admin.close()

    # ---- requests ----

    def ask(self, method, path, body=None, *, token=None, headers=()):
        token = self.site.secret()["token"] if token is None else token
        return self.admin.request(method, API + path, body=body, token=token or None,
                                  headers=headers)

    def do(self, method, path, body=None):
        """A request that must be answered well; the document."""
        answer = self.ask(method, path, body)
        check(answer.status < 300, f"{method} {path} {body}: {answer.status} {answer.body}")
        return answer.json()

    def items(self, path):
        return self.do("GET", path)["items"]

    def audit(self):
        return self.items("/audit?limit=1000")

    def state(self):
        """What a request could have changed, and the audit, which has a row for every change."""
        lists = ("/points", "/images", "/devices", "/collections", "/sequences", "/deployments",
                 "/tokens", "/audit?limit=1000")
        found = {path: self.items(path) for path in lists}
        return {**found, "/settings": self.do("GET", "/settings")}

    def check_unchanged(self, before, what):
        after = self.state()
        for key, value in before.items():
            check_equal(after[key], value, f"{key} after {what}")

    # ---- what there may be more of ----

    def fresh(self, kind):
        return f"{kind}-{next(self._numbers)}"

    def mac(self):
        number = next(self._numbers)
        return f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"

    def device(self, name=None, **fields):
        return self.do("POST", "/devices", {"name": name or self.fresh("PC"),
                                            "macs": [self.mac()], **fields})["name"]

    def enrol(self, device):
        token = self.do("POST", f"/devices/{device}/token")["token"]
        self.secrets.add(token)
        return token

    def collection(self, **fields):
        return self.do("POST", "/collections", {"name": self.fresh("room"), **fields})["name"]

    def token(self, **fields):
        made = self.do("POST", "/tokens", {"name": self.fresh("token"), **fields})
        self.secrets.add(made["token"])
        return made["name"]

    def sequence_added(self, name=None):
        text = SEQUENCE.format(name=name or self.fresh("sequence"))
        return self.do("POST", "/sequences", {"text": text})["name"]

    def image_added(self, name=None):
        name = name or self.fresh("image")
        job = self.do("POST", "/images", {"name": name, "path": self.image_path})["job"]
        self.finished(job)
        return name

    def finished(self, job):
        """Until the job has succeeded."""
        def ended():
            status = self.do("GET", f"/jobs/{job}")
            return status["state"] in ("succeeded", "failed") and status
        status = wait_until(ended, f"job {job}")
        check_equal(status["state"], "succeeded", f"job {job}: {status}")
        return job

    def deployed(self, **fields):
        body = {"sequence": self.sequence, "collection": self.room, "start": {"by_hand": True}}
        return self.do("POST", "/deployments", {**body, **fields})["id"]

    # ---- computers ----

    def _connect(self, path):
        talker = Talker(self.site.server, self.site.address, API + path, self.device_token)
        self._sockets.callback(talker.close)
        talker.say(type="hello", protocol=1, name="PC-01", run="1", working=False)
        return talker

    def _agent(self):
        agent = self._connect("/agent")
        agent.expect("order")
        return agent

    def _report(self):
        self.agent.say(type="log", lines=[
            {"seq": number, "at_ms": 1700000000000 + number, "text": f"line {number}"}
            for number in range(1, 8)])
        self.agent.expect("logged")
        self.agent.say(type="step", seq=8, index=0, name="partition disk", outcome="started")
        self.agent.expect("logged")
        return self.items("/devices/PC-01/log")[0]["id"]

    def answer_control(self):
        """The agent of PC-01 obeys the next order of an administrator."""
        message = self.agent.expect("control")
        self.agent.say(type="controlled", id=message["id"], accepted=True, message="as you say")

    def member(self, deployment):
        """PC-01 as a member of the deployment's session."""
        image = self.items("/images?name=image")[0]["id"]
        return self._connect(f"/deployments/{deployment}/images/{image}/member")

    def refused_member(self, deployment):
        """PC-01 is asked to come again later: the words."""
        image = self.items("/images?name=image")[0]["id"]
        with RawClient(self.site.server, self.site.address) as client:
            answer = client.upgrade(API + f"/deployments/{deployment}/images/{image}/member",
                                    token=self.device_token)
        check_equal(answer.status, 503, f"{answer.body}")
        return answer.json()["detail"]

    def session(self):
        """A new one that waits, with PC-01 in it; its number."""
        deployment = self.deployed()
        member = self.member(deployment)
        member.expect("offer")
        member.say(type="join", want="all")
        member.expect("welcome")
        return wait_until(lambda: next((each["session"] for each in self.items("/sessions")
                                        if each["deployment"] == deployment and each["members"]),
                                       None), "the session to have its member")


@contextlib.contextmanager
def world(programs, database):
    """On "sqlite" or "postgresql"."""
    with Room() as room, contextlib.ExitStack() as stack:
        server = room.host("server")
        options, postgres = [], None
        if database == "postgresql":
            postgres = stack.enter_context(Postgres(room, server))
            options = ["--database", postgres.url]
        made = World(Site(programs, room, options=options).start(), postgres)
        stack.callback(made.close)
        yield made
        check(made.site.serve.running(), f"the server ended: {made.site.serve.describe()}")
        made.site.serve.stop()
