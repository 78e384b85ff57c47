# SPDX-License-Identifier: GPL-3.0-or-later
"""`muster send` and `muster receive` in a room: what arrives, who is named, what it costs."""

import os
import signal
import socket
import struct

from cases import check, check_equal, lab_test
from rig import Room, wait_until
from session import MIB, Session, check_one_line


def transfer(programs, losses, image_bytes=16 * MIB):
    """All receivers from the start, everybody exact; (wire bytes / image bytes, session)."""
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, image_bytes)
        session.send(len(losses))
        for number, loss in enumerate(losses, 1):
            session.receive(room.host(f"PC-{number:02}", loss=loss))
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        figures = session.sender.json()
        check(isinstance(figures, dict) and figures, "send --json printed no figures")
        for name, receiver in session.receivers.items():
            check(receiver.json(), f"{name}: receive --json printed no figures")
        ratio = session.wire_bytes() / image_bytes
        print(f"wire bytes / image bytes: {ratio:.3f}")
        return ratio


@lab_test(120)
def send_reaches_four_receivers_without_loss(programs):
    check(transfer(programs, [0, 0, 0, 0]) < 1.08, "too many bytes without any loss")


@lab_test(120)
def send_is_exact_at_1_percent_loss(programs):
    check(transfer(programs, [0.01] * 4) < 1.15, "too many bytes at 1 % loss")


@lab_test(120)
def send_is_exact_at_5_percent_loss(programs):
    check(transfer(programs, [0.05] * 4) < 1.25, "too many bytes at 5 % loss")


@lab_test(120)
def send_is_exact_at_10_percent_loss(programs):
    check(transfer(programs, [0.10] * 4) < 1.40, "too many bytes at 10 % loss")


@lab_test(120)
def send_serves_one_lossy_receiver_and_three_good_ones(programs):
    transfer(programs, [0.20, 0, 0, 0])


@lab_test(120)
def send_carries_tiny_and_odd_files(programs):
    for image_bytes in (1, 1408, 90112 + 1, 3 * MIB + 777):
        with Room() as room:
            session = Session(programs, room, image_bytes)
            session.send(1)
            session.receive(room.host("PC-01", loss=0.05))
            session.check_all_exact()
            session.sender.wait_for_exit(0)


