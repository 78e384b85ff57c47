#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The transport against its bars and its peers, in one run: ./dev bench transport.

Each part of the bench (PARTS) is a module beside this one that yields rows; harness/ says how. A
row that misses its bar is repeated once. The report is JSON, Markdown and a picture.
"""

import argparse
import contextlib
import fnmatch
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(ROOT, "tests/lab")]
sys.dont_write_bytecode = True

from harness import Context, Finding, machine, picture, report  # noqa: E402
from rig import Interrupted, catch_signals  # noqa: E402

PARTS = ("wire", "wall", "unshaped", "cost", "compared", "late", "rate", "slow")
IDLE = 0.10  # of all cores


def parts(names):
    """Those that are there."""
    return [importlib.import_module(name) for name in names
            if os.path.exists(os.path.join(HERE, f"{name}.py"))]


def chosen(rows, only, quick):
    """Rows whose name contains one of the texts of --only, in which * stands for anything."""
    for row in rows:
        if quick and not row.quick:
            continue
        if not only or any(fnmatch.fnmatch(row.name, f"*{text}*") for text in only):
            yield row


def measured(row):
    """A row that cannot be measured has missed; the run goes on."""
    try:
        return row.measure()
    except Exception as error:
        traceback.print_exc()
        return Finding(None, None, False, "not measured: " + str(error).partition("\n")[0])


def run(context, rows, done, tries=2):
    """Appends to done, so that what was measured outlives an interruption."""
    for row in rows:
        row.finding = measured(row)
        repeated = row.finding.ok is False and tries > 1
        if repeated:
            print(report.line(report.as_dict(row)) + ", once more", flush=True)
            context.forget()
            row.finding = measured(row)
        done.append(report.as_dict(row, repeated))
        print(report.line(done[-1]), flush=True)


def warn_when_busy():
    """The share, for the report."""
    share = machine.busy_share()
    if share > IDLE:
        print(f"warning: the machine is {share:.0%} busy with something else, which falsifies "
              f"every figure", file=sys.stderr)
    return share


def list_rows(rows):
    for row in rows:
        print(f"{row.name:<60} about {row.seconds:3.0f} s{'  quick' if row.quick else ''}")
    print(f"{len(rows)} rows, about {sum(row.seconds for row in rows) / 60:.0f} minutes")


def write_report(options, made, order, busy=None):
    earlier = report.read(options.json)
    facts = earlier["machine"] if options.draw else {**machine.facts(), "busy_before": busy}
    kept = earlier["rows"] if options.keep or options.draw else []
    whole = {"machine": facts, "rows": report.merge(kept, made, order)}
    report.write(options.json, whole)
    stem = os.path.splitext(options.json)[0]
    with open(stem + ".md", "w", encoding="utf-8") as file:
        file.write(report.markdown(whole))
    written = [options.json, stem + ".md"]
    if picture.draw(whole["rows"], stem + ".png"):
        written.append(stem + ".png")
    if options.publish:
        written += report.publish(whole, stem + ".png", os.path.join(ROOT, "docs"))
    print("written: " + ", ".join(os.path.relpath(path) for path in written))


def arguments(name, words):
    parser = argparse.ArgumentParser(description=words)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"),
                        help="folder of our programs")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bar is missed")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help="rows whose name contains NAME, * for anything: wall/8*5%%; repeats")
    parser.add_argument("--quick", action="store_true", help="a few rows, about a minute")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    parser.add_argument("--once", action="store_true", help="do not repeat a missed row")
    parser.add_argument("--keep", action="store_true",
                        help="keep the rows of the report that this run does not measure")
    parser.add_argument("--draw", action="store_true",
                        help="measure nothing: tables and picture anew from the report")
    parser.add_argument("--publish", action="store_true",
                        help="also put the tables and the picture into docs/performance.md")
    parser.add_argument("--json", default=os.path.join(ROOT, f"build/bench/{name}.json"))
    return parser.parse_args()


def main(names=PARTS, report_name="transport", words="Multicast transports side by side."):
    options = arguments(report_name, words)
    catch_signals()
    started_at = time.monotonic()
    with contextlib.ExitStack() as stack:
        context = Context(options.bin)
        every = [row for part in parts(names) for row in part.rows(context)]
        rows = list(chosen(every, options.only, options.quick))
        if not rows:
            print("no such row (--list shows all)", file=sys.stderr)
            return 2
        if options.list:
            list_rows(rows)
            return 0
        if options.draw:
            write_report(options, [], [row.name for row in every])
            return 0
        made, busy, exit_code = [], None, None
        try:
            stack.enter_context(context)
            busy = warn_when_busy()
            run(context, rows, made, 1 if options.once else 2)
        except Interrupted as signal:
            exit_code = signal.exit_code
    write_report(options, made, [row.name for row in every], busy)
    missed = [row["name"] for row in made if row["ok"] is False]
    for name in missed:
        print(f"MISSED {name}")
    print(f"{len(made)} rows in {time.monotonic() - started_at:.0f} s, {len(missed)} missed")
    return exit_code or (1 if missed and options.check else 0)


if __name__ == "__main__":
    sys.exit(main())
