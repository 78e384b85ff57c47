# SPDX-License-Identifier: GPL-3.0-or-later
"""The adaptive rate: beside TCP, after it, and with loss that does not answer to the rate."""

from bottleneck import beside_tcp, with_loss
from harness import Row, at_least, reference

LINK = 100_000_000


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