@lab_test(120)
def late_receiver_gets_everything(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(2)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        late = room.host("PC-03", loss=0.01)
        session.wait_for_progress(0.4)
        session.receive(late)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        ratio = session.wire_bytes() / session.image_bytes
        print(f"wire bytes / image bytes with a receiver from 40 %: {ratio:.3f}")
        check(ratio < 1.75, f"{ratio:.2f} images sent for one that came at 40 %")


@lab_test(120)
def killed_receiver_does_not_stop_the_others(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 32 * MIB)
        session.send(3)
        for number in (1, 2, 3):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        session.wait_for_progress(0.3)
        victim = session.receivers.pop("PC-03")
        check(victim.running(), "the victim ended too early")
        victim.kill()
        session.check_all_exact()
        session.sender.wait_for_exit(3, limit_s=90)  # lost after 10 s, waited for another 30
        said = session.sender.out + session.sender.err
        check("PC-03" in said or room.hosts["PC-03"].address in said, f"PC-03 not named: {said}")
        check(not os.path.exists(session.output("PC-03")), "an unfinished file has its final name")


@lab_test(120)
def killed_receiver_goes_on_where_it_was(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(2)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        session.wait_for_progress(0.6)
        session.receivers.pop("PC-02").kill()
        session.receive(room.hosts["PC-02"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        ratio = session.wire_bytes() / session.image_bytes
        check(ratio < 1.6, f"{ratio:.2f} images sent: what the killed one had was sent again")


@lab_test(120)
def part_file_that_was_changed_is_never_taken_for_verified(programs):
    with Room(link_rate="100mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(2)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}"))
        session.wait_for_progress(0.6)
        for number in (1, 2):
            session.receivers.pop(f"PC-0{number}").kill()
        part = session.output("PC-01") + ".part"
        with open(part, "r+b") as file:
            file.seek(3 * MIB)
            byte = file.read(1)
            file.seek(3 * MIB)
            file.write(bytes([byte[0] ^ 1]))
        os.remove(session.output("PC-02") + ".part")
        for number in (1, 2):
            session.receive(room.hosts[f"PC-0{number}"])
        session.check_all_exact()
        session.sender.wait_for_exit(0)


@lab_test(120)
def restarted_sender_is_the_same_sender(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 48 * MIB)
        session.send(2)
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        session.wait_for_progress(0.4)
        with open(session.token, "rb") as file:
            before = file.read()
        session.sender.kill()
        session.send(2)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        with open(session.token, "rb") as file:
            check_equal(file.read(), before, "token file of the restarted sender")


@lab_test(60)
def send_ends_with_4_when_nobody_comes(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        session.send(2, max_wait_s=2)
        session.sender.wait_for_exit(4, limit_s=30)
        check_one_line(session.sender, ["nobody|no receiver"])


@lab_test(60)
def send_starts_after_max_wait_with_those_who_came(programs):
    with Room() as room:
        session = Session(programs, room, 4 * MIB)
        session.send(2, max_wait_s=3)
        session.receive(room.host("PC-01"))
        session.check_all_exact()
        session.sender.wait_for_exit(3, limit_s=30)  # fewer verified than were asked for


@lab_test(60)
def receiver_with_another_senders_token_file_is_told_so(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        stranger = Session(programs, room, MIB, name="stranger")
        session.send(1, max_wait_s=15)
        stranger.send(1, max_wait_s=15)
        session.receive(room.host("PC-01"), token=stranger.token)
        check_one_line(session.receivers["PC-01"], ["fingerprint", session.server.address])
        check(not os.path.exists(session.output("PC-01")), "an output file was made")


@lab_test(60)
def receiver_with_a_wrong_secret_is_told_so(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        stranger = Session(programs, room, MIB, name="stranger")
        session.send(1, max_wait_s=15)
        stranger.send(1, max_wait_s=15)
        session.receive(room.host("PC-01"), token=session.token_with_secret_of(stranger))
        check_one_line(session.receivers["PC-01"], ["token|secret"])
        session.receive(room.host("PC-02"))
        session.receivers["PC-02"].wait_for_exit(0)
        session.sender.wait_for_exit(0)


@lab_test(60)
def token_file_is_private_and_checked(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        session.send(1, max_wait_s=15)
        mode = os.stat(session.token).st_mode & 0o777
        check_equal(oct(mode), oct(0o600), "mode of the token file")
        pc = room.host("PC-01")
        for name, content in (("empty", b""), ("noise", os.urandom(300)), ("text", b"hello\n")):
            path = os.path.join(room.tmp, name)
            with open(path, "wb") as file:
                file.write(content)
            check_one_line(session.receive_once(pc, token=path), [name])
        check_one_line(session.receive_once(pc, token="/no/such/token"), ["/no/such/token"])


@lab_test(120)
def receiver_says_when_no_server_answers(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        session.send(1, max_wait_s=1)
        session.sender.wait_for_exit(4, limit_s=30)
        receiver = session.receive_once(room.host("PC-01"), limit_s=90)
        check_one_line(receiver, [f"{session.server.address}:{session.port}"])


@lab_test(60)
def wrong_interfaces_are_named(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        check_one_line(session.send_once(interface="eth7"), ["eth7", "no such|does not exist"])
        session.send(1, max_wait_s=20)
        pc = room.host("PC-01")
        check_one_line(session.receive_once(pc, interface="eth7"),
                       ["eth7", "no such|does not exist"])
        pc.interface_up(False)
        check_one_line(session.receive_once(pc), ["eth0", "down"])
        room.hosts["server"].interface_up(False)
        check_one_line(session.send_once(port=7555), ["eth0", "down"])


@lab_test(60)
def wrong_files_ports_and_arguments_are_named(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        check_one_line(session.send_once(image="/no/such/file"), ["/no/such/file"])
        check_one_line(session.send_once(image=room.tmp), [room.tmp])
        check_one_line(session.send_once(rate="fast"), ["rate", "fast"])
        session.send(1, max_wait_s=20)
        check_one_line(session.send_once(), [str(session.port), "in use"])
        pc = room.host("PC-01")
        missing = os.path.join(room.tmp, "no/such/folder/out")
        check_one_line(session.receive_once(pc, out=missing), ["no/such/folder"])
        check_one_line(session.receive_once(pc, out=room.tmp), [room.tmp])


@lab_test(60)
def interface_without_multicast_is_named_with_the_command_that_mends_it(programs):
    parts = ["eth0", "multicast on"]
    with Room() as room:
        session = Session(programs, room, MIB)
        pc = room.host("PC-01")
        session.send(1, max_wait_s=20)
        pc.run(["ip", "link", "set", "eth0", "multicast", "off"])
        check_one_line(session.receive_once(pc), parts)
        session.server.run(["ip", "link", "set", "eth0", "multicast", "off"])
        check_one_line(session.send_once(port=7555), parts)


@lab_test(120)
def transfer_works_without_a_multicast_route(programs):
    with Room() as room:
        session = Session(programs, room, MIB)
        pc = room.host("PC-01")
        pc.multicast_route(False)
        session.server.multicast_route(False)
        session.send(1)
        session.receive(pc)
        session.check_all_exact()
        session.sender.wait_for_exit(0)


@lab_test(120)
def full_disk_of_one_receiver_is_named_and_harms_nobody_else(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 32 * MIB)
        session.send(2)
        full, _ = room.tmpfs("small", 8 * MIB)
        session.receive(room.host("PC-01"))
        session.receive(room.host("PC-02"), out=os.path.join(full, "out"))
        failed = session.receivers.pop("PC-02")
        check(failed.wait(90) != 0, "a receiver with a full disk ended with 0")
        check_one_line(failed, [os.path.join(full, "out"), "space|full"])
        session.check_all_exact()
        session.sender.wait_for_exit(3)
        said = session.sender.out + session.sender.err
        check("PC-02" in said or room.hosts["PC-02"].address in said, f"PC-02 not named: {said}")


def udp_doors(host):
    """(address, port) of every UDP socket of a host, with the groups it has joined."""

    def read():
        with open("/proc/thread-self/net/udp", encoding="ascii") as file:
            local = [line.split()[1].split(":") for line in file.readlines()[1:]]
        with open("/proc/thread-self/net/igmp", encoding="ascii") as file:
            groups = [line.split()[0] for line in file if line.startswith("\t\t\t\t")]
        return local, groups

    def dotted(text):
        return socket.inet_ntoa(struct.pack("<I", int(text, 16)))

    local, groups = host.inside(read)
    addresses = {dotted(group) for group in groups} | {host.address}
    return [(address, int(port, 16)) for _, port in local for address in addresses
            if address != "224.0.0.1"]


@lab_test(120)
def garbage_on_every_door_changes_nothing(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 32 * MIB)
        enemy = room.host("enemy")
        enemy_socket = enemy.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        session.send(1)
        pc = room.host("PC-01")
        session.receive(pc)
        session.wait_for_progress(0.1)
        doors = udp_doors(pc) + udp_doors(room.hosts["server"])
        check(any(address.startswith("2") for address, _ in doors), f"no group joined: {doors}")
        count = 0
        while session.receivers["PC-01"].running() and count < 20000:
            for door in doors:
                enemy_socket.sendto(os.urandom(count % 1473), door)
                count += 1
        check(count >= 1000, f"only {count} datagrams of garbage were sent")
        session.check_all_exact()
        session.sender.wait_for_exit(0)


def arrivals(sock):
    """(nanoseconds, frame bytes) of every frame waiting in a packet socket, in order."""
    frames = []
    sock.setblocking(False)
    while True:
        try:
            data, ancillary, _, _ = sock.recvmsg(65536, 64)
        except BlockingIOError:
            return frames
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        frames.append((seconds * 10**9 + nanoseconds, len(data)))


def busiest_window_bytes(frames, window_ns):
    most = held = first = 0
    for stamp, size in frames:
        held += size
        while frames[first][0] <= stamp - window_ns:
            held -= frames[first][1]
            first += 1
        most = max(most, held)
    return most


@lab_test(120)
def rate_is_a_cap_over_every_10_ms(programs):
    so_timestampns, so_rcvbufforce, eth_p_ip = 35, 33, 0x0800
    rate_bps, window_ns = 60_000_000, 10_000_000
    with Room() as room:
        session = Session(programs, room, 8 * MIB)

        def tap():
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(eth_p_ip))
            sock.setsockopt(socket.SOL_SOCKET, so_rcvbufforce, 128 << 20)
            sock.setsockopt(socket.SOL_SOCKET, so_timestampns, 1)
            return sock

        pc = room.host("PC-01")
        ears = pc.inside(tap)
        session.send(1, rate=str(rate_bps))
        session.receive(pc)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        frames = [frame for frame in arrivals(ears)]
        check(sum(size for _, size in frames) > session.image_bytes, "the tap missed frames")
        most = busiest_window_bytes(frames, window_ns)
        allowed = rate_bps // 8 * window_ns // 10**9 + 1514  # a frame may straddle the edge
        print(f"busiest 10 ms: {most} bytes, the cap is {allowed}")
        check(most <= allowed, f"{most} bytes within 10 ms, the cap is {allowed}")


@lab_test(60)
def interrupted_sender_and_receiver_end_at_once(programs):
    with Room(link_rate="200mbit") as room:
        session = Session(programs, room, 64 * MIB)
        session.send(1)
        session.receive(room.host("PC-01"))
        session.wait_for_progress(0.1)
        receiver = session.receivers["PC-01"]
        receiver.signal(signal.SIGINT)
        check(receiver.wait(10) != 0, "an interrupted receiver ended with 0")
        check(not os.path.exists(session.output("PC-01")), "an unfinished file has its final name")
        session.sender.signal(signal.SIGTERM)
        check(session.sender.wait(10) != 0, "an interrupted sender ended with 0")


@lab_test(300)
def memory_does_not_grow_with_the_file(programs):
    limit_bytes = 256 * MIB
    with Room() as room:
        session = Session(programs, room, 1024 * MIB, sparse=True)
        session.send(2, rate="900M")
        for number in (1, 2):
            session.receive(room.host(f"PC-0{number}", loss=0.01))
        wait_until(lambda: not session.sender.running(), "the session to end", 280)
        session.check_all_exact()
        session.sender.wait_for_exit(0)
        for name, program in (("send", session.sender), *session.receivers.items()):
            peak = program.peak_memory_bytes
            print(f"{name}: peak memory {peak / MIB:.0f} MiB")
            check(peak < limit_bytes, f"{name}: peak memory {peak / MIB:.0f} MiB")
