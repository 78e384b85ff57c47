# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a run as lines, as JSON, and as Markdown tables."""

import json
import os
import shutil

BEGIN, END = "<!-- bench transport: begin -->\n", "<!-- bench transport: end -->\n"
PARTS = {
    "wire": "Bytes: what leaves the server per byte of image",
    "wall": "Time: from the start of the last program to the end of all",
    "unshaped": "No limit on the wire: 1000 MiB to four receivers",
    "cost": "What a GB costs",
    "compared": "Side by side: 100 MiB on 200 Mbit/s",
    "late": "A receiver that comes late: 400 MiB on 300 Mbit/s, two others from the start",
    "rate": "Rate",
    "slow": "Nobody slows the room",
    "site": "The site: 10,000 devices, 500 collections, 200 deployments; 1,000 agents",
}


def verdict(row):
    return {True: "ok", False: "MISSED", None: "-"}[row["ok"]]


def line(row):
    again = " (second try)" if row.get("repeated") else ""
    return f"{verdict(row):<7} {row['name']:<52} {row['text']}{again}"


def as_dict(row, repeated=False):
    finding = row.finding
    return {"name": row.name, "value": finding.value, "limit": finding.limit, "ok": finding.ok,
            "text": finding.text, "repeated": repeated, **finding.data}


def read(path):
    """The report of an earlier run, or an empty one."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"machine": {}, "rows": []}


def write(path, report):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2)
        file.write("\n")


def merge(earlier, rows, order):
    """Rows of this run and what it did not measure of an earlier one, in the bench's order."""
    new = {row["name"]: row for row in [*earlier, *rows]}
    return [new[name] for name in order if name in new]


def machine_line(machine):
    return f"{machine['cpu']}, {machine['cores']} cores, {', '.join(machine['vectors'])}, " \
           f"{machine['memory_mib'] // 1024} GiB, {machine['system']}, kernel " \
           f"{machine['kernel']}, TCP {machine['tcp']}, {machine['date']}"


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def peer_table(rows):
    """One row per point, one column per transport: wire / image and goodput."""
    points, peers, cells = [], [], {}
    for row in rows:
        job = row["transfer"]["job"]
        point, peer = (job["receivers"], job["loss"]), job["peer"]
        points += [point] if point not in points else []
        peers += [peer] if peer not in peers else []
        made = row["transfer"]
        cells[point, peer] = f"{made['wire_ratio']:.3f} x, " \
                             f"{made['goodput_mbit_per_second']:.0f}" if made["complete"] else \
            "stalls" if made["wall_seconds"] is None else "wrong"
    head = ["receivers, loss", *peers]
    return _table(head, [[f"{receivers}, {loss:.0%}",
                          *(cells.get(((receivers, loss), peer), "") for peer in peers)]
                         for receivers, loss in sorted(points)])


def markdown(report):
    """All rows, a table per part; the part `compared` as transports beside each other."""
    text = f"Machine: {machine_line(report['machine'])}. Everything runs on it.\n"
    parts = {}
    for row in report["rows"]:
        parts.setdefault(row["name"].split("/", 1)[0], []).append(row)
    for part, rows in parts.items():
        text += f"\n### {PARTS.get(part, part)}\n\n"
        if part == "compared":
            text += peer_table(rows)
            continue
        text += _table(["", "measured", "bar"], [
            [row["name"].split("/", 1)[1], row["text"], verdict(row)] for row in rows])
    return text


def publish(report, picture, folder):
    """Replaces what stands between the marks of performance.md; the files it wrote."""
    page, copy = (os.path.join(folder, name) for name in ("performance.md", "transport.png"))
    with open(page, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    tables = markdown(report)
    written = [page]
    if os.path.exists(picture):
        shutil.copyfile(picture, copy)
        written.append(copy)
        tables += "\n![Time and bytes over loss and receivers](transport.png)\n"
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + tables + END + rest.split(END)[1])
    return written
