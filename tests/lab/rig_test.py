# SPDX-License-Identifier: GPL-3.0-or-later
"""The rig is an instrument: these tests measure it before anything is measured with it."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from cases import check, check_equal, lab_test
from rig import LoopDisk, Room, View, wait_until
from rig.loops import backing_file

HERE = os.path.dirname(os.path.abspath(__file__))
GROUP, PORT = "239.192.1.1", 7700
SO_RCVBUFFORCE = 33


def listener(host, group=GROUP):
    """A socket with a large buffer for the group, or for an address of the host."""

    def make():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.bind((group, PORT))
        if group != GROUP:
            return sock
        interface = struct.pack("4s4sI", socket.inet_aton(group), bytes(4),
                                socket.if_nametoindex("eth0"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, interface)
        return sock

    return host.inside(make)


def talker(host):
    return host.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))


def send(sock, count, size_bytes=1400):
    for number in range(count):
        sock.sendto(number.to_bytes(size_bytes, "big"), (GROUP, PORT))


def drain(sock, quiet_ms=500):
    """How many datagrams wait in the socket or still come, and when the last one came."""
    count, last = 0, None
    while select.select([sock], [], [], quiet_ms / 1000)[0]:
        sock.recv(2048)
        count, last = count + 1, time.monotonic()
    return count, last


@lab_test(60)
def rig_drops_the_share_it_was_asked_for(_programs):
    sent = 20000
    with Room() as room:
        server = room.host("server")
        wanted = {"PC-01": 0.0, "PC-02": 0.01, "PC-03": 0.05, "PC-04": 0.10}
        pcs = {name: room.host(name, loss=loss) for name, loss in wanted.items()}
        sockets = {name: listener(host) for name, host in pcs.items()}
        send(talker(server), sent)
        for name, loss in wanted.items():
            got = drain(sockets[name])[0]
            found = 1 - got / sent
            margin = 5 * (loss * (1 - loss) / sent) ** 0.5  # five standard deviations
            print(f"{name}: {loss:.2%} asked, {found:.3%} measured")
            check(abs(found - loss) <= margin, f"{name}: {found:.3%} lost, asked {loss:.2%}")
            if loss:
                seen, dropped = pcs[name].loss_counters()
                check_equal((seen, seen - dropped), (sent, got), f"{name}: counters of the rule")


@lab_test(60)
def rig_changes_loss_and_pulls_cables_while_running(_programs):
    with Room() as room:
        server, pc = room.host("server"), room.host("PC-01", loss=1.0)
        ears, mouth = listener(pc), talker(server)
        send(mouth, 100)
        check_equal(drain(ears)[0], 0, "datagrams at 100 % loss")
        pc.loss(0)
        send(mouth, 100)
        check_equal(drain(ears)[0], 100, "datagrams without loss")
        pc.link(False)
        send(mouth, 100)
        check_equal(drain(ears)[0], 0, "datagrams with the cable pulled")
        pc.link(True)
        wait_until(lambda: "LOWER_UP" in pc.run(["ip", "link", "show", "eth0"]).out, "the link")
        send(mouth, 100)
        check_equal(drain(ears)[0], 100, "datagrams with the cable back")
        direct = listener(pc, pc.address)
        pc.loss(1.0)
        mouth.sendto(b"x", (pc.address, PORT))
        check_equal(drain(direct)[0], 1, "unicast datagrams while multicast is lost")
        pc.loss(1.0, everything=True)
        mouth.sendto(b"x", (pc.address, PORT))
        check_equal(drain(direct)[0], 0, "unicast datagrams while everything is lost")


@lab_test(60)
def rig_shapes_what_the_server_sends(_programs):
    datagrams, frame_bytes = 4000, 1400 + 42
    with Room(link_rate="100mbit") as room:
        server, pc = room.host("server"), room.host("PC-01")
        ears, mouth = listener(pc), talker(server)
        before, started = server.tx_bytes(), time.monotonic()
        send(mouth, datagrams)
        got, ended = drain(ears)
        wire_bytes = server.tx_bytes() - before
        rate = got * frame_bytes * 8 / (ended - started) / 1e6
        print(f"{rate:.1f} Mbit/s, {wire_bytes} bytes on the wire")
        check_equal(got, datagrams, "datagrams through a card that pushes back")
        check(wire_bytes >= datagrams * frame_bytes, f"{wire_bytes} bytes counted")
        check(wire_bytes <= datagrams * frame_bytes * 1.005, f"{wire_bytes} bytes counted")
        check(70 <= rate <= 103, f"{rate:.1f} Mbit/s, shaped to 100")


@lab_test(60)
def rig_counts_every_datagram_of_a_segmented_send(_programs):
    udp_segment, payload = 103, 1400
    with Room() as room:
        server, pc = room.host("server"), room.host("PC-01")
        ears, mouth = listener(pc), talker(server)
        mouth.setsockopt(socket.IPPROTO_UDP, udp_segment, payload)
        before = server.tx_bytes()
        for _ in range(10):
            mouth.sendto(bytes(40 * payload), (GROUP, PORT))
        check_equal(drain(ears)[0], 400, "datagrams")
        check(server.tx_bytes() - before >= 400 * (payload + 42), "headers are missing")


@lab_test(60)
def rig_slow_port_drops_for_its_own_computer_only(_programs):
    with Room(link_rate="100mbit") as room:
        server = room.host("server")
        fast, slow = room.host("PC-01"), room.host("PC-02", rate="10mbit")
        fast_ears, slow_ears = listener(fast), listener(slow)
        send(talker(server), 2000)
        check_equal(drain(fast_ears)[0], 2000, "datagrams at the fast port")
        got = drain(slow_ears)[0]
        check(100 <= got <= 800, f"{got} of 2000 datagrams through a port of a tenth the rate")


@lab_test(60)
def rig_two_rooms_do_not_hear_each_other(_programs):
    with Room() as one, Room() as two:
        hosts = [(room.host("server"), room.host("PC-01")) for room in (one, two)]
        ears = [listener(pc) for _, pc in hosts]
        send(talker(hosts[0][0]), 100)
        check_equal(drain(ears[0])[0], 100, "datagrams in the first room")
        check_equal(drain(ears[1])[0], 0, "datagrams in the second room")
        check(one.tmp != two.tmp, "two rooms share a folder")


@lab_test(60)
def rig_view_has_one_writable_place(_programs):
    attempts = "/tmp /var/tmp /dev/shm /root /etc /run /var /dev /sys /usr " + HERE
    with Room() as room:
        disk = room.disk(64 << 20)
        script = (f'for place in {attempts}; do (: > "$place/muster-probe") 2>/dev/null && '
                  f'echo "WRITABLE $place"; done; '
                  f'dd if=/dev/zero of=/run/muster/x bs=1M count=80 2>&1 | grep -c "No space"; '
                  f'stat -c %s /run/muster/x; '
                  f'dd if=/dev/urandom of={disk.device} bs=1M count=1 conv=fsync 2>/dev/null; '
                  f'echo fine > /dev/null && echo end')
        lines = room.host("PC-01").run(["sh", "-c", script], view=View()).out.splitlines()
        check_equal(lines[0], "1", "a full tmpfs says so")
        check((60 << 20) <= int(lines[1]) <= (64 << 20), f"{lines[1]} bytes fitted into 64 MiB")
        check_equal(lines[2:], ["end"], "what the view could do")
        with open(disk.path, "rb") as file:
            check(any(file.read(1 << 20)), "nothing reached the disk")


@lab_test(60)
def rig_reports_exit_codes_signals_and_memory(_programs):
    with Room() as room:
        host = room.host("PC-01")
        host.run(["sh", "-c", "exit 7"], code=7)
        host.run(["/no/such/program"], code=127)
        check_equal(host.run(["uname", "-n"]).out, "PC-01", "host name")
        sleeper = host.popen(["sh", "-c", "echo up; exec sleep 1000"])
        sleeper.wait_for_line("^up$")
        sleeper.kill()
        check_equal(sleeper.exit_code, -signal.SIGKILL, "exit code of a killed program")
        hungry = host.run([sys.executable, "-c", "x = b'x' * (100 << 20)"])
        check((100 << 20) < hungry.peak_memory_bytes < (160 << 20),
              f"peak memory {hungry.peak_memory_bytes}")


def stat_of(pid):
    """State and parent of a process; ("gone", 0) when there is none."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            state, parent = file.read().rpartition(")")[2].split()[:2]
            return state, int(parent)
    except OSError:
        return "gone", 0


