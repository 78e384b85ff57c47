# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's image: a WIM of real files of this machine, made once and kept in build/demo.

Whole folders are taken until there are enough files and bytes. A folder is passed over when it
holds a name that Windows could not store: a reserved character, or two names that differ in case
only. Few machines have enough hard links, so some of the files are copied into a small tree where
each gets a second name and a symbolic link.
"""

import dataclasses
import fcntl
import json
import os
import re
import shutil
import stat
import subprocess

WANTED_FILES = 20_500
WANTED_BYTES = 410 << 20
LARGEST_FOLDER_BYTES = 120 << 20  # one folder must not make the image much larger than wanted
LINKED_FILES = 400
PLACES = ("/usr/include", "/usr/share", "/usr/lib", "/usr/lib/gcc", "/usr/lib/x86_64-linux-gnu",
          "/usr/lib/aarch64-linux-gnu", "/usr/share/doc", "/usr/bin", "/usr/sbin", "/etc")
UNWINDOWS = re.compile(r"[<>:\"|?*\\\x00-\x1f]|[. ]$")


@dataclasses.dataclass
class Contents:
    files: int = 0
    bytes: int = 0
    symlinks: int = 0
    hard_links: int = 0

    def add(self, other):
        for field in dataclasses.fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, mine + theirs)

    def enough(self):
        return self.files >= WANTED_FILES and self.bytes >= WANTED_BYTES


def windows_can_store(names):
    folded = set()
    for name in names:
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            return False
        if UNWINDOWS.search(name) or name.casefold() in folded:
            return False
        folded.add(name.casefold())
    return True


def survey(top):
    """What a folder holds, or None when it cannot be part of the image."""
    found, inodes = Contents(), set()
    for folder, names, files in os.walk(top, onerror=None):
        if not windows_can_store(names + files):
            return None
        for name in names + files:
            about = os.lstat(os.path.join(folder, name))
            if stat.S_ISLNK(about.st_mode):
                found.symlinks += 1
            elif stat.S_ISREG(about.st_mode):
                found.files += 1
                if (about.st_dev, about.st_ino) in inodes:
                    found.hard_links += 1
                else:
                    found.bytes += about.st_size
                    inodes.add((about.st_dev, about.st_ino))
            elif not stat.S_ISDIR(about.st_mode):
                return None
    return found


def choose_folders():
    """Folders of the machine that together are enough, and what they hold."""
    total, chosen = Contents(), []
    for place in PLACES:
        if not os.path.isdir(place):
            continue
        for entry in sorted(os.scandir(place), key=lambda entry: entry.name):
            if total.enough():
                return chosen, total
            if not entry.is_dir(follow_symlinks=False) or entry.path in PLACES:
                continue
            found = survey(entry.path)
            if found and found.files and found.bytes <= LARGEST_FOLDER_BYTES:
                chosen.append(entry.path)
                total.add(found)
    return chosen, total


def make_linked_tree(folder, sources):
    """Copies real files, gives each a second name and a symbolic link; what that adds."""
    found, names = Contents(), 0
    for kind in ("files", "second-names", "links"):
        os.makedirs(os.path.join(folder, kind))
    for top in sources:
        for current, _, files in os.walk(top):
            for name in sorted(files):
                source = os.path.join(current, name)
                if os.path.islink(source) or os.path.getsize(source) == 0:
                    continue
                names += 1
                own = f"{names:04}-{name}"
                copy = os.path.join(folder, "files", own)
                shutil.copy2(source, copy)
                os.link(copy, os.path.join(folder, "second-names", own))
                os.symlink(f"../files/{own}", os.path.join(folder, "links", own))
                found.add(Contents(files=2, bytes=os.path.getsize(copy), symlinks=1, hard_links=1))
                if names == LINKED_FILES:
                    return found
    return found


def capture(folder, image):
    """Makes the WIM and returns its Contents; fails with wimlib's own words."""
    sources, total = choose_folders()
    tree = os.path.join(folder, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    total.add(make_linked_tree(tree, sources))
    if not total.enough():
        raise SystemExit(f"demo: this machine has only {total.files} files and "
                         f"{total.bytes >> 20} MiB to show; use --wim FILE --index N")
    listing = os.path.join(folder, "sources")
    with open(listing, "w", encoding="utf-8") as file:
        for source in sources:
            file.write(f'"{source}" "{source}"\n')
        file.write(f'"{tree}" "/linked"\n')
    unfinished = image + ".new"
    done = subprocess.run(
        ["wimlib-imagex", "capture", listing, unfinished, "Demo", "--source-list", "--check",
         "--compress=XPRESS", "--no-acls", "--norpfix"], capture_output=True, text=True,
        check=False)
    shutil.rmtree(tree)
    if done.returncode != 0:
        raise SystemExit("demo: the image could not be captured: " + done.stderr.strip())
    os.rename(unfinished, image)
    return total


def demo_image(folder, fresh):
    """(path, Contents) of the demo's own image, captured when there is none or fresh is true."""
    os.makedirs(folder, exist_ok=True)
    image, about = os.path.join(folder, "demo.wim"), os.path.join(folder, "demo.json")
    with open(os.path.join(folder, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two demos at once: one captures, the other waits
        return _captured_once(folder, image, about, fresh)


def _captured_once(folder, image, about, fresh):
    if fresh or not os.path.exists(image) or not os.path.exists(about):
        contents = capture(folder, image)
        with open(about, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(contents), file)
    with open(about, encoding="utf-8") as file:
        return image, Contents(**json.load(file))
