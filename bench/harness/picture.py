# SPDX-License-Identifier: GPL-3.0-or-later
"""Time and egress of every transport, over loss and over receivers, from the rows `compared`."""

import sys

HEADERS = 1.0554  # Muster's bytes on the wire per byte of image when nothing is lost
COLOURS = {"muster": "#0b6e4f", "udpcast": "#c8553d", "uftp": "#3d6fb4", "norm": "#8d6bb8",
           "nginx": "#8a8a8a"}
MARKERS = {"muster": "o", "udpcast": "s", "uftp": "^", "norm": "D", "nginx": "v"}


def _points(rows):
    """{(peer, receivers, loss): transfer}"""
    found = {}
    for row in rows:
        if row["name"].startswith("compared/") and "transfer" in row:
            job = row["transfer"]["job"]
            found[job["peer"], job["receivers"], job["loss"]] = row["transfer"]
    return found


def _value(transfer, what):
    if not transfer["complete"]:
        return None
    return transfer["wall_seconds"] if what == "time" else transfer["wire_ratio"]


def _curve(axes, points, peer, keys, x_of, what, style, label):
    """A line through what finished, and a cross at the top above what did not."""
    known = [(x_of(key), points[(peer, *key)]) for key in keys if (peer, *key) in points]
    if not known:
        return
    curve = [(x, _value(transfer, what)) for x, transfer in known]
    axes.plot([x for x, y in curve if y is not None], [y for _, y in curve if y is not None],
              style, color=COLOURS[peer], marker=MARKERS[peer], markersize=5,
              linewidth=2.2 if peer == "muster" else 1.3, label=label,
              zorder=3 if peer == "muster" else 2)
    for x in (x for x, y in curve if y is None):
        axes.plot([x], [0.96], marker="x", markersize=8, markeredgewidth=2, color=COLOURS[peer],
                  transform=axes.get_xaxis_transform(), clip_on=False)


def _over_loss(axes, points, what):
    losses = sorted({loss for _, _, loss in points})
    for peer in COLOURS:
        if peer == "nginx":  # it costs N times the image: the lower panels show it
            continue
        for receivers, style in ((4, "-"), (16, "--")):
            _curve(axes, points, peer, [(receivers, loss) for loss in losses],
                   lambda key: key[1] * 100, what, style,
                   f"{peer}, {receivers} receivers")
    axes.set_xlabel("loss at every receiver, %")
    axes.set_xticks([loss * 100 for loss in losses])


def _over_receivers(axes, points, what):
    counts = sorted({receivers for _, receivers, loss in points if loss == 0.01})
    for peer in COLOURS:
        _curve(axes, points, peer, [(receivers, 0.01) for receivers in counts],
               lambda key: key[0], what, "-", peer)
    axes.set_xlabel("receivers, at 1 % loss")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xticks(counts, [str(count) for count in counts])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")


def draw(rows, path):
    """Whether there was something to draw, and something to draw with."""
    points = _points(rows)
    if not points:
        return False
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no picture: python3-matplotlib is not installed", file=sys.stderr)
        return False
    figure, axes = pyplot.subplots(2, 2, figsize=(12, 9), constrained_layout=True)
    figure.suptitle("100 MiB of random data on a link of 200 Mbit/s; a cross: did not finish",
                    fontsize=13)
    for column, (what, label) in enumerate((("time", "seconds from start to end"),
                                            ("egress", "bytes on the wire / image"))):
        _over_loss(axes[0][column], points, what)
        _over_receivers(axes[1][column], points, what)
        for row in (0, 1):
            axes[row][column].set_ylabel(label)
            axes[row][column].grid(alpha=0.3)
    axes[0][0].set_ylim(bottom=0)
    least = [loss / 1000 for loss in range(0, 51)]
    axes[0][1].plot([loss * 100 for loss in least], [HEADERS / (1 - loss) for loss in least],
                    ":", color="black", label="least possible with our headers")
    axes[0][1].legend(fontsize=8, handlelength=4)
    axes[1][0].legend(fontsize=9)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return True
