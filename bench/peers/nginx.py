# SPDX-License-Identifier: GPL-3.0-or-later
"""Everybody downloads the image from nginx, for reference: what N times the image costs. Plain
HTTP, the kernel's own TCP; loss is on every packet that arrives at a receiver."""

import os

from harness.transfer import Running
from rig import wait_until

name = "nginx"
unicast = True
note = "`nginx` with sendfile, one `curl` per receiver, no TLS"

CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{ listen {address}:80; root {root}; }}
}}
"""


def start(stage):
    folder = os.path.join(stage.room.tmp, "nginx")
    os.mkdir(folder)
    configuration = os.path.join(folder, "nginx.conf")
    with open(configuration, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(folder=folder, address=stage.server.address,
                                        root=os.path.dirname(stage.image)))
    server = stage.server.popen(["nginx", "-c", configuration])
    wait_until(lambda: os.path.exists(os.path.join(folder, "pid")) or not server.running(),
               "nginx to start")
    receivers = [
        host.popen(["curl", "--silent", "--show-error", "--fail", "--output", output,
                    f"http://{stage.server.address}/{os.path.basename(stage.image)}"])
        for host, output in zip(stage.receivers, stage.outputs)]
    return Running(receivers, receivers)
