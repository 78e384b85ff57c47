# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API refuses: 400, the field, what is allowed, and nothing changed."""

import json
import urllib.parse

from api_cases import CASES
from api_rejections import FORMATS, Rejections
from api_test import check_problem
from api_world import API, world
from cases import check, check_equal, lab_test


def check_unchanged(site, before, what):
    after = site.state()
    for key in {**before, **after}:
        check_equal(after.get(key), before.get(key), f"{what}: {key}")


def refuse_bodies(site, operation, call):
    """Every wrong body of the operation; how many there were."""
    path, count = call.path(operation).removeprefix(API), 0
    for text in (b"{", b"[1]", b'"x"', b"7", b'{"a": 1, "a": 2}', b"\xff"):
        answer = site.ask(operation.method, path, text)
        check_problem(answer, 400, [], f"{operation.name} {text}")
    for wrong in Rejections(site.description).members(operation.body, call.body):
        check_refusal(site.ask(operation.method, path, wrong.value), wrong,
                      f"{operation.name}: {wrong.what}: {json.dumps(wrong.value)[:200]}")
        count += 1
    return count


def check_refusal(answer, wrong, what):
    check_problem(answer, 400, wrong.words[:1], what)
    faults = [each for each in answer.json()["errors"] if each["pointer"] == wrong.pointer]
    check(faults, f"{what}: no fault at {wrong.pointer}: {answer.body}")
    said = " ".join(each["detail"] for each in faults)
    for word in wrong.words:
        check(word in said, f"{what}: {word!r} is not said in {said!r}")


def wrong_parameters(site, operation):
    """(name, text, words) of every wrong parameter of the query."""
    for name, (where, schema) in operation.parameters.items():
        if where == "query":
            for wrong in Rejections(site.description).of(schema, name):
                if isinstance(wrong.value, str) or (
                        schema["type"] != "string" and type(wrong.value) in (int, float)):
                    yield name, str(wrong.value), wrong.words
    yield "no_such_parameter", "1", ["no_such_parameter", "no such parameter"]


def refuse_parameters(site, operation, call):
    path, count = operation.path(call.values).removeprefix(API), 0
    for name, text, words in wrong_parameters(site, operation):
        query = urllib.parse.urlencode({name: text})
        check_problem(site.ask(operation.method, f"{path}?{query}", call.body), 400, words,
                      f"{operation.name}?{query}"[:200])
        count += 1
    for name, (where, schema) in operation.parameters.items():
        for text in FORMATS[schema["format"]][1] if where == "path" and "format" in schema else ():
            path = operation.path({**call.values, name: text}).removeprefix(API)
            check_problem(site.ask(operation.method, path, call.body), 400, [name],
                          f"{operation.name} {path}")
            count += 1
    return count


def refuse_everything(programs, database):
    with world(programs, database) as site:
        count = 0
        for name, operation in site.description.operations.items():
            call = CASES[name](site)
            before = site.state()
            count += refuse_parameters(site, operation, call)
            if operation.body is not None:
                count += refuse_bodies(site, operation, call)
            elif operation.writes:
                path = call.path(operation).removeprefix(API)
                answer = site.ask(operation.method, path, {"a": 1})
                check_problem(answer, 400, ["takes none"], f"{name} with a body")
            check_unchanged(site, before, name)
        print(f"{count} wrong requests were refused on {database}")
        check(count > 500, f"only {count} wrong requests were made")


@lab_test(60)
def what_the_schemas_forbid_is_refused_and_changes_nothing(programs):
    refuse_everything(programs, "sqlite")


@lab_test(60)
def what_the_schemas_forbid_is_refused_and_changes_nothing_on_postgresql(programs):
    refuse_everything(programs, "postgresql")
