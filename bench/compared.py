# SPDX-License-Identifier: GPL-3.0-or-later
"""Everybody side by side on 200 Mbit/s: loss at 4 and 16 receivers, 1 and 8 receivers at 1 %."""

from harness import Job, Row, reference
from peers import MULTICAST_PEERS

LOSSES = (0.0, 0.01, 0.05)
LIMIT_S = 60.0  # ten times what the line needs and more


def points():
    """(receivers, loss), every one once."""
    over_loss = [(receivers, loss) for receivers in (4, 16) for loss in LOSSES]
    return over_loss + [(4, 0.1)] + [(receivers, 0.01) for receivers in (1, 8)]


def rows(context):
    for receivers, loss in points():
        for peer in ("muster", *MULTICAST_PEERS):
            yield row(context, Job(peer, receivers, loss, limit_s=LIMIT_S))
    for receivers, loss in ((1, 0.01), (4, 0.0), (4, 0.01), (4, 0.05), (16, 0.01)):
        yield row(context, Job("nginx", receivers, loss, limit_s=150.0))


def row(context, job):
    return Row(f"compared/{job.receivers} receivers, {job.loss:.0%} loss, {job.peer}",
               lambda: measure(context, job),
               seconds=5.5 * job.receivers if job.peer == "nginx" else 10,
               quick=(job.receivers, job.loss) == (4, 0.01))


def measure(context, job):
    made = context.transfer(job)
    return reference(made.wire_ratio if made.complete else None, made.text(),
                     transfer=made.as_dict())
