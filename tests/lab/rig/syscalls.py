# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespace and mount calls that Python 3.11 lacks, each raising OSError with its errno."""

import ctypes
import os

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_REC, MS_PRIVATE = 1, 16384, 1 << 18
MNT_DETACH = 2

_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR_RDONLY = 1
_SYS_MOUNT_SETATTR = 442  # one number on every architecture since Linux 5.12

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags):
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(fd, kind):
    """Moves the calling thread (for CLONE_NEWPID: its next children) into a namespace."""
    _checked(_libc.setns(ctypes.c_int(fd), ctypes.c_int(kind)), "setns")


def setns_path(path, kind):
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(fd, kind)
    finally:
        os.close(fd)


def mount(source, target, fstype=None, flags=0, data=None):
    encoded = [None if text is None else text.encode() for text in (source, target, fstype, data)]
    _checked(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]),
             f"mount {target}")


def unmount_lazily(target):
    _checked(_libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)), f"umount {target}")


def make_private(target="/"):
    mount(None, target, None, MS_REC | MS_PRIVATE)


def make_read_only(target="/"):
    """Every mount at and below target; device nodes keep working, they are not file contents."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY, 0, 0, 0)
    _checked(_libc.syscall(ctypes.c_long(_SYS_MOUNT_SETATTR), ctypes.c_int(_AT_FDCWD),
                           target.encode(), ctypes.c_uint(_AT_RECURSIVE),
                           ctypes.byref(attributes), ctypes.c_size_t(32)),
             f"mount_setattr {target}")
