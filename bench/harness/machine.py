# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine the figures belong to, and its processor time."""

import datetime
import os
import platform
import re
import threading

_VECTORS = ("avx2", "avx512f", "gfni", "vaes", "sha_ni")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _first(pattern, text):
    match = re.search(pattern, text, re.M)
    return match[1].strip() if match else "unknown"


def facts():
    cpu_info = _read("/proc/cpuinfo")
    flags = set(_first(r"^flags\s*:(.*)$", cpu_info).split())
    return {
        "cpu": _first(r"^model name\s*:(.*)$", cpu_info),
        "cores": os.cpu_count(),
        "vectors": [name for name in _VECTORS if name in flags],
        "memory_mib": int(_first(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"))) // 1024,
        "kernel": platform.release(),
        "system": _first(r'^PRETTY_NAME="(.*)"$', _read("/etc/os-release")),
        "tcp": _read("/proc/sys/net/ipv4/tcp_congestion_control").strip(),
        "largest_receive_buffer_bytes": int(_read("/proc/sys/net/core/rmem_max")),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
    }


def busy_seconds():
    """Processor time of the whole machine since it started: user, system and interrupts."""
    user, nice, system, _idle, _iowait, irq, soft_irq = map(
        int, _first(r"^cpu\s+(.*)$", _read("/proc/stat")).split()[:7])
    return (user + nice + system + irq + soft_irq) / _TICKS_PER_SECOND


def busy_share(seconds=1.0):
    """How busy all cores are now, 0 to 1: what others do falsifies every figure."""
    before = busy_seconds()
    threading.Event().wait(seconds)
    return (busy_seconds() - before) / seconds / os.cpu_count()


def thread_seconds(pid):
    """{thread number: (name, seconds)} of a running process."""
    found = {}
    try:
        numbers = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return found
    for number in numbers:
        stat = _read(f"/proc/{pid}/task/{number}/stat")
        name, _, rest = stat.partition("(")[2].rpartition(")")
        if rest:
            words = rest.split()
            found[int(number)] = (name, (int(words[11]) + int(words[12])) / _TICKS_PER_SECOND)
    return found
