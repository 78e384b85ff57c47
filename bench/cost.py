# SPDX-License-Identifier: GPL-3.0-or-later
"""What a GB costs stage by stage, and which thread or what else is the limit without a link's.

The stages come from bench/programs/cost.cc, our libraries alone; the threads from the real programs
of the unshaped transfer, whose names /proc shows.
"""

import json
import os

from harness import Row, at_least, reference
from rig import Room

import unshaped

STAGES = ("send", "receive", "AEAD seal", "AEAD open", "FEC encode, 1 % loss",
          "FEC decode, 1 % loss", "FEC encode, 5 % loss", "FEC decode, 5 % loss", "hash", "write")
FULL = 0.9  # of a thread's or of all cores' time


def rows(context):
    for stage in STAGES:
        yield Row(f"cost/{stage}", lambda stage=stage: show_stage(context, stage),
                  seconds=12 if stage == STAGES[0] else 0)
    yield Row("cost/FEC kernel: GFNI against ISA-L", lambda: kernels(context), seconds=0)
    yield Row("cost/threads", lambda: show_threads(context), seconds=0)
    yield Row("cost/bottleneck", lambda: show_bottleneck(context), seconds=0)


def show_stage(context, stage):
    taken = context.once("cost", lambda: measure_stages(context))
    return reference(taken[stage], f"{taken[stage]:.3f} CPU s/GB")


def kernels(context):
    """A kernel of our own is worth having from half as fast again on."""
    taken = context.once("cost", lambda: measure_stages(context))
    isal, gfni = taken["FEC kernel, ISA-L"], taken.get("FEC kernel, GFNI")
    if gfni is None:
        return reference(None, "this processor has no GFNI: ISA-L is used")
    return at_least(isal / gfni, 1.5, f"{isal / gfni:.2f} x: {gfni:.3f} CPU s/GB, {isal:.3f}")


def measure_stages(context):
    program = os.path.join(context.programs, "muster_bench_cost")
    with Room(offload=True, folder=context.folder) as room:
        server, host = room.host("server"), room.host("PC-01")
        receiver = host.popen([program, "receive", "eth0"])
        receiver.wait_for_line("listening")
        sender = server.run([program, "send", "eth0"], limit_s=90)
        receiver.wait_for_exit(0, 60)
        compute = room.popen([program, "compute", room.tmp]).wait_for_exit(0, 90)
    lines = "\n".join((sender.out, receiver.out, compute.out)).splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return {each["stage"]: each["cpu_seconds_per_gb"] for each in found}


def shares(made):
    """(busiest thread, its share of a core; name and seconds of all threads, most first)."""
    threads = sorted(made.threads.items(), key=lambda item: -item[1]["seconds"])
    busiest = max(threads, key=lambda item: item[1]["busiest"])
    return busiest[0], busiest[1]["busiest"] / made.wall_seconds, threads


def show_threads(context):
    made = context.transfer(unshaped.job(context, "muster"))
    if not made.complete:
        return reference(None, made.problem())
    delivered_gb = made.image_bytes * made.job.receivers / 1e9
    _, _, threads = shares(made)
    text = ", ".join(f"{name} {each['seconds'] / delivered_gb:.2f}" for name, each in threads[:5])
    return reference(None, f"CPU s/GB delivered: {text}", threads=made.threads)


def show_bottleneck(context):
    made = context.transfer(unshaped.job(context, "muster"))
    if not made.complete:
        return reference(None, made.problem())
    name, share, threads = shares(made)
    cores = made.cpu_seconds / made.wall_seconds / os.cpu_count()
    if cores >= FULL:
        first, most = threads[0]
        text = f"the cores, {cores:.0%} busy; most of it {first}, " \
               f"{most['seconds'] / made.cpu_seconds:.0%}"
    elif share >= FULL:
        text = f"the thread {name}, {share:.0%} of a core; the machine is {cores:.0%} busy"
    else:
        text = f"no processor: {cores:.0%} busy, the busiest thread {name} {share:.0%}"
    return reference(share, text, machine_busy=cores)
