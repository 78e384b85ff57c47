# SPDX-License-Identifier: GPL-3.0-or-later
"""A real PostgreSQL in a scratch folder, reachable by a unix socket, gone with the block."""

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

BINARIES = "/usr/lib/postgresql/15/bin"


@contextlib.contextmanager
def postgresql(wanted):
    """Where it is, as `muster serve --database` takes it; None when it is not wanted."""
    if not wanted:
        yield None
        return
    if not glob.glob(f"{BINARIES}/initdb"):
        raise AssertionError("PostgreSQL 15 is not there: ./dev deps")
    user = pwd.getpwnam("postgres")
    folder = tempfile.mkdtemp(prefix="muster-pg-", dir="/tmp")
    os.chown(folder, user.pw_uid, user.pw_gid)
    how = {"user": user.pw_uid, "group": user.pw_gid, "cwd": folder,
           "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = None
    try:
        subprocess.run([f"{BINARIES}/initdb", "-D", f"{folder}/data", "-U", "muster", "-A", "trust",
                        "--locale", "C.UTF-8"], check=True, **how)
        server = subprocess.Popen([f"{BINARIES}/postgres", "-D", f"{folder}/data", "-k", folder,
                                   "-c", "listen_addresses="], **how)
        for _ in range(300):
            if subprocess.run([f"{BINARIES}/pg_isready", "-h", folder, "-q"], check=False,
                              **how).returncode == 0:
                break
        yield f"postgresql://muster@/postgres?host={folder}"
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)  # fast: it does not wait for its clients
            server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
