"""D13: what happens to a folder and a clock while a gateway uses them."""

import shutil
import struct
import time

import disks
import oracle
import row_calls
import row_power
import stand as stands
from kit import CannotTry, Result, come_back, judge, require, send_until_taken, settle

CONNECTIONS = 2
BACK_S = 5.2  # the longest back-off, for what is not a full disk


class Case:
    """A gateway under load in a folder of its own; check(): all is well."""

    def __init__(self, context, name, data=None, **options):
        self.context = context
        self.ledger = oracle.Ledger(CONNECTIONS)
        self.fake = oracle.FakeInflux(self.ledger)
        self.stand = stands.Stand(context.folder(name), self.fake, data=data, **options)

    def __enter__(self):
        self.stand.start()
        return self

    def __exit__(self, *_):
        self.stand.kill()
        self.fake.__exit__()

    def refused(self, break_it, mend):
        """Under load: refused while it is broken, back when it is mended."""
        ledger, stand = self.ledger, self.stand
        with oracle.Driver(ledger, stand):
            require(ledger.wait_for_acks(20), "no load")
            break_it()
            require(ledger.wait_for_refusals(), f"nobody was refused\n{stand.tail()}")
            mend()
            come_back(self.context, stand, ledger, BACK_S)
            require(ledger.wait_for_acks(20), "no load after it")

    def check(self):
        settle(self.stand, self.ledger)
        judge(self.ledger, self.stand)


def second_process(context):
    """It says that another has the folder and ends; the first does not notice."""
    with Case(context, "second") as case:
        with oracle.Driver(case.ledger, case.stand):
            require(case.ledger.wait_for_acks(20), "no load")
            other = stands.Stand(context.folder("other"), case.fake, data=case.stand.data)
            with other:
                other.spawn()
                require(not other.wait_ready(), "a second process writes to the same folder")
                code = other.wait_end()
            require(code == 78, f"exit code {code}")
            require(other.wait_for_log("another process", 5), f"it does not say why\n{other.tail()}")
            require(case.ledger.wait_for_acks(20), "the first no longer takes points")
        case.check()


def folder_moved(context):
    """Writes to a folder without its name are not acknowledged; it comes back
    when the folder does."""
    with Case(context, "moved") as case:
        there = case.stand.data / "journal" / "a"
        away = case.stand.data / "away"
        case.refused(lambda: there.rename(away), lambda: away.rename(there))
        case.check()


def delete(folder):
    """Though the cursor is just being written there."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def folder_deleted(context):
    """What it held is gone with it, as far as it was not delivered; so all is
    delivered first. Nothing is acknowledged until there is a folder again."""
    with Case(context, "deleted") as case:
        ledger, stand = case.ledger, case.stand
        send_until_taken(stand, ledger)
        require(ledger.wait(lambda: ledger.missing == 0, stands.PATIENCE_S), "not delivered")
        delete(stand.data / "journal" / "a")
        caller = oracle.Caller(stand.port)
        for _ in range(3):
            status = oracle.send(ledger, caller, 0, ledger.take(0, 1))
            require(status == 503, f"{status} though there is no folder")
        caller.close()
        code = stand.stop()
        require(code == 0, f"exit code {code}")
        stand.start()
        case.check()


def read_only(context):
    """As the kernel does it when a disk is broken: nobody can write any more,
    until it is mounted anew."""
    with disks.Disks(context) as stack:
        disk = row_power.Disk(context, stack, ("broken", (), "", row_power.STOPPED))
        disk.enter()
        with Case(context, "read-only", data=disk.place / "data") as case:
            ledger, stand = case.ledger, case.stand
            with oracle.Driver(ledger, stand):
                require(ledger.wait_for_acks(20), "no load")
                disks.call("mount", "-o", "remount,abort", str(disk.place))
                require(ledger.wait_for_refusals(), f"nobody was refused\n{stand.tail()}")
                stands.wait_until(lambda: stand.ask("/health")[0] == 503, "/health says so")
            code = stand.stop()
            require(code == 0, f"exit code {code}")
            disk.leave()
            disk.enter()
            stand.start()
            case.check()


def forbidden(context):
    """chmod 000, for a gateway that is not root."""
    case = Case(context, "chmod")
    case.stand.be(65534)
    with case:
        there = case.stand.data / "journal" / "a"
        case.refused(lambda: there.chmod(0), lambda: there.chmod(0o700))
        case.check()


def no_inodes(context):
    """Space, but no room for one more name."""
    with disks.Disks(context) as stack:
        place = stack.ext4(context.folder("images"), 64 << 20, make=("-N", "64"))
        hogs = []

        def fill():
            try:
                while True:
                    path = place / f"hog{len(hogs)}"
                    path.touch()
                    hogs.append(path)
            except OSError:
                require(len(hogs) > 10, "no inodes to begin with")

        with Case(context, "inodes", data=place / "data", segment="4KiB") as case:
            case.refused(fill, lambda: [path.unlink() for path in hogs])
            case.check()


def clock_jumps(context):
    """Ten years ahead, and as many back."""
    ten_years = 315_576_000
    clock = context.folder("clock") / "offset"
    clock.write_bytes(struct.pack("q", 0))
    env = {"LD_PRELOAD": str(row_calls.build_shim(context)), "SHIM_CLOCK": str(clock)}
    case = Case(context, "clock")
    case.stand.env = env
    with case:
        with oracle.Driver(case.ledger, case.stand):
            for offset in (-ten_years, ten_years):
                require(case.ledger.wait_for_acks(20), "no load")
                # In place: the gateway has it mapped.
                with open(clock, "r+b") as file:
                    file.write(struct.pack("q", offset))
                require(case.ledger.wait_for_acks(200), f"no longer takes points\n{case.stand.tail()}")
                acked = case.ledger.acked_count
                require(case.ledger.wait(lambda: case.ledger.acked_count - case.ledger.missing >= acked, stands.PATIENCE_S),
                        f"no longer delivers\n{case.stand.tail()}")
        case.stand.stop()
        year = str(time.gmtime(time.time() + ten_years).tm_year)
        require(case.stand.wait_for_log(f"^{year}.*stopped", 5), f"the clock never jumped\n{case.stand.tail(3)}")
        case.stand.env = None
        case.stand.start()
        case.check()


CASES = (second_process, folder_moved, folder_deleted, read_only, forbidden, no_inodes, clock_jumps)


def d13(context):
    """second process, folder, clock"""
    for case in CASES:
        try:
            case(context)
        except AssertionError as why:
            raise AssertionError(f"{case.__name__}: {why}") from why
    return Result(len(CASES), 0, ", ".join(case.__name__.replace("_", " ") for case in CASES))
