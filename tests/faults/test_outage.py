"""U15: a long outage at full load, and the way back.

Ten hours cannot be waited for. What a long outage is made of can: many
segments of backlog, waits that have grown, a restart in the middle, and then a
server that is there again. The longest wait is a unit test's matter.
"""

import threading
import time

import pytest

import servers
from rig import now, point

SENDERS = 3
SEGMENT = "64KiB"


class Load:
    """Senders without a pause; what was acknowledged, and how long it took."""

    def __init__(self, rig):
        self.rig = rig
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.acked = [[] for _ in range(SENDERS)]
        self.took = []
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True) for n in range(SENDERS)]

    def _run(self, sender):
        number = sender * 1_000_000
        while not self.stopping.is_set():
            lines = [point(number + n, series=sender) for n in range(10)]
            begin = time.monotonic()
            try:
                status = self.rig.post("/w", b"\n".join(lines) + b"\n", "text/plain").status
            except OSError:
                status = 503
            if status != 204:
                assert status == 503
                self.stopping.wait(0.01)  # it is being restarted; again, then
                continue
            with self.lock:
                self.took.append(time.monotonic() - begin)
                self.acked[sender] += lines
            number += 10

    def count(self):
        with self.lock:
            return sum(map(len, self.acked))

    def more(self, count):
        until = self.count() + count
        servers.wait_for(lambda: self.count() >= until, f"{count} points more are acknowledged")

    def p99(self):
        """Of what was sent since the last call."""
        with self.lock:
            took, self.took = sorted(self.took), []
        return took[len(took) * 99 // 100]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "a sender never got its answer"


def segments(moon):
    return len(list(moon.folder.glob("data/journal/db/*.lp")))


@pytest.mark.parametrize("ends", ["", "stop", "kill"], ids=["it runs on", "it is stopped", "it is killed"])
def test_u15_a_long_outage_at_full_load(rig, fake, ends):
    moon = rig(journal=f', segment = "{SEGMENT}"')
    with Load(moon) as load:
        load.more(1000)
        normal = load.p99()
        fake.down()
        load.more(1000)
        moon.wait_value("failing", 1)
        load.p99()
        servers.wait_for(lambda: segments(moon) >= 8, "the backlog has eight segments")
        outage = load.p99()
        if ends:
            getattr(moon, ends)()
            moon.start()
            load.more(1000)
        moon.wait_value("retries_total", 6)
        back = now()
        stored = len(fake.stored)
        fake.up()
        fake.wait(lambda: len(fake.stored) > stored, "delivery is back")
        took = fake.arrived_at - back
        load.more(1000)
    print(f"U15: ingest p99 {normal * 1e3:.2f} ms normal, {outage * 1e3:.2f} ms in the outage")
    print(f"U15: backlog {segments(moon)} segments; the first of it arrived {took:.2f} s after the server was back (aim 2 s)")
    acked = [line for lines in load.acked for line in lines]
    fake.wait_stored(acked, seconds=120)
    moon.wait_done()
    print(f"U15: all {len(acked)} points {now() - back:.1f} s after")
    assert not fake.wrong, fake.wrong
    judge_order(fake, load)
    # A write was broken when the server went, and some when the gateway did.
    if not (ends or moon.lost.time()):
        assert sum(count > 1 for count in fake.copies.values()) <= 1000 * SENDERS
    servers.wait_for(lambda: segments(moon) <= 2, "delivered segments are gone")


def judge_order(fake, load):
    for sender, lines in enumerate(load.acked):
        mine = f",s={sender} ".encode()
        wanted = set(lines)
        first = dict.fromkeys(line for line in fake.stored if mine in line and line in wanted)
        assert list(first) == lines, f"out of order: sender {sender}"
