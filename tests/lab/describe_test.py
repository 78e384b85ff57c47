# SPDX-License-Identifier: GPL-3.0-or-later
"""A site as a file: `muster export` and `muster apply`; completion and manual."""

import json
import os

from cases import check, check_equal, lab_test
from lab_site import Site
from rig import Room

FILE = """\
settings:
  unknown_computers: ask
points:
  default:
    cap: 500000000
sequences:
  - text: |
      name: Disk
      steps:
        - partition disk: {disk: 0, layout: windows-uefi}
devices:
  - name: PC-01
    macs: ["02:00:00:00:00:01"]
    comment: by the window
    variables:
      - {name: OSDComputerName, value: LAB-01}
      - {name: AdminPassword, value: hunter2, secret: true}
  - name: PC-02
collections:
  - name: Room 12
    members: [PC-02]
    limiting: Everybody
  - name: Everybody
    rules: ["Name like 'PC-*'"]
"""


def written(room, name, text):
    path = os.path.join(room.tmp, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


@lab_test(60)
def site_becomes_what_the_file_says_and_stays_so(programs):
    with Room() as room:
        site = Site(programs, room).start()
        path = written(room, "site.yaml", FILE)
        said = site.do("apply", "-f", path, "--dry-run")
        check("device PC-01: new" in said and "not made" in said, said)
        check_equal(json.loads(site.do("device", "list", "--json"))["items"], [], "devices")
        site.do("apply", "-f", path)
        check_equal(site.do("collection", "members", "Room 12").split(), ["PC-02"], "members")
        again = site.do("apply", "-f", path)
        check("variable AdminPassword" in again and "1 change" in again,
              f"only the secret, whose value nobody tells, is set again: {again}")
        changed = written(room, "changed.yaml", FILE.replace("by the window", "at the door"))
        said = site.do("apply", "-f", changed)
        check("comment: 'by the window' becomes 'at the door'" in said, said)


@lab_test(60)
def exported_site_is_made_again_elsewhere(programs):
    with Room() as room:
        first = Site(programs, room).start()
        first.do("apply", "-f", written(room, "site.yaml", FILE))
        exported = first.do("export")
        check("hunter2" not in exported, "a secret is exported")
        second = Site(programs, room, data=os.path.join(room.tmp, "second"), port=7444).start()
        path = written(room, "exported.json", exported)
        second.do("apply", "-f", path)
        one, two = json.loads(exported), json.loads(second.do("export"))
        for each in (one, two):  # the secret has no value to be set to
            each["devices"][0]["variables"] = [
                variable for variable in each["devices"][0]["variables"] if not variable["secret"]]
        check_equal(two, one, "the second site")
        check_equal(second.do("apply", "-f", path).strip(), "nothing to change", "applied twice")


@lab_test(60)
def file_with_a_mistake_names_its_place_and_changes_nothing(programs):
    with Room() as room:
        site = Site(programs, room).start()
        for text, parts in (
                ("devices:\n  - comment: no name\n", ["line 2", "name: missing"]),
                ("divices: []\n", ["divices", "line 1"]),
                ("collections:\n  - {name: A, includes: [B]}\n  - {name: B, includes: [A]}\n",
                 ["circle"])):
            site.refused("apply", "-f", written(room, "wrong.yaml", text), parts=parts)
        check_equal(json.loads(site.do("device", "list", "--json"))["items"], [], "devices")


@lab_test(60)
def completion_and_manual_come_from_the_commands(programs):
    with Room() as room:
        server = room.host("server")
        completion = written(room, "completion", server.run([programs.muster, "completion"]).out)
        script = (f"source {completion}; COMP_WORDS=(muster device a); COMP_CWORD=2; _muster; "
                  "echo ${COMPREPLY[*]}")
        said = server.run(["/bin/bash", "-euc", script]).out
        check_equal(sorted(said.split()), ["add", "approve"], "what may follow `muster device a`")
        manual = server.run([programs.muster, "manual"]).out
        for word in (".TH MUSTER 8", "muster deploy", "muster session hold", "EXIT STATUS"):
            check(word.replace("-", "\\-") in manual, f"{word} is not in the manual page")
