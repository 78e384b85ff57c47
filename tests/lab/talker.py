# SPDX-License-Identifier: GPL-3.0-or-later
"""A WebSocket that stays alive while the test does something else: a thread answers its pings."""

import queue
import threading

from cases import check_equal
from raw_client import RawClient


class Talker:
    """Says what the test wants to a path of a server, and keeps what it hears for expect()."""

    def __init__(self, host, address, path, token):
        self._client = RawClient(host, address)
        check_equal(self._client.upgrade(path, token=token).status, 101, path)
        self._heard = queue.SimpleQueue()
        self._lock = threading.Lock()  # a TLS connection is no thing for two threads at once
        self._stopped = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        try:
            while not self._stopped:
                if self._client.wait_for_data(0.05):
                    with self._lock:
                        message = self._client.poll(0)
                    if message:
                        self._heard.put(message)
        except (AssertionError, OSError, ValueError) as error:
            self._heard.put(("closed", str(error)))

    def say(self, **message):
        with self._lock:
            self._client.send_text(message)

    def expect(self, kind, limit_s=30):
        """The next message of that type."""
        while True:
            frame, message = self._heard.get(timeout=limit_s)
            check_equal(frame, "text", f"while waiting for {kind}: {message}")
            if message["type"] == kind:
                return message

    def close(self):
        self._stopped = True
        self._thread.join()
        self._client.close()
