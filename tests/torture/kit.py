"""kit.py - what every row has: its context, its verdict, its peace at the end."""

import dataclasses
import pathlib
import random
import time

import oracle
import stand as stands


class CannotTry(Exception):
    """This machine lacks what the row needs; says what."""


@dataclasses.dataclass
class Context:
    quick: bool
    scale: float
    seed: int
    work: pathlib.Path
    build: pathlib.Path  # where the unit tests are
    name: str = ""

    def of(self, quick, full):
        """How many: at --quick, and in full; at least one."""
        return max(1, round((quick if self.quick else full) * self.scale))

    def random(self):
        return random.Random(f"{self.seed} {self.name}")

    def folder(self, name):
        path = self.work / self.name / name
        path.mkdir(parents=True, exist_ok=True)
        return path


@dataclasses.dataclass
class Result:
    count: int  # of faults that really happened
    lost: int
    said: str  # the figure, in words


def require(fact, what):
    if not fact:
        raise AssertionError(what)


def send_until_taken(stand, ledger, seconds, connection=0):
    """A sender that does not give up: seconds until its point was taken."""
    begin = time.monotonic()
    numbers = ledger.take(connection, 1)
    while True:
        caller = oracle.Caller(stand.port)
        try:
            status = oracle.send(ledger, caller, connection, numbers)
        finally:
            caller.close()
        took = time.monotonic() - begin
        if status == 204:
            return took
        require(took < seconds, f"still {status} after {took:.1f} s\n{stand.tail()}")
        ledger.wait(lambda: False, 0.02)


def pending(stand, output):
    return stand.metrics()[f'moonline_output_pending_points{{output="{output}"}}']


def settle(stand, ledger, seconds=60):
    """In peace: all that was acknowledged arrives, a fresh point does too, and
    nothing is pending. The stand runs before and is stopped after."""
    end = time.monotonic() + seconds
    while not ledger.wait(lambda: ledger.missing == 0, 1) and time.monotonic() < end:
        if not any(pending(stand, output) for output in ledger.outputs):
            ledger.wait(lambda: ledger.missing == 0, 1)  # the last is on its way
            break
    require(ledger.missing == 0,
            f"{ledger.missing} acknowledged points do not arrive, such as {ledger.lost()[:3]}\n{stand.tail()}")
    send_until_taken(stand, ledger, 5)
    require(ledger.wait(lambda: ledger.missing == 0, 5), f"a fresh point does not arrive in 5 s\n{stand.tail()}")
    for output in ledger.outputs:
        stands.wait_until(lambda o=output: pending(stand, o) == 0, f"nothing waits for {output}", 10)
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
