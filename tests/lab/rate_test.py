# SPDX-License-Identifier: GPL-3.0-or-later
"""The adaptive rate: right or wrong, with wide limits. The figures are bench/rate.py's."""

from bottleneck import Bottleneck, beside_tcp, with_loss
from cases import check, lab_test

LINK = 100_000_000


@lab_test(120, label="full")
def adaptive_rate_shares_a_link_with_tcp_and_takes_it_back(programs):
    before, beside, tcp, after = beside_tcp(programs.muster, link=LINK)
    print(f"alone {before / 1e6:.1f}, beside TCP {beside / 1e6:.1f} and {tcp / 1e6:.1f}, "
          f"after it {after / 1e6:.1f} Mbit/s")
    check(before > 0.7 * LINK, "alone it does not fill the link")
    check(beside > 0.15 * LINK, "TCP has crowded it out")
    check(tcp > 0.15 * LINK, "it has crowded TCP out")
    check(after > 0.7 * before, "it does not come back after TCP")


@lab_test(90)
def adaptive_rate_is_not_slowed_by_loss_that_does_not_answer(programs):
    clean = with_loss(programs.muster, 0.0, link=LINK)
    lossy = with_loss(programs.muster, 0.05, link=LINK)
    print(f"{clean / 1e6:.1f} Mbit/s without loss, {lossy / 1e6:.1f} at 5 %")
    check(clean > 0.7 * LINK, "alone it does not fill the link")
    check(lossy > 0.8 * clean, "5 % of loss slow it down")


@lab_test(60)
def rate_is_a_cap_in_both_modes(programs):
    for mode in ("fixed", "adaptive"):
        options = ("--rate", "30M", "--rate-mode", mode)
        with Bottleneck(programs.muster, LINK, receivers=1, options=options) as room:
            rate = room.rate(2, 5)
            print(f"{mode}: {rate / 1e6:.1f} of 30 Mbit/s")
            check(0.8 * 30e6 < rate < 1.02 * 30e6, f"{mode}: {rate / 1e6:.1f} Mbit/s")
