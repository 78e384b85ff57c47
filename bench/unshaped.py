# SPDX-License-Identifier: GPL-3.0-or-later
"""Without a limit on the wire: how fast, and for how much processor time, against the best peer.

1000 MiB to four receivers in memory, offloads as the kernel sets them. Peers neither encrypt nor
verify. "Best" is the best of those that finished in the same run.
"""

from harness import Job, Row, at_least, at_most, reference
from peers import MULTICAST_PEERS, PEERS

RECEIVERS, MEBIBYTES, PROBE_MEBIBYTES = 4, 1000, 100
GOODPUT_FACTOR = 3.0


def job(context, peer):
    return Job(peer, RECEIVERS, link=None, mebibytes=MEBIBYTES, limit_s=90,
               rate=best_rate(context, peer))


def best_rate(context, peer):
    """What sends at a fixed rate gets the one at which a part of the image was fastest."""
    made = [context.transfer(Job(peer, RECEIVERS, link=None, mebibytes=PROBE_MEBIBYTES,
                                 limit_s=15, rate=rate))
            for rate in getattr(PEERS[peer], "RATES", ())]
    best = max(made, key=lambda each: each.goodput_bits_per_second, default=None)
    return best and best.job.rate


def rows(context):
    for peer in ("muster", *MULTICAST_PEERS, "nginx"):
        yield Row(f"unshaped/{peer}", lambda peer=peer: show(context, peer),
                  seconds=15 if peer in ("muster", "nginx") else 35)
    yield Row("unshaped/goodput over the best peer", lambda: goodput(context), seconds=0)
    yield Row("unshaped/CPU per GB over the best peer", lambda: processor(context), seconds=0)


def show(context, peer):
    made = context.transfer(job(context, peer))
    return reference(made.goodput_bits_per_second / 1e6, made.text(), transfer=made.as_dict())


def peers(context):
    made = [context.transfer(job(context, peer)) for peer in MULTICAST_PEERS]
    return [each for each in made if each.complete]


def goodput(context):
    ours, others = context.transfer(job(context, "muster")), peers(context)
    if not ours.complete or not others:
        return at_least(None, GOODPUT_FACTOR, ours.problem() or "no peer finished")
    best = max(others, key=lambda each: each.goodput_bits_per_second)
    ratio = ours.goodput_bits_per_second / best.goodput_bits_per_second
    return at_least(ratio, GOODPUT_FACTOR,
                    f"{ours.goodput_bits_per_second / 1e6:.0f} Mbit/s is {ratio:.2f} x "
                    f"{best.goodput_bits_per_second / 1e6:.0f} of {best.job.peer}",
                    transfer=ours.as_dict(), peer=best.as_dict())


def processor(context):
    ours, others = context.transfer(job(context, "muster")), peers(context)
    if not ours.complete or not others:
        return at_most(None, None, ours.problem() or "no peer finished")
    best = min(others, key=lambda each: each.cpu_seconds_per_gb)
    return at_most(ours.cpu_seconds_per_gb, best.cpu_seconds_per_gb,
                   f"{ours.cpu_seconds_per_gb:.2f} CPU s/GB, "
                   f"{best.job.peer} takes {best.cpu_seconds_per_gb:.2f}",
                   transfer=ours.as_dict(), peer=best.as_dict())
