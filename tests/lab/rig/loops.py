# SPDX-License-Identifier: GPL-3.0-or-later
"""Loop devices by ioctl: losetup cannot ask the kernel to detach with the last close.

Numbers and structures: linux/loop.h, linux/blkpg.h.
"""

import ctypes
import errno
import fcntl
import os
import re

_LOOP_CLR_FD, _LOOP_CONFIGURE, _LOOP_CTL_GET_FREE = 0x4C01, 0x4C0A, 0x4C82
_LO_FLAGS_AUTOCLEAR, _LO_FLAGS_PARTSCAN = 4, 8
_BLKPG, _BLKPG_DEL_PARTITION = 0x1269, 2


class _Info64(ctypes.Structure):
    _fields_ = [("device", ctypes.c_uint64), ("inode", ctypes.c_uint64),
                ("rdevice", ctypes.c_uint64), ("offset", ctypes.c_uint64),
                ("size_limit", ctypes.c_uint64), ("number", ctypes.c_uint32),
                ("encrypt_type", ctypes.c_uint32), ("encrypt_key_size", ctypes.c_uint32),
                ("flags", ctypes.c_uint32), ("file_name", ctypes.c_char * 64),
                ("crypt_name", ctypes.c_char * 64), ("encrypt_key", ctypes.c_uint8 * 32),
                ("init", ctypes.c_uint64 * 2)]


class _Config(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_uint32), ("block_size", ctypes.c_uint32), ("info", _Info64),
                ("reserved", ctypes.c_uint64 * 8)]


class _BlkpgPartition(ctypes.Structure):
    _fields_ = [("start", ctypes.c_int64), ("length", ctypes.c_int64), ("pno", ctypes.c_int),
                ("devname", ctypes.c_char * 64), ("volname", ctypes.c_char * 64)]


class _BlkpgArgument(ctypes.Structure):
    _fields_ = [("op", ctypes.c_int), ("flags", ctypes.c_int), ("datalen", ctypes.c_int),
                ("data", ctypes.c_void_p)]


def attach(path, sector_bytes):
    """(device, open descriptor): the device exists as long as anybody has it open."""
    config = _Config(block_size=sector_bytes)
    config.info.flags = _LO_FLAGS_AUTOCLEAR | _LO_FLAGS_PARTSCAN
    config.info.file_name = path.encode()[:63]
    with open(path, "r+b") as backing:
        config.fd = backing.fileno()
        while True:
            control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
            try:
                number = fcntl.ioctl(control, _LOOP_CTL_GET_FREE)
            finally:
                os.close(control)
            device = f"/dev/loop{number}"
            handle = os.open(device, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(handle, _LOOP_CONFIGURE, config)
                return device, handle
            except OSError as error:
                os.close(handle)
                if error.errno != errno.EBUSY:  # somebody else took that number: the next one
                    raise


def backing_file(device):
    """What the device is attached to, or None."""
    try:
        with open(f"/sys/block/{os.path.basename(device)}/loop/backing_file",
                  encoding="utf-8") as file:
            return file.read().rstrip("\n")
    except OSError:
        return None


def partitions(device):
    """The numbers of the partitions the kernel knows."""
    name = os.path.basename(device)
    found = (re.fullmatch(rf"{name}p(\d+)", entry) for entry in os.listdir(f"/sys/block/{name}"))
    return sorted(int(match[1]) for match in found if match)


def detach(handle, device):
    """Removes the partitions, then the device (at its last close when it is still in use)."""
    for number in partitions(device):
        partition = _BlkpgPartition(pno=number)
        argument = _BlkpgArgument(_BLKPG_DEL_PARTITION, 0, ctypes.sizeof(partition),
                                  ctypes.cast(ctypes.pointer(partition), ctypes.c_void_p))
        try:
            fcntl.ioctl(handle, _BLKPG, argument)
        except OSError as error:
            if error.errno not in (errno.ENXIO, errno.EBUSY):
                raise
    try:
        fcntl.ioctl(handle, _LOOP_CLR_FD)
    except OSError as error:
        if error.errno != errno.ENXIO:  # already detached
            raise
