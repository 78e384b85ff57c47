# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL of a test's own in a room, reached by a socket in the room's folder."""

import contextlib
import os
import signal

BINARIES = "/usr/lib/postgresql/15/bin"
AS_POSTGRES = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


@contextlib.contextmanager
def postgres(room, host):
    """The URL for `muster serve --database`. It refuses root, so it runs as the user postgres."""
    os.chmod(room.tmp, 0o711)
    folder = os.path.join(room.tmp, "postgres")
    room.shell(f"install -d -o postgres -g postgres -m 0700 {folder}")
    data = os.path.join(folder, "data")
    host.run([*AS_POSTGRES, f"{BINARIES}/initdb", "-D", data, "--username=muster", "--auth=trust",
              "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en",
              "--no-sync", "--no-instructions"], cwd="/")
    server = host.popen([*AS_POSTGRES, f"{BINARIES}/postgres", "-D", data, "-k", folder,
                         "-c", "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB",
                         "-c", "max_connections=20"], cwd="/")
    try:
        server.wait_for_line("ready to accept connections", 60)
        yield f"postgresql://muster@/postgres?host={folder}"
    finally:
        # Killed, it would leave its shared memory behind.
        server.signal(signal.SIGQUIT)
        server.wait(30)
