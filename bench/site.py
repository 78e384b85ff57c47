#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site against its bars, on both databases: ./dev bench site."""

import sys

from transport import main

if __name__ == "__main__":
    sys.exit(main(("site_load",), "site", "The site under load."))
