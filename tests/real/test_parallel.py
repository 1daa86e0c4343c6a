"""Several writes in flight to a server that takes its time, as InfluxDB 3 does."""

import pathlib
import re
import threading

import pytest

import fake_influx
import patience
import servers

CONFIG = """return {{
  listen = "127.0.0.1:{{port}}", admin = "127.0.0.1:{{admin}}", data = "{{data}}",
  outputs = {{ db = {{ url = "{url}", api = "v3", database = "iot", token = "t", flush = "1ms", batch_lines = 10,
                       parallel = {parallel} }} }},
  routes = {{ {{ path = "/w", line_protocol = true, verify = false }} }},
}}
"""


class Slow:
    """Answers when so many writes are under way, or none more came."""

    def __init__(self, wanted):
        self.wanted = wanted
        self.now = self.most = 0
        self.changed = threading.Condition()

    __name__ = "slow"

    def __call__(self, talk):
        lines = talk.lines()
        if lines:
            with self.changed:
                self.now += 1
                self.most = max(self.most, self.now)
                self.changed.notify_all()
                patience.wait_on(self.changed, lambda: self.most >= self.wanted, 5)
        talk.store()
        with self.changed:
            self.now -= bool(lines)
        talk.answer(204)


@pytest.mark.parametrize("parallel", [1, 4, 16])
def test_so_many_writes_are_in_flight_and_no_more(gateway, parallel):
    slow, lost = Slow(parallel), patience.Lost()
    with fake_influx.Fake(slow) as fake:
        moon = gateway(CONFIG.format(url=fake.url, parallel=parallel))
        lines = [f"m,s={n % 7} v={n}i {1_700_000_000_000_000_000 + n}".encode() for n in range(2000)]
        answer = moon.post("/w", b"\n".join(lines) + b"\n", "text/plain")
        assert answer.status == 204
        fake.wait_stored(lines)
        servers.wait_for(lambda: moon.metrics()['moonline_output_pending_points{output="db"}'] == 0, "nothing waits")
        assert not fake.wrong
        assert slow.most == parallel
        if not lost.time():  # else a write may have been given up, and sent again
            assert set(fake.copies.values()) == {1}
            assert fake.stored == lines or parallel > 1


def memory_bytes(moon):
    status = pathlib.Path(f"/proc/{moon.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) << 10


def test_a_burst_leaves_no_memory_behind(gateway):
    """Writes of 8 MB, then nothing: the gateway is about as small as before."""
    with fake_influx.Fake() as fake:
        fake.down()
        moon = gateway(CONFIG.format(url=fake.url, parallel=2).replace("batch_lines = 10", 'batch_lines = 1000000, batch_bytes = "8MB"'))
        before = memory_bytes(moon)
        text = "x" * 500
        for start in range(0, 40000, 200):
            lines = [f'm,s={n % 7} t="{text}" {1_700_000_000_000_000_000 + n}' for n in range(start, start + 200)]
            assert moon.post("/w", "\n".join(lines) + "\n", "text/plain").status == 204
        fake.up()
        servers.wait_for(lambda: moon.metrics()['moonline_output_pending_points{output="db"}'] == 0, "nothing waits")
        assert max(talk.length for talk in fake.requests) > 10000, "they were large"
        servers.wait_for(lambda: memory_bytes(moon) < before + (8 << 20), "it is small again")
        print(f"{before / 1e6:.1f} MB before, {memory_bytes(moon) / 1e6:.1f} MB after")
