"""D2: the power goes, for real as far as the file system knows: it is told to
stop without writing anything more, and is then mounted again. From the moment
that it is told, no answer counts: with real power the sender would not hear it,
and a sync that is under way then may end well though it wrote nothing.

ext4 without a journal is not cut so: unmounting it then writes whatever blocks
it still has in memory over what an fdatasync left, and a file of any program may
be gone (Linux 6.18). There the gateway is killed, and the file that is the disk
is copied while it is mounted: what the kernel had written to it by then, and
nothing else, as when the plug is pulled. As every boot does, e2fsck goes first.
Such a file system may have given a block of a deleted file to a new one while
the old one still stood on the disk: e2fsck then says that both claim it, and
what it makes of them is up to it, whatever was synced. Nobody can write a file
that survives that; such a cut is counted apart, and the disk is made anew.
"""

import shutil

import disks
import oracle
import stand as stands
from kit import Result, judge, require, settle, share, split

CONNECTIONS = 4
IMAGE_BYTES = 96 << 20

# name, options of mkfs, of mount, and how it is cut: told to stop; told to stop
# and copied before unmounting could write anything; copied as it is.
STOPPED, STOPPED_COPIED, COPIED = range(3)
VARIANTS = (
    ("ordered", (), "", STOPPED),
    ("writeback", (), "data=writeback", STOPPED),
    ("journal", (), "data=journal", STOPPED_COPIED),
    ("commit1", (), "commit=1,nodelalloc", STOPPED_COPIED),
    ("nojournal", ("-O", "^has_journal"), "", COPIED),
)


class Spoilt(Exception):
    """The file system has given one block to two files."""


class Disk:
    def __init__(self, context, stack, variant):
        self.name, make, self.options, self.way = variant
        self.folder = context.folder("images")
        self.image = self.folder / self.name
        self.place = context.folder(f"mnt-{self.name}")
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        disks.call("mkfs.ext4", "-q", "-m", "0", *make, str(self.image))
        self.is_checked = bool(make)
        self.is_mounted = False
        stack.callback(self.leave)

    def enter(self):
        if self.is_checked and "multiply-claimed" in disks.said_by("e2fsck", "-fy", str(self.image)):
            raise Spoilt
        try:  # the loop device goes when it is unmounted
            disks.call("mount", "-o", ",".join(filter(None, ("loop", self.options))), str(self.image), str(self.place))
        except OSError as why:
            raise disks.CannotTry(str(why)) from why
        self.is_mounted = True

    def leave(self):
        if self.is_mounted:
            disks.unmount(self.place)
            self.is_mounted = False

    def cut(self, stand):
        after = self.folder / "after"
        stand.ledger.go_dark(True)
        if self.way != COPIED:
            disks.cut_power(self.place)
        stand.kill()
        if self.way != STOPPED:
            disks.call("cp", "--sparse=always", str(self.image), str(after))
        self.leave()
        if self.way != STOPPED:
            shutil.move(after, self.image)
        self.enter()
        stand.ledger.go_dark(False)


def on_disk(context, part):
    """As cut_often."""
    variant, cuts = part
    try:
        with disks.Disks(context) as stack:
            return cut_often(context, stack, variant, cuts)
    except AssertionError as why:
        raise AssertionError(f"ext4 {variant[0]}: {why}") from why


def cut_often(context, stack, variant, cuts):
    """busy cuts, points, cuts that spoilt the file system."""
    rng = context.random()
    busy = points = done = spoilt = 0
    while done < cuts:
        cut, hit, acked, is_spoilt = cut_until_spoilt(context, stack, rng, variant, cuts - done)
        done, busy, points, spoilt = done + cut, busy + hit, points + acked, spoilt + is_spoilt
    require(busy > cuts / 4, f"only {busy} of {cuts} cuts hit a busy gateway")
    return busy, points, spoilt


def cut_until_spoilt(context, stack, rng, variant, cuts):
    """On a new disk: cuts made, busy ones, points, whether the last spoilt it."""
    ledger = oracle.Ledger(CONNECTIONS)
    disk = Disk(context, stack, variant)
    disk.enter()
    busy = made = 0
    is_spoilt = False
    with oracle.FakeInflux(ledger) as fake, stands.Stand(
        context.folder(f"gateway-{disk.name}"), fake, data=disk.place / "data"
    ) as stand:
        with oracle.Driver(ledger, stand):
            for cut in range(cuts):
                made += 1
                fake.status = 503 if cut % 8 < 6 else 204
                stand.start()
                before = ledger.acked_count
                longest = 1.2 if cut % 16 == 15 else 0.15
                ledger.pause(rng.uniform(0.005, longest))
                if cut % 2:  # however slow this machine is
                    require(ledger.wait(lambda: ledger.acked_count > before, stands.PATIENCE_S), f"no load\n{stand.tail()}")
                busy += ledger.acked_count > before
                try:
                    disk.cut(stand)
                except Spoilt:
                    is_spoilt = True
                    break
                require(not ledger.wrong, f"{ledger.wrong[:3]}\n{stand.tail()}")
                context.note(1, context.of(100, 10_000))
            if not is_spoilt:
                fake.status = 204
                stand.start()
        if not is_spoilt:
            settle(stand, ledger)
            judge(ledger, stand)
    disk.leave()
    disk.image.unlink()
    return made, busy, ledger.acked_count, is_spoilt


def d2(context):
    """power cut"""
    cuts = context.of(100, 10_000)
    found = share(context, on_disk, list(zip(VARIANTS, split(cuts, len(VARIANTS)))))
    busy, points, spoilt = (sum(column) for column in zip(*found))
    names = ", ".join(variant[0] for variant in VARIANTS)
    return Result(busy, 0, f"{cuts} cuts ({busy} busy) of ext4 {names}, {points} points acknowledged; "
                  f"{spoilt} cuts left the file system without a journal spoilt and are not judged")
