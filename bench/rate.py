# SPDX-License-Identifier: GPL-3.0-or-later
"""The adaptive rate: beside TCP, after it, with loss that does not answer to the rate, and where
the receivers are the limit."""

import os

from bottleneck import Meter, beside_tcp, with_loss
from harness import Row, at_least, at_most, reference
from harness.transfer import Stage
from peers import muster
from rig import Room

LINK = 100_000_000
UNSHAPED_MEBIBYTES, RECEIVERS = 1000, 4


def rows(context):
    made = {}

    def competition(control):
        if control not in made:
            made[control] = beside_tcp(context.muster, control, link=LINK, folder=context.folder)
        return made[control]

    yield Row("rate/beside TCP (CUBIC): share of the smaller",
              lambda: share(competition("cubic")), seconds=52, quick=True)
    yield Row("rate/5 s after TCP, against before",
              lambda: recovery(made.pop("cubic", None) or competition("cubic")), seconds=1)
    yield Row("rate/beside TCP (BBR): share of the session",
              lambda: beside_bbr(competition("bbr")), seconds=52)
    yield Row("rate/5 % random loss, against none", lambda: loss(context), seconds=36)
    yield Row("rate/receivers as the limit: against the best fixed rate",
              lambda: at_their_limit(context), seconds=50)
    yield Row("rate/receivers as the limit: their own drops", lambda: own_drops(context), seconds=1)


def in_words(rates):
    return "alone {:.0f}, beside TCP {:.0f} and {:.0f}, after it {:.0f} Mbit/s".format(
        *(rate / 1e6 for rate in rates))


def share(rates):
    _, session, tcp, _ = rates
    return at_least(min(session, tcp) / LINK, 0.30, in_words(rates))


def recovery(rates):
    before, _, _, after = rates
    return at_least(after / before, 0.90, in_words(rates))


def beside_bbr(rates):
    return reference(rates[1] / LINK, in_words(rates))


def loss(context):
    clean = with_loss(context.muster, 0.0, link=LINK, folder=context.folder)
    lossy = with_loss(context.muster, 0.05, link=LINK, folder=context.folder)
    return at_least(lossy / clean, 0.95,
                    f"{clean / 1e6:.1f} Mbit/s without loss, {lossy / 1e6:.1f} at 5 %")


# ---- receivers as the limit: nothing else is, without a limit on the wire ----

def unshaped(context, rate):
    """(bit/s on the wire once a third is sent, share of datagrams dropped by a receiver itself)"""
    image, _ = context.image(UNSHAPED_MEBIBYTES)
    image_bytes = os.path.getsize(image)
    with Room(offload=True, folder=context.folder) as room:
        server = room.host("server")
        hosts = [room.host(f"PC-{number:02}") for number in range(1, RECEIVERS + 1)]
        outputs = [os.path.join(room.tmp, f"{host.name}.out") for host in hosts]
        stage = Stage(room, server, hosts, image, outputs, rate, context.programs)
        sender = muster.start_sender(stage, RECEIVERS)
        receivers = [host.popen(muster.receiver_argv(stage, output))
                     for host, output in zip(hosts, outputs)]
        with Meter(server.tx_bytes) as meter:
            for receiver in receivers:
                receiver.wait_for_exit(0, 60)
        sender.wait_for_exit(0, 20)
        figures = [receiver.json() for receiver in receivers]
    inside = [sample for sample in meter.samples
              if image_bytes / 3 < sample[1] < 0.95 * image_bytes]
    (begin, first), (end, last) = inside[0], inside[-1]
    dropped = max(each["local_drops"] / each["received"] for each in figures)
    return 8 * (last - first) / (end - begin), dropped


def at_their_limit(context):
    fixed = {rate: context.once(("limit", rate), lambda rate=rate: unshaped(context, rate)[0])
             for rate in muster.RATES}
    best = max(fixed, key=fixed.get)
    settled, _ = context.once(("limit", None), lambda: unshaped(context, None))
    return at_least(settled / fixed[best], 0.9,
                    f"{settled / 1e6:.0f} Mbit/s, {fixed[best] / 1e6:.0f} with --rate "
                    f"{best // 1_000_000}M")


def own_drops(context):
    _, dropped = context.once(("limit", None), lambda: unshaped(context, None))
    return at_most(dropped, 0.01, f"{dropped:.2%} of the datagrams of the worst")