def alive(pids):
    return [pid for pid in pids if stat_of(pid)[0] not in ("gone", "Z", "X")]


def children_of(parent):
    numbers = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return [pid for pid in numbers if stat_of(pid)[1] == parent]


def check_all_gone(left, limit_s=20):
    """left: pids, device, partition, file and tmp of a room that has ended."""
    wait_until(lambda: not alive(left["pids"]), "processes of the room to end", limit_s)
    wait_until(lambda: backing_file(left["device"]) != left["file"], "loop device", limit_s)
    wait_until(lambda: not os.path.exists(left["tmp"]), "temporary folder", limit_s)
    wait_until(lambda: not os.path.exists(left["partition"])
               or backing_file(left["device"]) is not None, "partition", limit_s)


def fill_room(room):
    """A busy room: a disk with a partition that is open, a daemon, a process of a host."""
    disk = room.disk(256 << 20)
    room.shell(f"printf 'label: gpt\\n,,\\n' | sfdisk -q --no-reread --no-tell-kernel "
               f"{disk.device}\npartx -a {disk.device}")
    check_equal(len(disk.partitions()), 1, "partitions of the disk")
    partition = disk.partitions()[0]
    wait_until(lambda: os.path.exists(partition), "the partition's device")
    host = room.host("PC-01")
    shell = host.popen(["sh", "-c", f"exec 9<{partition}; sleep 1000 & echo $!; wait"])
    shell.wait_for_line(r"^\d+$")
    pids = [room.holder_pid(), shell.pid, *children_of(shell.pid)]
    check_equal(len(pids), 3, "processes")
    return {"pids": pids, "device": disk.device, "partition": partition, "file": disk.path,
            "tmp": room.tmp}


