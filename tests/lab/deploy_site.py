# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of deployments and sessions ask a site for, in one line each."""

import datetime
import json
import os
import time

from cases import check
from lab_site import Site
from rig import View, wait_until
from wims import make_wim

PARTITION_ONLY = """\
name: {name}
steps:
  - partition disk:
      disk: 0
      layout: windows-uefi
"""


def from_now(seconds):
    """A time of the API, so many seconds ahead (or, below 0, ago)."""
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class DeploySite(Site):
    """A site whose images are a few MiB and whose collections are made as they are needed."""

    def computers_named(self, *names):
        return [self.computer(name) for name in names]

    def image(self, name, *, noise_bytes=0, files=40, seed=1, options=()):
        """Adds an image package with the sequence "install NAME"; the tree it was made from."""
        path, tree = make_wim(self.room, name, files=files, noise_bytes=noise_bytes, seed=seed)
        self.do("image", "add", name, path, *options)
        self.sequence(f"install {name}", name)
        return tree

    def partition_sequence(self, name="partition"):
        """A sequence that is over in a moment: it needs no image."""
        self.do("sequence", "add", self.add_sequence(PARTITION_ONLY.format(name=name), name))
        return name

    def collection(self, name, members=(), fields=()):
        self.do("collection", "add", name, *fields)
        if members:
            self.do("collection", "add-member", name, *members)
        return name

    def deployed(self, sequence, collection, *words):
        """`muster deploy`; the number of the deployment."""
        return self.do("deploy", sequence, "--to", collection, *words).split()[1].rstrip(":")

    def get(self, path):
        answer = self.api("GET", f"/api/v1/{path}")
        check(answer.status == 200, f"{path}: {answer.status} {answer.body}")
        return answer.json()

    def device(self, deployment, name):
        return self.progress(deployment)[0][name]

    def explain(self, what):
        return self.do("deploy", "explain", what).strip()

    def wait_explained(self, what, *parts, limit_s=30):
        """Until `deploy explain` says all of the parts; what it said."""

        def said():
            text = self.explain(what)
            return text if all(part in text for part in parts) else None

        return wait_until(said, lambda: f"{parts} in {self.explain(what)!r}", limit_s)

    def wait_state(self, deployment, name, state, limit_s=60):
        wait_until(lambda: self.device(deployment, name)["state"] == state,
                   lambda: f"{name}: {state}: {self.device(deployment, name)}", limit_s)

    def session(self, deployment, limit_s=30):
        """The one session of a deployment, once it is there."""
        found = wait_until(lambda: self.progress(deployment)[1], f"a session of {deployment}",
                           limit_s)
        check(len(found) == 1, f"sessions of deployment {deployment}: {found}")
        return found[0]

    def wait_session(self, deployment, state, limit_s=30):
        wait_until(lambda: self.session(deployment)["state"] == state,
                   lambda: f"{state}: {self.session(deployment)}", limit_s)
        return str(self.session(deployment)["session"])

    def point(self, *fields):
        self.do("settings", "set", "--point", "default", *fields)

    def bits_per_second(self, seconds, while_true=lambda: True):
        """What the server's interface sent in each of that many whole seconds."""
        figures = []
        at, before = time.monotonic(), self.server.tx_bytes()
        while len(figures) < seconds and while_true():
            wait_until(lambda: time.monotonic() >= at + 1, "a second to pass", 5)
            now, sent = time.monotonic(), self.server.tx_bytes()
            figures.append(8 * (sent - before) / (now - at))
            at, before = now, sent
        return figures

    def hardware(self, name, **fields):
        """A file for `muster-agent --hardware`."""
        path = os.path.join(self.room.tmp, f"{name}-hardware.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(fields, file)
        return path

    def agent_with(self, computer, *options, once=True, **how):
        """The agent with more options than Site.start_agent knows."""
        argv = self.agent_argv(computer, once=once, **how) + list(options)
        computer.agent = computer.host.popen(argv, view=View("/run/muster", 64 << 20))
        return computer.agent
