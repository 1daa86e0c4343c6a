"""D6, D7: a disk whose sync fails, and every way to have no space left."""

import resource
import shutil

import disks
import oracle
import stand as stands
from kit import CannotTry, Result, come_back, judge, require, settle, share

CONNECTIONS = 3
BACK_S = 1.0  # once there is space again


class Outage:
    """Load on a gateway; break_it() and mend() of the disk, again and again."""

    def __init__(self, context, name, data, min_free="0", max_bytes="10GB"):
        self.context = context
        self.ledger = oracle.Ledger(CONNECTIONS)
        self.fake = oracle.FakeInflux(self.ledger)
        self.stand = stands.Stand(context.folder(name), self.fake, data=data, min_free=min_free, max_bytes=max_bytes)
        self.refused = 0
        self.slowest_back_s = 0.0

    def cycle(self, break_it, mend, back_s=BACK_S):
        ledger, stand = self.ledger, self.stand
        require(ledger.wait_for_acks(20), f"no load\n{stand.tail()}")
        before = ledger.statuses[503]
        break_it()
        require(ledger.wait_for_refusals(), f"nobody was refused\n{stand.tail()}")
        self.refused += ledger.statuses[503] - before
        mend()
        took = come_back(self.context, stand, ledger, back_s)
        self.slowest_back_s = max(took, self.slowest_back_s)

    def run(self, cycles, break_it, mend, back_s=BACK_S):
        with self.fake, self.stand as stand:
            stand.start()
            with oracle.Driver(self.ledger, stand):
                for _ in range(cycles):
                    self.cycle(break_it, mend, back_s)
                    self.context.note(1, "cycles")
            settle(stand, self.ledger)
            judge(self.ledger, stand)

    def said(self):
        return f"{self.refused} refused, back after {self.slowest_back_s:.2f} s"


def on_full_disk(context, name, place, cycles, min_free="0"):
    """Somebody else fills the disk, and gives it back."""
    outage = Outage(context, name, place / "data", min_free)
    hog = place / "hog"
    outage.run(cycles, lambda: disks.fill(place), hog.unlink)
    return outage


def d6(context):
    """a sync that fails for real"""
    cycles = context.of(3, 100)
    failed_syncs = 0
    with disks.Disks(context) as stack:
        below = stack.tmpfs("48m")
        # The disk thinks it has 200 MB; what holds it has 48.
        place = stack.ext4(below, 200 << 20, make=("-O", "^has_journal"))
        outage = Outage(context, "gateway", place / "data")

        def mend():
            nonlocal failed_syncs
            failed_syncs = outage.stand.metrics()["moonline_journal_sync_errors_total"]
            (below / "hog").unlink()

        outage.run(cycles, lambda: disks.fill(below), mend, back_s=5.2)
        require(outage.stand.wait_for_log("syncing .*(Input/output error|No space)", 0), "no sync ever failed")
    return Result(int(failed_syncs), 0, f"{cycles} times, {int(failed_syncs)} failed syncs, {outage.said()}")


def size_limit(context, cycles):
    """No file may be longer than 100 bytes: writes end in EFBIG, and SIGXFSZ
    must not kill. Set and lifted from outside."""
    outage = Outage(context, "fsize", None)

    def limit(bytes_):
        resource.prlimit(outage.stand.process.pid, resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))

    outage.run(cycles, lambda: limit(100), lambda: limit(resource.RLIM_INFINITY), back_s=5.2)
    return outage


def quota(context, place, cycles):
    """A disk quota, for a gateway that is not root: no space for it, though
    there is for others."""
    if not (shutil.which("setquota") and shutil.which("setpriv")):
        raise CannotTry("no setquota, or no setpriv")
    nobody = 65534
    disks.call("quotaon", str(place))
    outage = Outage(context, "quota", place / "data")
    outage.stand.be(nobody)
    place.chmod(0o777)

    def limit(blocks):
        disks.call("setquota", "-u", str(nobody), "0", str(blocks), "0", "0", str(place))

    outage.run(cycles, lambda: limit(1), lambda: limit(0), back_s=5.2)
    return outage


def journal_full(context):
    """The journal's own limit: nothing is delivered until it is full, then it
    is; and before bodies are read."""
    ledger = oracle.Ledger(CONNECTIONS)
    with oracle.FakeInflux(ledger) as fake, stands.Stand(
        context.folder("max"), fake, segment="1MiB", max_bytes="16MiB"
    ) as stand:
        fake.status = 503
        stand.start()
        caller = oracle.Caller(stand.port)
        taken = 0
        # Every 997th point is a long one.
        while oracle.send(ledger, caller, 0, ledger.take(0, 997)[-1:]) == 204:
            taken += 1
            require(taken < 5000, "it is never full")
        caller.close()
        fake.status = 204
        require(ledger.wait(lambda: ledger.missing == 0, stands.PATIENCE_S), f"not delivered\n{stand.tail()}")
        took = come_back(context, stand, ledger, BACK_S)
        settle(stand, ledger)
        judge(ledger, stand)
    return taken, took


def tmpfs_full(context, cycles):
    with disks.Disks(context) as stack:
        return on_full_disk(context, "tmpfs", stack.tmpfs("16m"), cycles).said()


def ext4_full(context, cycles):
    with disks.Disks(context) as stack:
        return on_full_disk(context, "ext4", stack.ext4(context.folder("images"), 32 << 20), cycles).said()


def little_free(context, cycles):
    with disks.Disks(context) as stack:
        place = stack.ext4(context.folder("images"), 64 << 20)
        return on_full_disk(context, "min_free", place, cycles, min_free="8MB").said()


def quota_used(context, cycles):
    """Not on every machine; the others are, or the row cannot be tried."""
    try:
        with disks.Disks(context) as stack:
            place = stack.ext4(context.folder("images"), 32 << 20, make=("-O", "quota"), options="usrquota")
            return quota(context, place, cycles).said()
    except CannotTry as why:
        return f"NOT TRIED (no quotas in this kernel: {str(why).split('mount: ')[-1].splitlines()[0][-60:]}); EDQUOT is in D5"
    except OSError as why:
        return f"NOT TRIED ({str(why).splitlines()[0]}); EDQUOT is in D5"


def size_limited(context, cycles):
    return size_limit(context, cycles).said()


def limit_reached(context, _cycles):
    taken, took = journal_full(context)
    return f"after {taken} lines, back after {took:.2f} s"


WAYS = {"tmpfs": tmpfs_full, "ext4": ext4_full, "min_free": little_free, "quota": quota_used, "fsize": size_limited,
        "max": limit_reached}


def one_way(context, part):
    name, cycles = part
    return f"{name} {WAYS[name](context, cycles)}"


def d7(context):
    """disk full, quota, file size limit"""
    cycles = context.of(3, 100)
    said = share(context, one_way, [(name, cycles) for name in WAYS])
    return Result(len(WAYS) * cycles, 0, f"{cycles} times each: {'; '.join(said)}")
