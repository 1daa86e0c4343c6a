"""disks.py - small file systems for a test to spoil; all are gone at the end."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess

from kit import CannotTry

SHUTDOWN = 0x8004587D  # ext4 and xfs: stop now
NO_FLUSH = 2  # and write nothing more, not even the log


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip().splitlines()[0] if done.stderr.strip() else done.returncode}")
    return done.stdout.strip()


class Disks(contextlib.ExitStack):
    """What it mounts it takes away again, the newest first."""

    def __init__(self, context):
        super().__init__()
        if os.geteuid() != 0:
            raise CannotTry("mounting needs root")
        self.folder = context.folder("disks")
        self.number = 0

    def _place(self, name):
        self.number += 1
        place = self.folder / f"{name}{self.number}"
        place.mkdir()
        return place

    def mount(self, *arguments, name):
        place = self._place(name)
        try:
            call("mount", *arguments, str(place))
        except OSError as why:
            raise CannotTry(str(why)) from why
        self.callback(unmount, place)
        return place

    def tmpfs(self, size):
        return self.mount("-t", "tmpfs", "-o", f"size={size}", "torture", name="tmpfs")

    def ext4(self, folder, size, make=(), options=""):
        """A file in folder as an ext4 disk; the place."""
        if not shutil.which("mkfs.ext4"):
            raise CannotTry("no mkfs.ext4")
        image = pathlib.Path(folder, f"image{self.number}")
        with open(image, "wb") as file:
            file.truncate(size)
        call("mkfs.ext4", "-q", "-m", "0", *make, str(image))
        options = ",".join(filter(None, ("loop", options)))  # the device goes with the mount
        return self.mount("-o", options, str(image), name="ext4")


def call_quietly(*command):
    subprocess.run(command, capture_output=True, check=False)


def said_by(*command):
    return subprocess.run(command, capture_output=True, check=False, text=True).stdout


def unmount(place):
    """Also what was moved below it, or is still in use."""
    done = subprocess.run(["umount", str(place)], capture_output=True, check=False)
    if done.returncode != 0:
        call_quietly("umount", "-l", str(place))


def cut_power(place):
    """Nothing that is not on the disk by now will ever be."""
    fd = os.open(place, os.O_RDONLY)
    try:
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_FLUSH))
    finally:
        os.close(fd)


def free_bytes(place):
    st = os.statvfs(place)
    return st.f_bavail * st.f_frsize


def fill(place, keep=0, name="hog"):
    """Another program takes all space but keep bytes."""
    path = pathlib.Path(place, name)
    with open(path, "ab", buffering=0) as file:
        size = 1 << 20
        while size >= 512:
            left = free_bytes(place) - keep
            if left < size:
                size //= 2
                continue
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2
    return path
