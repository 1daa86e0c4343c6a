"""kit.py - what every row has: its context, its verdict, its peace at the end."""

import contextlib
import ctypes
import dataclasses
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import random
import signal
import time
import traceback

import oracle
import patience
import stand as stands
from stand import CannotTry

FORK = multiprocessing.get_context("fork")
PROGRESS_S = 30


class Progress:
    """How much is done, over all processes of a row; said now and then."""

    def __init__(self, name):
        self.name = name
        self.begin = time.monotonic()
        self.done = FORK.Value("q", 0)
        self.say_at = FORK.Value("d", self.begin + PROGRESS_S)

    def note(self, count, of):
        with self.done.get_lock():
            self.done.value += count
            now = time.monotonic()
            if now < self.say_at.value:
                return
            self.say_at.value = now + PROGRESS_S
            print(f"        {self.name:4} {self.done.value} of {of}, {now - self.begin:.0f} s, lost 0", flush=True)


@dataclasses.dataclass
class Context:
    quick: bool
    scale: float
    seed: int
    work: pathlib.Path
    build: pathlib.Path  # where the unit tests are
    name: str = ""
    progress: Progress = None

    def of(self, quick, full):
        """How many: at --quick, and in full; at least one."""
        return max(1, round((quick if self.quick else full) * self.scale))

    def random(self):
        return random.Random(f"{self.seed} {self.name}")

    def folder(self, name):
        path = self.work / self.name / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def part(self, number):
        """The same, with chances and folders of its own."""
        return dataclasses.replace(self, name=f"{self.name}/{number}")

    def note(self, count, of):
        if self.progress:
            self.progress.note(count, of)


@dataclasses.dataclass
class Result:
    count: int  # of faults that really happened
    lost: int
    said: str  # the figure, in words


def require(fact, what):
    if not fact:
        raise AssertionError(what)


# ---- several processes ----


def leave(number, _frame):
    """Of a signal: what is mounted and started is taken away on the way out."""
    raise SystemExit(128 + number)


def die_with_parent():
    """Also when that is killed: SIGTERM, so that we clean up."""
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, leave)


def run_part(pipe, function, context, part):
    die_with_parent()
    try:
        pipe.send(("ok", function(context, part)))
    except CannotTry as why:
        pipe.send(("absent", str(why)))
    except AssertionError as why:
        pipe.send(("failed", str(why)))
    except Exception:  # noqa: BLE001 told by who started it
        pipe.send(("failed", traceback.format_exc()))


def share(context, function, parts):
    """function(context, part) for each part, each in a process, all at once;
    what they return, in their order. The first failure ends the others."""
    processes, pipes, found = [], {}, {}
    try:
        for number, part in enumerate(parts):
            ours, theirs = FORK.Pipe(False)
            process = FORK.Process(target=run_part, args=(theirs, function, context.part(number), part))
            process.start()
            theirs.close()
            processes.append(process)
            pipes[ours] = number
        while pipes:
            for pipe in multiprocessing.connection.wait(list(pipes)):
                number = pipes.pop(pipe)
                try:
                    verdict, value = pipe.recv()
                except EOFError:
                    verdict, value = "failed", "its process died"
                if verdict == "absent":
                    raise CannotTry(value)
                require(verdict == "ok", value)
                found[number] = value
    finally:
        for process in processes:
            if pipes:
                process.terminate()
            process.join()
    return [found[number] for number in range(len(parts))]


def split(count, parts):
    """count in as equal parts as can be."""
    return [count // parts + (part < count % parts) for part in range(parts)]


# ---- back again ----


def come_back(context, stand, ledger, seconds):
    """How long until a point is taken again. In full it is judged, without what
    the machine kept us waiting; at --quick it is only told, and must come."""
    begin = time.monotonic()
    took = send_until_taken(stand, ledger)
    require(context.quick or took <= seconds,
            f"back after {took:.2f} s only, {time.monotonic() - begin:.2f} by the clock\n{stand.tail()}")
    return took


def send_until_taken(stand, ledger, connection=0):
    """A sender that does not give up: seconds until its point was taken."""
    begin = patience.now()
    numbers = ledger.take(connection, 1)
    while True:
        status = 0
        with contextlib.closing(oracle.Caller(stand.port)) as caller:
            lost = patience.Lost()
            try:
                status = oracle.send(ledger, caller, connection, numbers)
            except OSError as why:
                require(lost.time(), f"no answer: {why!r}\n{stand.tail()}")
        took = patience.now() - begin
        if status == 204:
            return took
        require(took < stands.PATIENCE_S, f"still {status} after {took:.1f} s\n{stand.tail()}")
        ledger.pause(0.02)


# ---- peace ----


def pending(stand, output):
    return stand.metrics()[f'moonline_output_pending_points{{output="{output}"}}']


def settle(stand, ledger):
    """In peace: all that was acknowledged arrives, a fresh point does too, and
    nothing is pending. The stand runs before and is stopped after."""
    end = patience.now() + stands.PATIENCE_S
    while not ledger.wait(lambda: ledger.missing == 0, 1) and patience.now() < end:
        if not any(pending(stand, output) for output in ledger.outputs):
            ledger.wait(lambda: ledger.missing == 0, 10)  # the last is on its way
            break
    require(ledger.missing == 0,
            f"{ledger.missing} acknowledged points do not arrive, such as {ledger.lost()[:3]}\n{stand.tail()}")
    send_until_taken(stand, ledger)
    require(ledger.wait(lambda: ledger.missing == 0, stands.PATIENCE_S), f"a fresh point does not arrive\n{stand.tail()}")
    for output in ledger.outputs:
        stands.wait_until(lambda o=output: pending(stand, o) == 0, f"nothing waits for {output}")
    metrics = stand.metrics()
    require(metrics["moonline_points_lost_total"] == 0, f"the gateway counts lost points: {metrics}")
    code = stand.stop()
    require(code == 0, f"exit code {code} after SIGTERM\n{stand.tail()}")


def judge(ledger, stand=None):
    """The number of lost points, which is 0; else it raises."""
    lost = ledger.lost()
    said = stand.tail() if stand else ""
    require(not lost, f"LOST {len(lost)} acknowledged points, such as {lost[:5]}\n{said}")
    require(not ledger.wrong, f"{len(ledger.wrong)} things that must never be, such as {ledger.wrong[:3]}\n{said}")
    return len(lost)
