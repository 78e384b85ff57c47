# SPDX-License-Identifier: GPL-3.0-or-later
"""A program running in a room: its output as it comes, its end as an event, its memory use."""

import json
import os
import re
import select
import signal
import subprocess
import threading
import time

from . import syscalls

PYTHON = "/usr/bin/python3"
HERE = os.path.dirname(os.path.abspath(__file__))
_forking = threading.Lock()


class RigError(AssertionError):
    """Something did not happen as the test said; carries the output that explains it."""


def spawn_in_new_pid_namespace(argv, **options):
    """The child is process 1 of a new process namespace; the caller stays where it is."""
    with _forking, open("/proc/thread-self/ns/pid", "rb") as home:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        try:
            return subprocess.Popen(argv, **options)
        finally:
            syscalls.setns(home.fileno(), syscalls.CLONE_NEWPID)


def _spawn_in_pid_namespace_of(holder, argv, **options):
    with _forking, open("/proc/thread-self/ns/pid", "rb") as home:
        syscalls.setns_path(f"/proc/{holder}/ns/pid", syscalls.CLONE_NEWPID)
        try:
            return subprocess.Popen(argv, **options)
        finally:
            syscalls.setns(home.fileno(), syscalls.CLONE_NEWPID)


class _Stream:
    """Collects one output of a process line by line and wakes whoever waits for a line."""

    def __init__(self, pipe, changed, echo):
        self.lines = []
        self.closed = pipe is None
        self._changed = changed
        self._echo = echo
        if pipe is not None:
            threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        with pipe:
            for raw in pipe:
                line = raw.decode("utf-8", "replace").rstrip("\r\n")
                with self._changed:
                    self.lines.append(line)
                    self._changed.notify_all()
                if self._echo:
                    self._echo(line)
        with self._changed:
            self.closed = True
            self._changed.notify_all()


class Process:
    """Made by Host.popen. Owned by the room, which kills it at the latest when it closes."""

    def __init__(self, order, argv, *, stdin=None, stdout=None, stderr=None, env=None, echo=None):
        """stdout and stderr None: collected here. echo: called with every collected line."""
        self.argv = [str(word) for word in argv]
        self.exit_code = None
        self.peak_memory_bytes = None
        self._changed = threading.Condition()
        self._popen = _spawn_in_pid_namespace_of(
            order["holder"],
            [PYTHON, "-S", "-s", "-E", os.path.join(HERE, "enter.py"), json.dumps(order),
             *self.argv],
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE if stderr is None else stderr,
            env=None if env is None else {**os.environ, **env},
            start_new_session=True)
        self.pid = self._popen.pid
        self._pidfd = os.pidfd_open(self.pid)
        self.started_at = time.monotonic()
        self.ended_at = None
        self._out = _Stream(self._popen.stdout, self._changed, echo)
        self._err = _Stream(self._popen.stderr, self._changed, echo)

    @property
    def stdin(self):
        return self._popen.stdin

    @property
    def out(self):
        return "\n".join(self._out.lines)

    @property
    def err(self):
        return "\n".join(self._err.lines)

    def memory_bytes(self, field):
        """One of the sizes in /proc/PID/status of a running process, such as VmHWM or RssAnon."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return int(re.search(rf"^{field}:\s+(\d+) kB$", file.read(), re.M)[1]) * 1024

    def running(self):
        return not self._reap_within(0)

    def wait(self, limit_s=60.0):
        """The exit code; minus the signal's number when a signal ended it."""
        if not self._reap_within(limit_s):
            raise RigError(f"still running after {limit_s:g} s: {self.describe()}")
        with self._changed:  # its children may hold the pipe open a moment longer
            self._changed.wait_for(lambda: self._out.closed and self._err.closed, 5)
        return self.exit_code

    def wait_for_exit(self, code=0, limit_s=60.0):
        found = self.wait(limit_s)
        if found != code:
            raise RigError(f"exit code {found}, expected {code}: {self.describe()}")
        return self

    def wait_for_line(self, pattern, limit_s=30.0):
        """The first match of the regular expression in a line of its output, past or to come."""
        expression = re.compile(pattern)

        def found():
            for line in self._out.lines + self._err.lines:
                match = expression.search(line)
                if match:
                    return match
            return None

        with self._changed:
            self._changed.wait_for(
                lambda: found() or (self._out.closed and self._err.closed), limit_s)
            match = found()
        if not match:
            raise RigError(f"no line like {pattern!r} within {limit_s:g} s: {self.describe()}")
        return match

    def json(self):
        """The last line of standard output that is a JSON object."""
        for line in reversed(self._out.lines):
            if line.startswith("{"):
                return json.loads(line)
        raise RigError(f"no JSON line: {self.describe()}")

    def signal(self, number):
        if self.running():
            signal.pidfd_send_signal(self._pidfd, number)

    def kill(self):
        """SIGKILL for it and its process group; returns when it is gone."""
        if self.running():
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._reap_within(30)

    def stop(self, limit_s=10.0):
        """SIGTERM, and SIGKILL when that is not obeyed; the exit code."""
        self.signal(signal.SIGTERM)
        if not self._reap_within(limit_s):
            self.kill()
        return self.exit_code

    def describe(self):
        self.running()  # to have heard of its end
        tail = "\n".join(f"    | {line}" for line in (self._out.lines + self._err.lines)[-25:])
        state = "running" if self.exit_code is None else f"exit code {self.exit_code}"
        return f"{' '.join(self.argv)} ({state})\n{tail}"

    def _reap_within(self, limit_s):
        if self.exit_code is not None:
            return True
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        if not poll.poll(limit_s * 1000):
            return False
        _, status, usage = os.wait4(self.pid, 0)
        self.ended_at = time.monotonic()
        self.peak_memory_bytes = usage.ru_maxrss * 1024
        self._popen.returncode = self.exit_code = os.waitstatus_to_exitcode(status)
        os.close(self._pidfd)
        return True