@lab_test(60)
def rig_removes_everything_after_an_exception(_programs):
    left = None
    try:
        with Room() as room:
            left = fill_room(room)
            check_equal(len(alive(left["pids"])), 3, "processes alive in the room")
            raise KeyError("thrown on purpose")
    except KeyError:
        pass
    check(left is not None, "the room was never filled")
    check_all_gone(left, limit_s=1)


BUSY_PROGRAM = f"""
import json, sys
sys.path.insert(0, {HERE!r})
import rig, rig_test
rig.catch_signals()
try:
    with rig.Room() as room:
        print(json.dumps(rig_test.fill_room(room)), flush=True)
        sys.stdin.read()
except rig.Interrupted as interrupted:
    sys.exit(interrupted.exit_code)
"""


def end_busy_program(number):
    program = subprocess.Popen(["/usr/bin/python3", "-B", "-c", BUSY_PROGRAM],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        left = json.loads(program.stdout.readline())
        check_equal(len(alive(left["pids"])), 3, "processes alive in the room")
        program.send_signal(number)
        code = program.wait(30)
        check_all_gone(left)
        return code
    finally:
        program.kill()
        program.wait()
        program.stdin.close()
        program.stdout.close()


@lab_test(60)
def rig_removes_everything_when_its_owner_is_killed(_programs):
    check_equal(end_busy_program(signal.SIGKILL), -signal.SIGKILL, "exit code")


@lab_test(60)
def rig_removes_everything_on_a_signal(_programs):
    check_equal(end_busy_program(signal.SIGTERM), 143, "exit code after SIGTERM")
    check_equal(end_busy_program(signal.SIGINT), 130, "exit code after SIGINT")


def attached_below(folder):
    return [name for name in os.listdir("/sys/block")
            if name.startswith("loop") and (backing_file(name) or "").startswith(folder)]


@lab_test(120)
def rig_removes_everything_whenever_it_is_interrupted(_programs):
    with tempfile.TemporaryDirectory(prefix="muster-lab-test-") as folder:
        for step in range(24):
            number = (signal.SIGINT, signal.SIGKILL)[step % 2]
            program = subprocess.Popen(["/usr/bin/python3", "-B", "-c", BUSY_PROGRAM],
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL,
                                       env={**os.environ, "TMPDIR": folder})
            try:
                program.wait(0.05 + 0.025 * step)  # a different moment every time
            except subprocess.TimeoutExpired:
                program.send_signal(number)
            try:
                program.wait(20)
            finally:
                program.kill()
                program.wait()
                program.stdin.close()
            wait_until(lambda: not os.listdir(folder), f"{folder} to be empty, step {step}", 10)
            wait_until(lambda: not attached_below(folder), f"no loop device, step {step}", 10)


@lab_test(60)
def rig_disks_are_blank_sparse_and_of_the_asked_size(_programs):
    with Room() as room, LoopDisk(8 << 30, room.tmp, sector_bytes=4096) as disk:
        room.shell(f'test "$(blockdev --getsize64 {disk.device})" = {8 << 30}\n'
                   f'test "$(blockdev --getss {disk.device})" = 4096\n')
        check(disk.used_bytes() < 1 << 20, f"{disk.used_bytes()} bytes used by a blank disk")
