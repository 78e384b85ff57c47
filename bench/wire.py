# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes: what leaves the server's interface per byte of image, control connections included.

The bar is 2 % above headers (1.0554) over 1 - p, the least that any code could need.
"""

from harness import Job, Row, at_most

HEADERS = 1.0554  # 1486 bytes with their Ethernet header carry 1408
ROWS = [(0.0, 200), (0.01, 200), (0.05, 200), (0.10, 100)]  # loss, Mbit/s


def rows(context):
    for loss, mbit in ROWS:
        job = Job("muster", 8, loss, mbit * 10**6)
        limit = round(1.02 * HEADERS / (1 - loss), 3)
        yield Row(f"wire/8 receivers, {loss:.0%} loss", lambda job=job, limit=limit:
                  measure(context, job, limit), seconds=10, quick=loss in (0.0, 0.05))


def measure(context, job, limit):
    made = context.transfer(job)
    return at_most(made.wire_ratio if made.complete else None, limit,
                   f"{made.wire_ratio:.3f} x image" if made.complete else made.text(),
                   transfer=made.as_dict())
