"""D2: the power goes, for real as far as the file system knows: it is told to
stop without writing anything more, and is then mounted again. From the moment
that it is told, no answer counts: with real power the sender would not hear it,
and a sync that is under way then may end well though it wrote nothing.

ext4 without a journal is left to unmount in order. Cut like the others (Linux
6.18) it loses what fdatasync said was written, from any program.
"""

import shutil

import disks
import oracle
import stand as stands
from kit import Result, judge, require, settle

CONNECTIONS = 4
IMAGE_BYTES = 96 << 20

# name, options of mkfs, of mount, and whether the image is copied at the cut,
# before unmounting could write anything.
VARIANTS = (
    ("ordered", (), "", False),
    ("writeback", (), "data=writeback", False),
    ("journal", (), "data=journal", True),
    ("commit1", (), "commit=1,nodelalloc", True),
    ("nojournal", ("-O", "^has_journal"), "", False),
)


class Disk:
    def __init__(self, context, stack, variant):
        self.name, make, self.options, self.is_copied = variant
        self.folder = context.folder("images")
        self.image = self.folder / self.name
        self.place = context.folder(f"mnt-{self.name}")
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        disks.call("mkfs.ext4", "-q", "-m", "0", *make, str(self.image))
        self.is_checked = bool(make)
        self.loop = None
        stack.callback(self.leave)

    def enter(self):
        try:
            self.loop = disks.call("losetup", "-f", "--show", str(self.image))
            if self.is_checked:  # as every boot does without a journal
                disks.call_quietly("e2fsck", "-fy", self.loop)
            disks.call("mount", *(("-o", self.options) if self.options else ()), self.loop, str(self.place))
        except OSError as why:
            raise disks.CannotTry(str(why)) from why

    def leave(self):
        if self.loop:
            disks.unmount(self.place)
            disks.call_quietly("losetup", "-d", self.loop)
            self.loop = None

    def cut(self, stand):
        stand.ledger.go_dark(True)
        disks.cut_power(self.place)
        stand.kill()
        after = self.folder / "after"
        if self.is_copied:
            disks.call("cp", "--sparse=always", str(self.image), str(after))
        self.leave()
        if self.is_copied:
            shutil.move(after, self.image)
        self.enter()
        stand.ledger.go_dark(False)


def on_disk(context, stack, variant, cuts, rng):
    """busy cuts, points."""
    ledger = oracle.Ledger(CONNECTIONS)
    disk = Disk(context, stack, variant)
    disk.enter()
    busy = 0
    with oracle.FakeInflux(ledger) as fake, stands.Stand(
        context.folder(f"gateway-{disk.name}"), fake, data=disk.place / "data"
    ) as stand:
        with oracle.Driver(ledger, stand):
            for cut in range(cuts):
                fake.status = 503 if cut % 8 < 6 else 204
                stand.start()
                before = ledger.acked_count
                longest = 1.2 if cut % 16 == 15 else 0.15
                ledger.wait(lambda: False, rng.uniform(0.005, longest))
                busy += ledger.acked_count > before
                disk.cut(stand)
                require(not ledger.wrong, f"{ledger.wrong[:3]}\n{stand.tail()}")
            fake.status = 204
            stand.start()
        settle(stand, ledger)
        judge(ledger, stand)
    disk.leave()
    disk.image.unlink()
    require(busy > cuts / 2, f"only {busy} of {cuts} cuts hit a busy gateway")
    return busy, ledger.acked_count


def d2(context):
    """power cut"""
    cuts = context.of(100, 10_000)
    rng = context.random()
    said, busy, points = [], 0, 0
    with disks.Disks(context) as stack:
        for variant in VARIANTS:
            each = max(1, cuts // len(VARIANTS))
            try:
                hit, acked = on_disk(context, stack, variant, each, rng)
            except AssertionError as why:
                raise AssertionError(f"ext4 {variant[0]}: {why}") from why
            busy += hit
            points += acked
            said.append(variant[0])
    cuts = each * len(VARIANTS)
    return Result(cuts, 0, f"{cuts} cuts ({busy} busy) of ext4 {', '.join(said)}, {points} points acknowledged")
