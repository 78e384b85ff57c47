# SPDX-License-Identifier: GPL-3.0-or-later
"""How each transport is told to do the same job, with the settings that serve it best.

A peer has a name, a note for the report, `unicast` (then loss is on every packet, not only on
multicast), start(stage) -> Running, and RATES to choose from when it knows only fixed ones.
Another transport is another file here and its line below.
"""

from . import muster, nginx, norm, udpcast, uftp

PEERS = {peer.name: peer for peer in (muster, udpcast, uftp, norm, nginx)}
MULTICAST_PEERS = ("udpcast", "uftp", "norm")
