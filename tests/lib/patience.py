"""patience.py - how long a test waits, in time that the machine was there for.

A machine may stand still, for a minute if it is a virtual one that is being
copied, or be kept from every test by something else. The clocks go on, and who
then asks one gives up on a program that had no moment to do anything. The clock
here goes on in small ticks, each of which this process has to be there for; a
tick that took too long counts as one. So a pause of the machine takes nothing
from the time that a program has, and one that hangs is still found.
"""

import os
import subprocess
import threading
import time

TICK_S = 0.02
LONGEST_TICK_S = 3 * TICK_S
STEP_S = 0.2  # how often a waiter looks at this clock
STALL_S = 0.5  # a tick that long: deadlines may have passed


class Clock:
    def __init__(self):
        self._restart()
        os.register_at_fork(after_in_child=self._restart)

    def _restart(self):
        self.lock = threading.Lock()
        self.seconds = 0.0
        self.stalls = 0
        self.last = time.monotonic()
        self.is_running = False

    def _run(self):
        while True:
            time.sleep(TICK_S)
            took = time.monotonic() - self.last
            self.last += took
            self.seconds += min(took, LONGEST_TICK_S)
            self.stalls += took > STALL_S

    def now(self):
        with self.lock:
            if not self.is_running:
                self.is_running = True
                self.last = time.monotonic()
                threading.Thread(target=self._run, daemon=True).start()
        return self.seconds

    def stalls_so_far(self):
        """Also the one that is just over."""
        self.now()
        return self.stalls + (time.monotonic() - self.last > STALL_S)


CLOCK = Clock()
now = CLOCK.now


def wait_on(changed, condition, seconds):
    """Waits on a threading.Condition that the caller holds; the value of
    condition(), false after so long."""
    end = now() + seconds
    while not (value := condition()):
        left = end - now()
        if left <= 0:
            break
        changed.wait(min(left, STEP_S))
    return value


def wait_until(condition, what, seconds):
    """Looks again and again; the first true value, or an error. what: a text,
    or what gives one when it is needed."""
    end = now() + seconds
    while not (value := condition()):
        if now() >= end:
            raise AssertionError(f"after {seconds} s still not: {what() if callable(what) else what}")
        time.sleep(0.01)
    return value


def wait_end(process, seconds):
    """The exit code of a subprocess.Popen; TimeoutExpired as its wait() has it."""
    end = now() + seconds
    while True:
        try:
            return process.wait(STEP_S)
        except subprocess.TimeoutExpired:
            if now() >= end:
                raise


def wait_gone(thread, seconds):
    """True: it has ended."""
    end = now() + seconds
    while thread.is_alive() and now() < end:
        thread.join(STEP_S)
    return not thread.is_alive()


def ask_again(ask, is_too_late):
    """What ask() gives; once more, as every sender does, where the program says
    that it took too long, and time was lost meanwhile."""
    for _ in range(5):
        lost = Lost()
        answer = ask()
        if not (is_too_late(answer) and lost.time()):
            break
    return answer


class Lost:
    """Whether the machine stood still since this was made: then a deadline of
    the program may have passed that else would not."""

    def __init__(self):
        self.before = CLOCK.stalls_so_far()

    def time(self):
        return CLOCK.stalls_so_far() > self.before
