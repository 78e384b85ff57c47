# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPS and WebSocket (RFC 6455) by hand, to say to a server what no program of ours would say."""

import base64
import json
import os
import select
import ssl
import socket

from cases import check


class Answer:
    def __init__(self, status, body, headers):
        self.status = status
        self.body = body
        self.headers = headers  # names in lower case

    def json(self):
        return json.loads(self.body)


class RawClient:
    """One TLS connection from a host of the room. The server's key is not judged here."""

    def __init__(self, host, address, limit_s=30):
        name, port = address.split(":")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        plain = host.inside(lambda: socket.create_connection((name, int(port)), limit_s))
        self._socket = context.wrap_socket(plain, server_hostname=name)
        self._address = address
        self._received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _head(self, method, path, token, extra):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._address}", *extra]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _read(self, count):
        while len(self._received) < count:
            got = self._socket.recv(65536)
            check(got, f"{self._address} closed the connection, {self._received!r} was read")
            self._received += got
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def read_answer(self):
        while b"\r\n\r\n" not in self._received:
            got = self._socket.recv(65536)
            check(got, f"{self._address} closed the connection before it had answered")
            self._received += got
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        status, *fields = head.decode().split("\r\n")
        pairs = (field.split(": ", 1) for field in fields)
        names = {name.lower(): value for name, value in pairs}
        has_body = not status.startswith("HTTP/1.1 304")
        body = self._read(int(names.get("content-length", 0))) if has_body else b""
        return Answer(int(status.split()[1]), body.decode(), names)

    def request(self, method, path, *, token=None, body=None, headers=()):
        """body: a document, or bytes as they are. headers: (name, value) each."""
        self.send_request(method, path, token=token, body=body, headers=headers)
        return self.read_answer()

    def send_request(self, method, path, *, token=None, body=None, headers=()):
        text = body if isinstance(body, bytes) else b""
        if body is not None and not isinstance(body, bytes):
            text = json.dumps(body).encode()
        extra = [f"{name}: {value}" for name, value in headers]
        if body is not None:
            extra += [f"Content-Length: {len(text)}", "Content-Type: application/json"]
        self._socket.sendall(self._head(method, path, token, extra) + text)

    # ---- WebSocket ----

    def upgrade(self, path, *, token=None):
        """The answer; with status 101 the connection is a WebSocket from now on."""
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(self._head("GET", path, token, [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}"]))
        return self.read_answer()

    def send_text(self, message):
        self._send_frame(1, json.dumps(message).encode())

    def _send_frame(self, opcode, payload):
        mask = os.urandom(4)
        if len(payload) < 126:
            head = bytes([0x80 | opcode, 0x80 | len(payload)])
        else:
            head = bytes([0x80 | opcode, 0x80 | 126]) + len(payload).to_bytes(2, "big")
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def receive(self):
        """("text", message) or ("close", reason) of the next frame that is one of these."""
        while True:
            message = self._read_frame()
            if message:
                return message

    def poll(self, limit_s):
        """As receive(), but None when that long nothing, or nothing but a ping, came."""
        if not self._received and not self._socket.pending():
            if not select.select([self._socket], [], [], limit_s)[0]:
                return None
        return self._read_frame()

    def _read_frame(self):
        first, second = self._read(2)
        size = second & 0x7f
        if size >= 126:
            size = int.from_bytes(self._read(2 if size == 126 else 8), "big")
        payload = self._read(size)
        opcode = first & 0x0f
        if opcode == 1:
            return "text", json.loads(payload)
        if opcode == 8:
            return "close", payload[2:].decode()
        if opcode == 9:
            self._send_frame(10, payload)
        return None

    def close(self):
        self._socket.close()
