# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL of a test's own in a room, reached by a socket in the room's folder."""

import os
import signal

from cases import check

BINARIES = "/usr/lib/postgresql/15/bin"
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


class Postgres:
    """Of a host; it refuses root, so it runs as the user postgres. Started in its `with`."""

    def __init__(self, room, host):
        check(os.path.exists(f"{BINARIES}/initdb"), "no PostgreSQL 15: run ./dev deps")
        os.chmod(room.tmp, 0o711)
        self._host = host
        self._folder = os.path.join(room.tmp, "postgres")
        self._server = None
        self.url = f"postgresql://muster@/postgres?host={self._folder}"
        room.shell(f"install -d -o postgres -g postgres -m 0700 {self._folder}")
        host.run([*AS_POSTGRES, f"{BINARIES}/initdb", "-D", f"{self._folder}/data",
                  "--username=muster", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                  "--locale-provider=icu", "--icu-locale=en", "--no-sync", "--no-instructions"],
                 cwd="/")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self._server = self._host.popen(
            [*AS_POSTGRES, f"{BINARIES}/postgres", "-D", f"{self._folder}/data", "-k",
             self._folder, "-c", "listen_addresses=", "-c", "fsync=off", "-c",
             "shared_buffers=16MB", "-c", "max_connections=20"], cwd="/")
        self._server.wait_for_line("ready to accept connections", 60)

    def stop(self):
        """As when the power fails. Killed, it would leave its shared memory behind."""
        self._server.signal(signal.SIGQUIT)
        self._server.wait(30)
