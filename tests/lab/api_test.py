# SPDX-License-Identifier: GPL-3.0-or-later
"""Every operation of docs/api.yaml against a site, as it is meant to be used and as it must not be.

An operation without a case (api_cases.py) fails the test.
"""

import json

from api_cases import CASES
from api_world import API, SECRET, world
from cases import check, check_equal, lab_test
from rig import wait_until

OUTDATED = [("If-Match", '"00000000000000000000000000000000"')]


def check_problem(answer, status, parts, what):
    """RFC 9457: its form, and that its detail says the parts."""
    check_equal(answer.status, status, f"{what}: status of {answer.body}")
    check_equal(answer.headers["content-type"], "application/problem+json", f"{what}: type")
    problem = answer.json()
    for key, kind in (("type", str), ("title", str), ("status", int), ("detail", str)):
        check(isinstance(problem.get(key), kind) and problem[key], f"{what}: {key}: {problem}")
    check_equal(problem["status"], status, f"{what}: status in {problem}")
    check(problem["type"].startswith("/problems/"), f"{what}: {problem}")
    check(set(problem) <= {"type", "title", "status", "detail", "errors"}, f"{what}: {problem}")
    for fault in problem.get("errors", []):
        check_equal(set(fault), {"pointer", "detail"}, f"{what}: members of a fault")
    for part in parts:
        check(part in problem["detail"], f"{what}: {part!r} is not said in {problem['detail']!r}")


class Walk:
    """One operation and its request."""

    def __init__(self, site, operation, call):
        self.site = site
        self.operation = operation
        self.call = call
        self.path = call.path(operation).removeprefix(API)
        self.what = f"{operation.name} {operation.method} {self.path}"

    def ask(self, **how):
        return self.site.ask(self.operation.method, self.path, self.call.body, **how)

    def check_who_may(self):
        check_problem(self.ask(token=""), 401, ["muster login"], self.what)
        check_problem(self.ask(token="0" * 64), 401, ["unknown token"], self.what)
        check_problem(self.ask(token=self.site.device_token), 403, ["PC-01"], self.what)
        answer = self.ask(token=self.site.reader)
        if self.operation.writes:
            check_problem(answer, 403, ["reader", "read-only"], self.what)
        else:
            check_equal(answer.status, self.call.status, f"{self.what} of a read-only token")

    def check_neighbours(self):
        plain = self.path.split("?")[0]
        check_problem(self.site.ask(self.operation.method, f"{plain}/no/where"), 404,
                      ["/no/where"], self.what)
        possible = self.site.description.methods_at(API + plain)
        for method in (*sorted({"GET", "PUT", "DELETE"} - possible)[:1], "PURGE"):
            answer = self.site.ask(method, plain)
            check_problem(answer, 405, [method], f"{method} for {self.what}")
            check_equal(set(answer.headers["allow"].split(", ")), possible, f"{self.what}: Allow")

    def run(self):
        """The request itself; its answer fits the description."""
        send = self.site.admin.send_request
        send(self.operation.method, API + self.path, body=self.call.body,
             token=self.site.site.secret()["token"])
        if self.call.meanwhile:
            self.call.meanwhile()
        answer = self.site.admin.read_answer()
        check_equal(answer.status, self.call.status, f"{self.what}: status of {answer.body}")
        self.check_fits(answer)
        return answer

    def check_fits(self, answer):
        kinds = self.operation.responses.get(answer.status)
        check(kinds, f"{self.what}: status {answer.status} is not in the description")
        kind = answer.headers["content-type"].split(";")[0]
        check(kind in kinds, f"{self.what}: {kind} is not in the description")
        document = answer.json() if kind == "application/json" else answer.body
        faults = self.site.description.faults(document, kinds[kind])
        check(not faults, f"{self.what}: {faults} in {answer.body}")

    def check_read(self):
        answer = self.run()
        if self.operation.name == "streamEvents":
            check("event: reset" in answer.body, f"{self.what}: {answer.body}")
            return

        def not_modified():
            tag = self.ask().headers["etag"]
            again = self.ask(headers=[("If-None-Match", f'"x", W/{tag}')])
            return again.status == 304 and (again, tag)
        if self.call.lives:
            again, tag = wait_until(not_modified, f"{self.what}: a 304")
        else:
            again, tag = not_modified() or (None, None)
            check(again, f"{self.what}: no 304")
        check_equal((again.body, again.headers["etag"]), ("", tag), f"{self.what}: of a 304")
        other = self.ask(headers=[("If-None-Match", OUTDATED[0][1])])
        check_equal(other.status, 200, f"{self.what}: with another ETag")

    def check_change(self):
        if self.operation.method != "POST":
            check_problem(self.ask(headers=OUTDATED), 412, ["If-Match"], self.what)
        rows = self.site.audit()
        answer = self.run()
        new = self.site.audit()[:-len(rows)]
        check_equal(len(new), 1, f"{self.what}: new audit rows {new}")
        row = new[0]
        check_equal((row["who"], row["operation"], row["target"]),
                    (self.site.who, self.operation.name, API + self.path),
                    f"{self.what}: audit row {row}")
        check_equal((row["from"] is not None, row["to"] is not None),
                    (self.call.was, self.call.now), f"{self.what}: from and to of {row}")
        if self.call.after:
            self.call.after(answer.json())


def check_no_secrets(site):
    """What nobody may read stands nowhere it could be read."""
    texts = {"the log": site.site.serve.out + site.site.serve.err}
    for name, operation in site.description.operations.items():
        if not operation.writes and name != "streamEvents":
            path = CASES[name](site).path(operation).removeprefix(API)
            texts[path] = site.ask("GET", path).body
    texts["the audit"] = json.dumps(site.audit())
    check(len(site.secrets) > 4, f"only {len(site.secrets)} tokens were made")
    for where, text in texts.items():
        for secret in (*site.secrets, SECRET):
            check(secret not in text, f"{secret[:6]}... stands in {where}")


def check_audit_of_variables(site):
    """What is not secret is there, with what it was before."""
    device = site.device()
    for value in ("1", "2"):
        site.do("PUT", f"/devices/{device}/variables/Seat", {"value": value})
    row = site.audit()[0]
    check_equal([[each["value"] for each in row[side]["variables"]] for side in ("from", "to")],
                [["1"], ["2"]], "variables before and after")


def walk(programs, database):
    with world(programs, database) as site:
        missing = set(site.description.operations) ^ set(CASES)
        check(not missing, f"operations without a case, or cases without an operation: {missing}")
        for name, operation in site.description.operations.items():
            each = Walk(site, operation, CASES[name](site))
            each.check_who_may()
            each.check_neighbours()
            if operation.writes:
                each.check_change()
            else:
                rows = site.audit()
                each.check_read()
                check_equal(site.audit(), rows, f"{each.what}: audit rows of a read")
        check_audit_of_variables(site)
        check_no_secrets(site)
        check_equal(site.ask("GET", "/openapi.yaml").body, site.description.text,
                    "the description")


@lab_test(60)
def every_operation_does_what_its_description_says(programs):
    walk(programs, "sqlite")


@lab_test(60)
def every_operation_does_what_its_description_says_on_postgresql(programs):
    walk(programs, "postgresql")
