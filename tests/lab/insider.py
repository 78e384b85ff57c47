# SPDX-License-Identifier: GPL-3.0-or-later
"""A member that turned bad: it joins a `muster send` by the book, takes the group's key, and says
on the group what the sender never said (docs/protocol.md, sections 4, 5 and 7)."""

import ctypes
import hmac
import json
import queue
import socket
import struct
import threading

from cases import check
from raw_client import RawClient

DATA, REPAIR, STATUS, NAK = 1, 2, 3, 4
SO_RCVBUFFORCE = 33
HEADER = struct.Struct(">BBBBIQ")
COUNTERS = dict.fromkeys(("received", "lost", "rejected", "local_drops", "duplicates", "verified",
                          "repaired", "forged", "naks", "unicast_blocks", "unicast_bytes"), 0)


def hkdf(secret, salt, info, size):
    """RFC 5869 with SHA-256."""
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    out, block = b"", b""
    while len(out) < size:
        block = hmac.digest(key, block + info + bytes([len(out) // 32 + 1]), "sha256")
        out += block
    return out[:size]


class Gcm:
    """AES-256-GCM by libcrypto."""

    _SET_TAG, _GET_TAG = 0x11, 0x10

    def __init__(self):
        self._lib = ctypes.CDLL("libcrypto.so.3")
        for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
            getattr(self._lib, name).restype = ctypes.c_void_p
        self._context = ctypes.c_void_p(self._lib.EVP_CIPHER_CTX_new())
        self._cipher = ctypes.c_void_p(self._lib.EVP_aes_256_gcm())

    def _run(self, key, nonce, clear, text, tag):
        lib, context, written = self._lib, self._context, ctypes.c_int()
        out = ctypes.create_string_buffer(len(text) + 16)
        sealing = tag is None
        lib.EVP_CipherInit_ex(context, self._cipher, None, key, nonce, int(sealing))
        lib.EVP_CipherUpdate(context, None, ctypes.byref(written), clear, len(clear))
        lib.EVP_CipherUpdate(context, out, ctypes.byref(written), text, len(text))
        if not sealing:
            lib.EVP_CIPHER_CTX_ctrl(context, self._SET_TAG, 16, tag)
        end = ctypes.create_string_buffer(16)
        if lib.EVP_CipherFinal_ex(context, end, ctypes.byref(written)) != 1:
            return None
        if sealing:
            lib.EVP_CIPHER_CTX_ctrl(context, self._GET_TAG, 16, end)
            return out.raw[:len(text)] + end.raw
        return out.raw[:len(text)]

    def seal(self, key, nonce, clear, body):
        return self._run(key, nonce, clear, body, None)

    def open(self, key, nonce, clear, sealed):
        return self._run(key, nonce, clear, sealed[:-16], sealed[-16:])


class Datagram:
    """A datagram of the sender, opened."""

    def __init__(self, header, body):
        self.first, self.flags, self.epoch, self.stream, self.session, self.number = header
        self.type = self.first & 31
        self.body = body


class Insider:
    """Stays a good member on its control connection, in a thread of its own."""

    def __init__(self, host, session):
        with open(session.token, encoding="utf-8") as file:
            token = json.load(file)
        self._client = RawClient(host, f"{session.server.address}:{session.port}")
        answer = self._client.upgrade("/member", token=token["secret"])
        check(answer.status == 101, f"the insider was not let in: {answer.status} {answer.body}")
        self._client.send_text({"type": "hello", "protocol": 1, "name": host.name})
        self.offer = self._expect("offer")
        self._client.send_text({"type": "join", "want": "all"})
        self.welcome = self._expect("welcome")
        self._gcm = Gcm()
        self._keys = {}
        self._secrets = {}
        self._learn(self.welcome)
        group, port = self.welcome["group"].rsplit(":", 1)
        self._group = (group, int(port))
        self._ears = host.inside(lambda: self._listen_to_group(host))
        self._mouth = host.inside(lambda: self._speak_to_group(host))
        self._stopped = False
        self._next_uplink = 0
        self._outbox = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._be_a_member)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stopped = True
        self._thread.join()
        for each in (self._client, self._ears, self._mouth):
            each.close()

    def _expect(self, what):
        kind, message = self._client.receive()
        check(kind == "text" and message["type"] == what, f"expected {what}: {message}")
        return message

    def _listen_to_group(self, host):
        ears = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ears.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        ears.bind(self._group)
        ears.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                        socket.inet_aton(self._group[0]) + socket.inet_aton(host.address))
        ears.settimeout(0.2)
        return ears

    def _speak_to_group(self, host):
        mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(host.address))
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        return mouth

    def _be_a_member(self):
        report = {"type": "report", "verified": "", "missed": "", "deficits": [],
                  "highest_seen": 0, "missing": 1, "counters": COUNTERS,
                  "delivery": "multicast", "delivery_why": ""}
        while not self._stopped:
            while not self._outbox.empty():
                self._client.send_text(self._outbox.get())
            message = self._client.poll(0.2)
            if message is None:
                self._client.send_text(report)
            elif message[0] == "close":
                return
            elif message[0] == "text" and message[1]["type"] == "rekey":
                self._learn(message[1])
                self._client.send_text({"type": "rekeyed", "rekeys": message[1]["rekeys"]})

    def finish(self):
        """Leaves: without the image, so that the sender must take it for a computer that is out."""
        self._outbox.put({"type": "finished", "verified": False, "failure": "turned bad",
                          "counters": COUNTERS})

    # ---- keys ----

    def _learn(self, told):
        self._secrets[told["rekeys"]] = (told["step"], bytes.fromhex(told["group_secret"]))

    def _key(self, number, epoch, stream):
        """(key, iv) by our own derivation, or None: of a time or a rekey that we were not told."""
        step = number // self.welcome["epoch_packets"]
        rekeys = (epoch - step) % 256
        if (step, rekeys, stream) not in self._keys:
            first, secret = self._secrets.get(rekeys, (None, None))
            if secret is None or step < first:
                return None
            for _ in range(step - first):
                secret = hkdf(secret, b"", b"muster next epoch v1", 32)
            both = hkdf(secret, bytes([stream, epoch]), b"muster group v1", 44)
            self._keys[step, rekeys, stream] = both[:32], both[32:]
        return self._keys[step, rekeys, stream]

    def _nonce(self, iv, number):
        return iv[:4] + (int.from_bytes(iv[4:], "big") ^ number).to_bytes(8, "big")

    # ---- datagrams ----

    def hear(self):
        """The next datagram of the group, or None after 0.2 s; its body is None when it is not
        sealed with a key of ours."""
        try:
            whole = self._ears.recv(65536)
        except TimeoutError:
            return None
        header = HEADER.unpack(whole[:16])
        pair = self._key(header[5], header[2], header[3])
        if pair is None:
            return Datagram(header, None)
        key, iv = pair
        return Datagram(header, self._gcm.open(key, self._nonce(iv, header[5]), whole[:16],
                                               whole[16:]))

    def say(self, like, number, body):
        """Seals body as the sender would, with the header of `like` and another number."""
        step_of = self.welcome["epoch_packets"]
        epoch = (like.epoch + number // step_of - like.number // step_of) % 256
        clear = HEADER.pack(like.first, like.flags, epoch, like.stream, like.session, number)
        key, iv = self._key(number, epoch, like.stream)
        whole = clear + self._gcm.seal(key, self._nonce(iv, number), clear, body)
        self._mouth.sendto(whole, self._group)
        return whole

    def ask_for_everything(self, heard):
        """A NAK that says of every group in a STATUS that all of it is missing."""
        (count,) = struct.unpack_from(">H", heard.body, 34)
        adverts = [struct.unpack_from(">IIB", heard.body, 36 + 12 * n) for n in range(count)][:32]
        if not adverts:
            return
        member = self.welcome["member"]
        body = struct.pack(">IQHH", member, heard.number, 9999, len(adverts))
        for start_block, rows_sent, log2 in adverts:
            body += struct.pack(">IIHBB", start_block, rows_sent, 65535, log2, 0)
        number = (member << 32) + self._next_uplink
        self._next_uplink += 1
        clear = HEADER.pack(0x20 | NAK, 0, 0, heard.stream, heard.session, number)
        both = hkdf(bytes.fromhex(self.welcome["uplink_secret"]), b"", b"muster uplink v1", 44)
        sealed = self._gcm.seal(both[:32], self._nonce(both[32:], number), clear, body)
        address, port = self.welcome["uplink"].rsplit(":", 1)
        self._mouth.sendto(clear + sealed, (address, int(port)))

    def repeat(self, whole):
        self._mouth.sendto(whole, self._group)
