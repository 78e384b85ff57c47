# SPDX-License-Identifier: GPL-3.0-or-later
"""Time: the wall clock against what the bytes on the wire take at the rate of the link."""

from harness import Job, Row, at_most

ROWS = [(1, 200), (8, 200), (16, 100)]  # receivers, Mbit/s
LOSSES = (0.0, 0.01, 0.05)


def rows(context):
    for receivers, mbit in ROWS:
        for loss in LOSSES:
            job = Job("muster", receivers, loss, mbit * 10**6)
            name = f"wall/{receivers} receivers on {mbit} Mbit/s, {loss:.0%} loss"
            yield Row(name, lambda job=job: measure(context, job), seconds=8 * 200 / mbit,
                      quick=receivers == 8 and loss == 0.01)


def measure(context, job):
    made = context.transfer(job)
    if not made.complete:
        return at_most(None, None, made.text(), transfer=made.as_dict())
    limit = 1.08 * made.wire_bytes * 8 / job.link + 2.0
    return at_most(made.wall_seconds, limit,
                   f"{made.wall_seconds:.2f} s, at most {limit:.2f} s", transfer=made.as_dict())
