"""D4, D5: every system call on the journal fails, or is the last one.

A short run over a backlog of several segments: recovery, commits, rotation,
delivery, the cursor, deleting, and a stop. The n-th call fails (shim.c), for
every n until none is left, in each of several ways. After an error the same
process must go on; after a kill the next one.
"""

import contextlib
import errno
import pathlib
import shutil
import subprocess
import threading

import oracle
import patience
import stand as stands
from kit import CannotTry, Result, come_back, judge, require, settle

BACKLOG = 12  # requests, in segments of 4 KiB
REQUESTS = 6  # of each of two senders
POINTS = 4
SEGMENT = "4KiB"
OLD = 2  # the connection that the backlog came by
NONE_LEFT = 4  # so often in a row nothing happened

ERRORS = {name: str(getattr(errno, name)) for name in ("EIO", "ENOSPC", "EDQUOT", "EINTR", "EMFILE")}
ERRORS["short"] = "short"
ERRORS["done, EIO"] = f"done:{errno.EIO}"
DONE_CALLS = "write,fdatasync,fsync,ftruncate,rename,unlink"


def build_shim(context):
    library = context.folder("lib") / "shim.so"
    source = pathlib.Path(__file__).with_name("shim.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as why:
        raise CannotTry(f"no C compiler: {why}") from why
    require(done.returncode == 0, done.stderr)
    return library


def make_backlog(context):
    """A data folder whose points were acknowledged and not delivered."""
    ledger = oracle.Ledger(OLD + 1)
    with oracle.FakeInflux(ledger) as fake:
        fake.status = 503
        with stands.Stand(context.folder("backlog"), fake, segment=SEGMENT) as stand:
            stand.start()
            caller = oracle.Caller(stand.port)
            for _ in range(BACKLOG):
                numbers = ledger.take(OLD, POINTS)
                while oracle.send(ledger, caller, OLD, numbers) != 204:
                    ledger.pause(0.02)
            caller.close()
            stand.kill()
            require(len(list(stand.data.glob("journal/a/*.lp"))) > 3, "the backlog is in one segment")
            return stand.data


def new_ledger():
    ledger = oracle.Ledger(OLD + 1)
    ledger.ack(OLD, ledger.take(OLD, BACKLOG * POINTS))
    return ledger


def has_ended(stand):
    """A kill is seen by a sender before it is by us."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        patience.wait_end(stand.process, 10)
    return not stand.is_alive()


def post_all(ledger, stand, connection):
    """One sender; a refused request is sent again. It ends with the gateway."""
    left = [ledger.take(connection, POINTS) for _ in range(REQUESTS)]
    caller, lost = None, patience.Lost()
    while left:
        try:
            caller = caller or oracle.Caller(stand.port or 1)
            if oracle.send(ledger, caller, connection, left[0]) == 503:
                ledger.pause(0.02)
            else:
                left.pop(0)
            lost = patience.Lost()
        except OSError:
            caller = caller and caller.close()
            if has_ended(stand):
                return
            if not lost.time():
                ledger.complain("a connection broke though the gateway lives")
                return
    caller.close()


def live(ledger, stand, is_kill):
    """The faulty life: two senders, all is delivered, a stop."""
    if not stand.wait_ready():
        code = stand.wait_end()
        require(code < 0 if is_kill else code in (70, 78), f"exit code {code} in the start\n{stand.tail()}")
        return
    senders = [threading.Thread(target=post_all, args=(ledger, stand, n), daemon=True) for n in range(OLD)]
    for sender in senders:
        sender.start()
    for sender in senders:
        require(patience.wait_gone(sender, stands.PATIENCE_S), f"a sender hangs\n{stand.tail()}")
    ledger.wait(lambda: ledger.missing == 0 or not stand.is_alive(), stands.PATIENCE_S)
    if not stand.is_alive():
        code = stand.wait_end()
        require(is_kill and code < 0, f"it ended with {code}\n{stand.tail()}")
        return
    require(ledger.missing == 0, f"no longer delivers: {ledger.missing} points wait\n{stand.tail()}")
    code = stand.stop()
    require(code == (0 if not is_kill else code), f"exit code {code}\n{stand.tail()}")


class Story:
    """One run with one fault; says which call it hit, or None."""

    def __init__(self, context, library, backlog, number):
        self.folder = context.folder(f"run{number}")
        self.library = library
        self.backlog = backlog

    def run(self, calls, n, act, more=None):
        data, log = self.folder / "data", self.folder / "fired"
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(self.backlog, data)
        log.unlink(missing_ok=True)
        ledger = new_ledger()
        env = {
            "LD_PRELOAD": str(self.library),
            "SHIM_UNDER": str(data),
            "SHIM_CALLS": calls,
            "SHIM_N": str(n),
            "SHIM_ACT": act,
            "SHIM_LOG": str(log),
            **(more or {}),
        }
        where = f"call {n} of {calls}, {act}"
        with oracle.FakeInflux(ledger) as fake, stands.Stand(self.folder, fake, segment=SEGMENT) as stand:
            try:
                stand.spawn(env)
                live(ledger, stand, act.startswith("kill"))
                fired = log.read_text().split(maxsplit=1) if log.exists() else None
                where += f" ({' '.join(fired).strip()})" if fired else ""
                stand.start()
                settle(stand, ledger)
                judge(ledger, stand)
            except AssertionError as why:
                raise AssertionError(f"{where}: {why}") from why
        return fired[0] if fired else None


def every_call(context, library, backlog, ways, limit):
    """Each way at each call; {call: how often it was hit}. Two at a time."""
    hits, failures, lock = {}, [], threading.Lock()
    jobs = [(calls, act) for calls, act in ways]

    def work(number):
        story = Story(context, library, backlog, number)
        while True:
            with lock:
                if not jobs or failures:
                    return
                calls, act = jobs.pop(0)
            n = idle = 0
            while idle < NONE_LEFT and n < limit:
                n += 1
                try:
                    call = story.run(calls, n, act)
                except AssertionError as why:
                    with lock:
                        failures.append(why)
                    return
                idle = 0 if call else idle + 1
                if call:
                    with lock:
                        hits[call] = hits.get(call, 0) + 1

    workers = [threading.Thread(target=work, args=(n,), daemon=True) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
    return hits


def report(hits):
    total = sum(hits.values())
    each = ", ".join(f"{call} {count}" for call, count in sorted(hits.items(), key=lambda hit: -hit[1]))
    return Result(total, 0, f"{total} faults: {each}")


def d4(context):
    """kill at every system call"""
    library, backlog = build_shim(context), make_backlog(context)
    ways = [("all", "kill"), ("all", "killed")]
    return report(every_call(context, library, backlog, ways, 10_000))


def outage(context, library, calls, act, back_s):
    """From some moment on all such calls fail, until they no longer do."""
    folder = context.folder(f"outage-{calls}-{act}")
    switch, log = folder / "failing", folder / "fired"
    ledger = oracle.Ledger(OLD)
    where = f"{calls} fails with {act} for a while"
    with oracle.FakeInflux(ledger) as fake, stands.Stand(folder, fake, segment=SEGMENT) as stand:
        env = {"LD_PRELOAD": str(library), "SHIM_UNDER": str(stand.data), "SHIM_CALLS": calls, "SHIM_N": "1",
               "SHIM_ACT": act, "SHIM_LOG": str(log), "SHIM_WHILE": str(switch)}
        try:
            stand.start(env)
            with oracle.Driver(ledger, stand):
                require(ledger.wait_for_acks(50), "no load")
                switch.touch()
                require(ledger.wait_for_refusals(), f"nobody was refused\n{stand.tail()}")
                stands.wait_until(lambda: stand.ask("/health")[0] == 503, "/health says so")
                acked = ledger.acked_count
                require(not ledger.wait(lambda: ledger.acked_count > acked, 0.5) or calls == "open",
                        "acknowledged by a disk that fails")
                switch.unlink()
                took = come_back(context, stand, ledger, back_s)
            settle(stand, ledger)
            judge(ledger, stand)
        except AssertionError as why:
            raise AssertionError(f"{where}: {why}") from why
    require(log.exists(), f"{where}: it never did")
    return took


def hang(context, library):
    """A sync that does not end: senders are not kept that long, and what it
    wrote counts once it does."""
    folder = context.folder("hang")
    log, held = folder / "fired", folder / "held"
    ledger = oracle.Ledger(OLD)
    held.touch()
    with oracle.FakeInflux(ledger) as fake, stands.Stand(folder, fake, segment=SEGMENT) as stand:
        env = {"LD_PRELOAD": str(library), "SHIM_UNDER": str(stand.data), "SHIM_CALLS": "fdatasync", "SHIM_N": "30",
               "SHIM_ACT": f"held:{held}", "SHIM_LOG": str(log)}
        stand.start(env)
        with oracle.Driver(ledger, stand):
            stands.wait_until(log.exists, "a sync hangs")
            require(ledger.wait_for_refusals(1), f"nobody was refused\n{stand.tail()}")
            held.unlink()
            require(ledger.wait_for_acks(50), f"it does not come back\n{stand.tail()}")
        settle(stand, ledger)
        judge(ledger, stand)
    require(context.quick or ledger.slowest_s <= 5.5, f"an answer took {ledger.slowest_s:.1f} s")
    return ledger.slowest_s


OUTAGES = (
    ("write", "EIO", 5.2),
    ("write", "ENOSPC", 1),
    ("write,open", "EDQUOT", 1),
    ("fdatasync", "EIO", 5.2),
    ("fdatasync", "done, EIO", 5.2),
    ("fsync", "EIO", 5.2),
    ("open", "EMFILE", 5.2),
    ("stat", "EIO", 5.2),
)


def d5(context):
    """error at every system call"""
    library, backlog = build_shim(context), make_backlog(context)
    ways = [("all", ERRORS["EIO"]), ("write", "short"), (DONE_CALLS, ERRORS["done, EIO"])]
    if not context.quick:
        ways += [("all", ERRORS[name]) for name in ("ENOSPC", "EDQUOT", "EINTR")] + [("open,opendir", ERRORS["EMFILE"])]
    back = [outage(context, library, calls, ERRORS[name], back_s) for calls, name, back_s in OUTAGES]
    slowest = hang(context, library)
    result = report(every_call(context, library, backlog, ways, 10_000))
    result.said += f"; {len(back)} lasting ones, back after {max(back):.2f} s at most"
    result.said += f"; a sync that hangs, slowest answer {slowest:.1f} s"
    return result
