#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench's own rules: what is chosen, what is repeated, what a report keeps."""

import contextlib
import io
import unittest

import transport
from harness import Job, Row, at_least, at_most, reference, report
from harness.transfer import Transfer


class FakeContext:
    def __init__(self):
        self.forgotten = 0

    def forget(self):
        self.forgotten += 1


def run(context, rows):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        done = []
        transport.run(context, rows, done)
    return done


def row_of(name, *findings):
    left = list(findings)
    return Row(name, lambda: left.pop(0))


class Rows(unittest.TestCase):
    def test_a_missed_row_is_measured_once_more_with_nothing_remembered(self):
        context = FakeContext()
        made = run(context, [row_of("part/a", at_most(3, 2, "3 s"), at_most(1, 2, "1 s"))])
        self.assertEqual([(1, True, True)], [(r["value"], r["ok"], r["repeated"]) for r in made])
        self.assertEqual(1, context.forgotten)

    def test_a_row_that_misses_twice_has_missed(self):
        made = run(FakeContext(), [row_of("part/a", *[at_least(1, 2, "1 x")] * 2)])
        self.assertIs(made[0]["ok"], False)

    def test_a_met_row_and_a_reference_are_measured_once(self):
        context = FakeContext()
        made = run(context, [row_of("a", at_least(2, 2, "2 x")), row_of("b", reference(1, "1"))])
        self.assertEqual([True, None], [r["ok"] for r in made])
        self.assertEqual(0, context.forgotten)

    def test_a_row_that_cannot_be_measured_has_missed_and_the_others_go_on(self):
        def broken():
            raise OSError("no such program")

        made = run(FakeContext(), [Row("a", broken), row_of("b", at_most(1, 1, "1"))])
        self.assertEqual([False, True], [r["ok"] for r in made])
        self.assertIn("no such program", made[0]["text"])

    def test_no_figure_never_meets_a_bar(self):
        self.assertIs(at_most(None, 1, "stalls").ok, False)
        self.assertIs(at_least(None, 1, "stalls").ok, False)

    def test_rows_are_chosen_by_part_of_a_name_or_by_pattern(self):
        rows = [row_of(name) for name in ("wire/8, 1%", "wall/8, 1%", "wall/8, 5%")]

        def names(*only):
            return [row.name for row in transport.chosen(rows, only, False)]

        self.assertEqual(["wall/8, 1%", "wall/8, 5%"], names("wall"))
        self.assertEqual(["wall/8, 5%"], names("wall/*5"))
        self.assertEqual(3, len(names()))


class Reports(unittest.TestCase):
    def test_rows_of_an_earlier_run_stay_unless_measured_again(self):
        earlier = [{"name": "a", "value": 1}, {"name": "c", "value": 1}, {"name": "gone"}]
        merged = report.merge(earlier, [{"name": "c", "value": 2}, {"name": "b", "value": 2}],
                              ["a", "b", "c"])
        self.assertEqual([("a", 1), ("b", 2), ("c", 2)], [(r["name"], r["value"]) for r in merged])

    def test_a_peer_that_stalls_is_said_to_stall(self):
        def row(peer, **fields):
            made = Transfer(Job(peer, 16, 0.05), 100, **fields).as_dict()
            return {"name": f"compared/{peer}", "transfer": made}

        text = report.peer_table([row("fast", wire_bytes=112, wall_seconds=2.0, data_seconds=1.0,
                                      exact=16), row("slow", wire_bytes=300)])
        self.assertIn("| receivers, loss | fast | slow |", text)
        self.assertIn("| 16, 5% | 1.120 x, 0 | stalls |", text)


if __name__ == "__main__":
    unittest.main()
