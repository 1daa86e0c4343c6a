"""D6, D7: a disk whose sync fails, and every way to have no space left."""

import resource

import disks
import oracle
import stand as stands
from kit import Result, judge, require, send_until_taken, settle

CONNECTIONS = 3
BACK_S = 1.0  # once there is space again


class Outage:
    """Load on a gateway; break_it() and mend() of the disk, again and again."""

    def __init__(self, context, name, data, min_free="0", max_bytes="10GB"):
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
        require(ledger.wait(lambda: ledger.statuses[503] >= before + CONNECTIONS, 30), f"nobody was refused\n{stand.tail()}")
        self.refused += ledger.statuses[503] - before
        mend()
        took = send_until_taken(stand, ledger, max(10, back_s))
        require(took <= back_s, f"back after {took:.2f} s only\n{stand.tail()}")
        self.slowest_back_s = max(took, self.slowest_back_s)

    def run(self, cycles, break_it, mend, back_s=BACK_S):
        with self.fake, self.stand as stand:
            stand.start()
            with oracle.Driver(self.ledger, stand):
                for _ in range(cycles):
                    self.cycle(break_it, mend, back_s)
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


def quota(context, cycles):
    """No file may be longer than 64 KiB: writes end in EFBIG, and SIGXFSZ must
    not kill. Set and lifted from outside."""
    outage = Outage(context, "fsize", None)

    def limit(bytes_):
        resource.prlimit(outage.stand.process.pid, resource.RLIMIT_FSIZE, (bytes_, resource.RLIM_INFINITY))

    outage.run(cycles, lambda: limit(100), lambda: limit(resource.RLIM_INFINITY), back_s=5.2)
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
        require(ledger.wait(lambda: ledger.missing == 0, 60), f"not delivered\n{stand.tail()}")
        took = send_until_taken(stand, ledger, 5)
        settle(stand, ledger)
        judge(ledger, stand)
    return taken, took


def d7(context):
    """disk full, file size limit, max"""
    cycles = context.of(3, 100)
    said = []
    with disks.Disks(context) as stack:
        outage = on_full_disk(context, "tmpfs", stack.tmpfs("16m"), cycles)
        said.append(f"tmpfs {outage.said()}")
        place = stack.ext4(context.folder("images"), 32 << 20)
        outage = on_full_disk(context, "ext4", place, cycles)
        said.append(f"ext4 {outage.said()}")
        place = stack.ext4(context.folder("images"), 64 << 20)
        outage = on_full_disk(context, "min_free", place, cycles, min_free="8MB")
        said.append(f"min_free {outage.said()}")
    outage = quota(context, cycles)
    said.append(f"fsize {outage.said()}")
    taken, took = journal_full(context)
    said.append(f"max after {taken} lines, back after {took:.2f} s")
    return Result(4 * cycles + 1, 0, f"{cycles} times each: {'; '.join(said)}")
