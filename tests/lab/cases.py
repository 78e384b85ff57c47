# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab test is: a function with a name, a time limit and the programs under test."""

import dataclasses
import os
from typing import Callable

REGISTRY = {}


@dataclasses.dataclass
class Case:
    name: str
    limit_s: int
    run: Callable
    label: str


@dataclasses.dataclass
class Programs:
    """Paths of what is tested; a missing one is a failure that says how to get it."""
    folder: str

    def _path(self, name):
        path = os.path.abspath(os.path.join(self.folder, name))
        if not os.access(path, os.X_OK):
            raise AssertionError(f"{path}: no such program, run ./dev build release")
        return path

    @property
    def muster(self):
        return self._path("muster")

    @property
    def muster_agent(self):
        return self._path("muster-agent")


def lab_test(limit_s=120, label="lab"):
    """Registers a function of one argument (Programs) under its own name.

    label: `full` for what takes more than a minute and is left out of `./dev test lab`.
    """

    def register(function):
        name = function.__name__
        assert name not in REGISTRY, f"two lab tests named {name}"
        REGISTRY[name] = Case(name, limit_s, function, label)
        return function

    return register


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def check_equal(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r}, expected {expected!r}")
