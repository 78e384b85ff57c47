#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs lab tests: run.py [--bin FOLDER] [--list] [name...]; exits 1 when one failed.

Without a name all are run but those labelled `full`. A test module is a file *_test.py beside this
one; importing it registers its tests.
"""

import argparse
import glob
import importlib
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import cases  # noqa: E402
import rig  # noqa: E402


def load():
    for path in sorted(glob.glob(os.path.join(HERE, "*_test.py"))):
        importlib.import_module(os.path.basename(path)[:-3])
    return cases.REGISTRY


def run_one(case, programs):
    started = time.monotonic()
    try:
        case.run(programs)
        verdict = "PASS"
    except Exception:
        traceback.print_exc()
        verdict = "FAIL"
    print(f"{verdict} {case.name} {time.monotonic() - started:.1f} s", flush=True)
    return verdict == "PASS"


def main():
    parser = argparse.ArgumentParser(description="Lab tests: real programs in a virtual room.")
    parser.add_argument("--bin", default=os.path.join(HERE, "../../build/release/bin"),
                        help="folder of muster and muster-agent")
    parser.add_argument("--list", action="store_true",
                        help="print names, limits in seconds and labels")
    parser.add_argument("names", nargs="*", help="tests to run, all of `lab` when none is named")
    options = parser.parse_args()
    registry = load()
    if options.list:
        for case in registry.values():
            print(f"{case.name} {case.limit_s} {case.label}")
        return 0
    unknown = [name for name in options.names if name not in registry]
    if unknown:
        parser.error(f"no such test: {', '.join(unknown)} (--list shows all)")
    rig.catch_signals()
    programs = cases.Programs(options.bin)
    chosen = [registry[name] for name in options.names] or [
        case for case in registry.values() if case.label == "lab"]
    try:
        passed = sum([run_one(case, programs) for case in chosen])
    except rig.Interrupted as signal:
        print(f"interrupted by {signal}, the room is removed", file=sys.stderr)
        return signal.exit_code
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return 0 if passed == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
