# SPDX-License-Identifier: GPL-3.0-or-later
"""A row: one figure and the bar it has to meet, measured when the runner asks."""

import dataclasses
from typing import Callable


@dataclasses.dataclass
class Finding:
    value: float | None   # None: there is no figure, the text says why
    limit: float | None   # what the value was held against
    ok: bool | None       # None: nothing was demanded
    text: str             # one line for people, units included
    data: dict = dataclasses.field(default_factory=dict)  # for the JSON: anything else measured


@dataclasses.dataclass
class Row:
    name: str                       # "part/what", unique in a run
    measure: Callable[[], Finding]  # measures anew whenever it is called
    seconds: float = 10.0           # about how long that takes, for --list
    quick: bool = False             # part of --quick
    finding: Finding | None = None  # set by the runner


def at_most(value, limit, text, **data):
    """A value that may not exceed its limit; None, that nothing came out of it, misses."""
    return Finding(value, limit, value is not None and value <= limit, text, data)


def at_least(value, limit, text, **data):
    return Finding(value, limit, value is not None and value >= limit, text, data)


def reference(value, text, **data):
    return Finding(value, None, None, text, data)
