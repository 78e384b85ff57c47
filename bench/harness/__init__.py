# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of a bench shares: rooms with transfers in them, rows with bars, the report.

A part is a module beside transport.py with one function, `rows(context)`. It yields Row objects;
nothing is measured before the runner calls row.measure(), so rows can be listed, chosen and
repeated. A measure returns a Finding; ok=None says that there is no bar, the row is a reference.
Rows that look at one and the same room share it by context.once(key, make).

    def rows(context):
        yield Row("late/at 40 %", lambda: late(context, 0.4), seconds=20)
"""

from .context import Context
from .row import Finding, Row, at_least, at_most, reference
from .transfer import Job

__all__ = ["Context", "Finding", "Job", "Row", "at_least", "at_most", "reference"]
