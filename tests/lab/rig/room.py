# SPDX-License-Identifier: GPL-3.0-or-later
"""A switch and the hosts on it, in namespaces that nobody else sees.

The switch is a bridge in the room's own network namespace. Every host is a network namespace with
one interface, eth0, 10.77.0.1 for the first host and so on. What falsifies figures is off:

- Segmentation offload carries one packet of up to 64 KiB over the whole room, so that one drop
  takes 44 datagrams and counters miss the headers: off, unless the room says offload=True.
- A tbf on the server's interface is a slow network card, which pushes back; on a port of the
  switch it is a slow link, which drops. Host.rate is the port, Room.link_rate the server's card.
"""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading

from . import keeper, syscalls
from .disk import LoopDisk
from .process import HERE, PYTHON, Process, RigError, spawn_in_new_pid_namespace
from .waiting import shield

MULTICAST = "224.0.0.0/4"


@dataclasses.dataclass
class View:
    """All a process may write: a new tmpfs. Block devices stay usable, they are no files."""
    path: str = "/run/muster"
    size_bytes: int = 64 << 20


def bits_per_second(rate):
    """200_000_000, "200mbit", "200M", "1gbit"."""
    if isinstance(rate, (int, float)):
        return int(rate)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)(?:bit)?", rate.lower())
    if not match:
        raise ValueError(f"rate {rate!r}: write it as 200mbit")
    return int(float(match[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[match[2]])


def _tbf(device, rate):
    """A token bucket like a port of a switch: 1 ms of burst, 256 KiB of queue."""
    rate_bps = bits_per_second(rate)
    burst_bytes = max(16 << 10, rate_bps // 8 // 1000)
    return f"tc qdisc replace dev {device} root tbf rate {rate_bps}bit " \
           f"burst {burst_bytes} limit {256 << 10}\n"


class Room:
    """Owns the namespaces, the processes, the disks and a temporary folder `tmp`."""

    def __init__(self, link_rate=None, offload=False, snooping=False, folder=None):
        """link_rate: of the host named server. folder: where `tmp` is made (default $TMPDIR)."""
        self._link_rate = link_rate
        self._offload = offload
        self._snooping = snooping
        self._folder = folder
        self._stack = contextlib.ExitStack()
        self._processes = []
        self.hosts = {}
        self.tmp = None
        self._disks = None
        self._holder = None

    def __enter__(self):
        try:
            self._open()
        except BaseException:
            with shield:
                self._stack.close()
            raise
        return self

    def __exit__(self, *_):
        with shield:
            self._stack.close()

    def _open(self):
        if os.geteuid() != 0:
            raise RigError("the lab makes network namespaces: run it as root")
        with shield:
            self.tmp = tempfile.mkdtemp(prefix=keeper.PREFIX + "lab-", dir=self._folder)
            keeper.keep_folder(self.tmp)
            self._stack.callback(self._remove_tmp)
            # Disks are detached after the last process of the room has ended, daemons included.
            self._disks = self._stack.enter_context(contextlib.ExitStack())
            self._holder = spawn_in_new_pid_namespace(
                [PYTHON, "-S", "-s", "-E", os.path.join(HERE, "holder.py")],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
            self._stack.callback(self._close_holder)
            self._stack.callback(self._kill_processes)
        if self._holder.stdout.readline() != b"ready\n":
            raise RigError("no namespaces: see the message above; run the lab as root")
        snooping = "mcast_snooping 1 mcast_querier 1" if self._snooping else "mcast_snooping 0"
        self.shell(f"ip link set lo up\n"
                   f"ip link add br0 type bridge {snooping}\n"
                   f"ip link set br0 addrgenmode none\n"
                   f"ip link set br0 up\n")

    def _remove_tmp(self):
        shutil.rmtree(self.tmp, ignore_errors=True)
        keeper.drop_folder(self.tmp)

    def _close_holder(self):
        self._holder.stdin.close()
        self._holder.wait(30)
        self._holder.stdout.close()

    def _kill_processes(self):
        for process in self._processes:
            process.kill()

    def popen(self, argv, *, net=None, view=None, cwd=None, **options):
        """Starts a program in the room; Host.popen is the usual way."""
        order = {"holder": self._holder.pid, "net": net, "cwd": cwd or os.getcwd(),
                 "view": view and {"path": view.path, "bytes": view.size_bytes}}
        with shield:
            process = Process(order, argv, **options)
            self._processes.append(process)
        return process

    def shell(self, script, net=None):
        """A few lines for sh -eu; its output. Fails with the script's own message."""
        process = self.popen(["/bin/sh", "-euc", script], net=net, cwd="/")
        process.wait_for_exit(0)
        self._processes.remove(process)
        return process.out

    def host(self, name, *, loss=0.0, rate=None):
        """A computer on the switch; rate shapes its port of the switch (what it receives)."""
        host = Host(self, name, len(self.hosts) + 1)
        self.hosts[name] = host
        host.open(self._offload)
        self._stack.callback(host.close)
        if name == "server" and self._link_rate:
            self.shell(_tbf("eth0", self._link_rate), net=name)
        if rate:
            self.shell(_tbf(host.port, rate))
        if loss:
            host.loss(loss)
        return host

    def disk(self, size_bytes, sector_bytes=512):
        """A LoopDisk that the room detaches after it has ended the processes that use it."""
        with shield:
            return self._disks.enter_context(LoopDisk(size_bytes, self.tmp, sector_bytes))

    def tmpfs(self, name, size_bytes):
        """A small file system, for full disks: its path in the room, and its path from outside."""
        inside = os.path.join(self.tmp, name)
        os.mkdir(inside)
        self.shell(f"mount -t tmpfs -o size={size_bytes} muster-small {inside}")
        return inside, f"/proc/{self._holder.pid}/root{inside}"

    def holder_pid(self):
        """The process that holds the room; /proc/PID/root shows the room's mounts."""
        return self._holder.pid

    def enter_net(self, name):
        """Moves the calling thread into a host's network; for Host.inside only."""
        syscalls.setns_path(f"/proc/{self._holder.pid}/root/run/netns/{name}",
                            syscalls.CLONE_NEWNET)


class Host:
    """One computer. Made by Room.host."""

    def __init__(self, room, name, number):
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", name):
            raise ValueError(f"host name {name!r}")
        self.room = room
        self.name = name
        self.interface = "eth0"
        self.address = f"10.77.0.{number}"
        self.mac = f"02:00:0a:4d:00:{number:02x}"
        self.port = f"p{number}"
        self._counters = None

    def open(self, offload):
        script = f"""
            ip netns add {self.name}
            ip link add {self.port} type veth peer name eth0 address {self.mac} netns {self.name}
            ip link set {self.port} addrgenmode none
            ip link set {self.port} master br0 up
            ip -n {self.name} link set eth0 addrgenmode none
            ip -n {self.name} link set lo up
            """
        if not offload:
            for where in (f"ip netns exec {self.name} ethtool -K eth0", f"ethtool -K {self.port}"):
                script += f"{where} tx-udp-segmentation off tso off\n"
        self.room.shell(script)
        self.interface_up(True)
        self._counters = self.inside(lambda: os.open("/proc/thread-self/net/dev", os.O_RDONLY))

    def close(self):
        if self._counters is not None:
            os.close(self._counters)
            self._counters = None

    def popen(self, argv, **options):
        """Starts a program here. Options: view (View), cwd, env, stdin, stdout, stderr, echo."""
        return self.room.popen(argv, net=self.name, **options)

    def run(self, argv, *, code=0, limit_s=60.0, **options):
        """Runs a program to its end and checks its exit code."""
        return self.popen(argv, **options).wait_for_exit(code, limit_s)

    def inside(self, work):
        """Calls work() in a thread in this host's network; sockets made there stay there."""
        result = []

        def body():
            try:
                self.room.enter_net(self.name)
                result.append((work(), None))
            except BaseException as error:  # handed to the caller
                result.append((None, error))

        thread = threading.Thread(target=body)
        thread.start()
        thread.join()
        value, error = result[0]
        if error:
            raise error
        return value

    def loss(self, probability, everything=False):
        """Drops what arrives here: multicast UDP, or with everything=True any IPv4 packet."""
        what = "meta protocol ip" if everything else f"ip daddr {MULTICAST} ip protocol udp"
        millionths = round(probability * 1e6)
        chance = f"numgen random mod 1000000 < {millionths}" if millionths < 1000000 else ""
        rule = f"{what} {chance} counter drop" if millionths else ""
        self.room.shell(f"""nft -f - <<'END'
table netdev lab
delete table netdev lab
table netdev lab {{
    chain arriving {{
        type filter hook ingress device "eth0" priority 0; policy accept;
        {what} counter
        {rule}
    }}
}}
END
""", net=self.name)

    def block_igmp(self, block=True):
        """The switch takes no IGMP from this port."""
        rule = f'iifname "{self.port}" meta protocol ip ip protocol igmp drop' if block else ""
        self.room.shell(f"""nft -f - <<'END'
table bridge igmp_{self.port}
delete table bridge igmp_{self.port}
table bridge igmp_{self.port} {{
    chain arriving {{
        type filter hook prerouting priority -300; policy accept;
        {rule}
    }}
}}
END
""")

    def firewall(self, block=True):
        """A firewall on this computer: multicast reaches it and no program on it."""
        rule = f"ip daddr {MULTICAST} ip protocol udp drop" if block else ""
        self.room.shell(f"""nft -f - <<'END'
table ip firewall
delete table ip firewall
table ip firewall {{
    chain arriving {{
        type filter hook input priority 0; policy accept;
        {rule}
    }}
}}
END
""", net=self.name)

    def forget_groups(self):
        """The switch forgets which groups this port wants; how many it knew."""
        known = [entry["grp"] for part in json.loads(self.room.shell("bridge -j mdb show dev br0"))
                 for entry in part.get("mdb", []) if entry.get("port") == self.port]
        for group in known:
            self.room.shell(f"bridge mdb del dev br0 port {self.port} grp {group}")
        return len(known)

    def loss_counters(self):
        """(datagrams the rule looked at, datagrams it dropped) since loss() was called."""
        found = json.loads(self.room.shell("nft -j list table netdev lab", net=self.name))
        counters = [part["counter"]["packets"]
                    for entry in found["nftables"] for part in entry.get("rule", {}).get("expr", [])
                    if "counter" in part]
        return counters[0], counters[1] if len(counters) > 1 else 0

    def tx_bytes(self):
        """Bytes sent by eth0, Ethernet headers included."""
        return self._counter(8)

    def rx_bytes(self):
        return self._counter(0)

    def _counter(self, column):
        text = os.pread(self._counters, 65536, 0).decode()
        for line in text.splitlines():
            name, _, values = line.partition(":")
            if name.strip() == "eth0":
                return int(values.split()[column])
        raise RigError(f"{self.name}: no eth0")

    def link(self, up):
        """The cable: False pulls it. Addresses and routes of the host stay."""
        self.room.shell(f"ip link set {self.port} {'up' if up else 'down'}")

    def interface_up(self, up):
        """The interface: False is `ip link set eth0 down`, True also sets address and route."""
        if up:
            self.room.shell(f"ip addr replace {self.address}/24 broadcast 10.77.0.255 dev eth0\n"
                            f"ip link set eth0 up\n"
                            f"ip route replace {MULTICAST} dev eth0\n", net=self.name)
        else:
            self.room.shell("ip link set eth0 down", net=self.name)

    def multicast_route(self, present):
        verb = "replace" if present else "del"
        self.room.shell(f"ip route {verb} {MULTICAST} dev eth0", net=self.name)
