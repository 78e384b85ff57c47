# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for what must happen, and signals turned into an exception that unwinds the room."""

import signal
import threading
import time

_never = threading.Event()


def wait_until(condition, what, limit_s=30.0):
    """Returns the first true value of condition(); fails when none comes within the limit.

    what: a text, or a function that makes it when it is needed.
    """
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"waited {limit_s:g} s in vain: {text}")
        _never.wait(0.01)


class Interrupted(BaseException):
    """A signal asked the program to end. No Exception, so that no test takes it for a result."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class _Shield:
    """Holds a signal back between making a thing and remembering it, and while cleaning up."""

    def __init__(self):
        self.depth = 0
        self.pending = None

    def __enter__(self):
        self.depth += 1

    def __exit__(self, *_):
        self.depth -= 1
        if self.depth == 0 and self.pending is not None:
            number, self.pending = self.pending, None
            raise Interrupted(number)


shield = _Shield()  # used by the main thread, where Python runs signal handlers


def catch_signals():
    """The first SIGINT, SIGTERM or SIGHUP unwinds; later ones must not cut the clean-up short."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def on_signal(number, _frame):
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)
        if shield.depth:
            shield.pending = number
        else:
            raise Interrupted(number)

    for number in numbers:
        signal.signal(number, on_signal)
