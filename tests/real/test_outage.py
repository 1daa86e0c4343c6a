"""Servers that die mid-way, gateways too: every point that was acknowledged
arrives."""

import threading

import pytest

import servers
from test_influxdb import NATIVE, START, config

SENDERS = 4


class Senders:
    """Threads that post point after point, each with a number of its own, and
    remember which were acknowledged. One that was not is posted again."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.acknowledged = []
        self.threads = [
            threading.Thread(target=self.send, args=(n,)) for n in range(SENDERS)
        ]

    def send(self, sender):
        number = sender
        while not self.stopping.is_set():
            line = f"m,sender={sender} v={number}i {START + number}\n"
            try:
                answer = self.gateway.post("/write", line, "text/plain")
            except OSError:
                self.stopping.wait(0.01)  # it is down
                continue
            if answer.status != 204:
                assert answer.status == 503, answer.body
                continue
            with self.lock:
                self.acknowledged.append(number)
            number += SENDERS

    def count(self):
        with self.lock:
            return len(self.acknowledged)

    def wait_for_more(self, more):
        until = self.count() + more
        servers.wait_for(lambda: self.count() >= until, f"{more} more are acknowledged")

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def all_found(influx, acknowledged):
    if influx.count("m", "v") < len(acknowledged):
        return None
    found = {fields["v"]: (time, tags) for time, tags, fields in influx.points("m")}
    return found if set(found).issuperset(acknowledged) else None


def assert_all_there(influx, acknowledged):
    assert acknowledged
    # A point that nobody was told of may be there, too.
    found = servers.wait_for(lambda: all_found(influx, acknowledged), "all points are in InfluxDB")
    for number in acknowledged:
        assert found[number] == (START + number, {"sender": str(number % SENDERS)})


def test_influxdb_is_killed_and_comes_back(influx, gateway):
    moon = gateway(config(influx, NATIVE))
    with Senders(moon) as senders:
        senders.wait_for_more(200)
        influx.kill()
        senders.wait_for_more(200)
        influx.start()
        senders.wait_for_more(200)
        influx.kill()
        influx.start()
        senders.wait_for_more(100)
    assert_all_there(influx, senders.acknowledged)
    assert "no answer from" in moon.said()
    servers.wait_for(lambda: "delivers again" in moon.said(), "it says that it delivers again")


def test_delivery_is_back_within_two_seconds(influx, gateway):
    """The back-off is made long by an outage of some length."""
    moon = gateway(config(influx, NATIVE))
    influx.kill()
    assert moon.post("/write", f"m v=1 {START}\n", "text/plain").status == 204
    retries = 'moonline_output_retries_total{output="db"}'
    servers.wait_for(lambda: moon.metrics()[retries] >= 7, "waits have grown")
    influx.start()
    servers.wait_for(lambda: influx.points("m"), "the point", seconds=5)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_the_gateway_ends_and_starts_again(influx, gateway, end):
    moon = gateway(config(influx, NATIVE))
    with Senders(moon) as senders:
        for _ in range(3):
            senders.wait_for_more(150)
            if end == "stop":
                code, seconds = moon.stop()
                assert code == 0, moon.said()
                assert seconds < 3, moon.said()
            else:
                moon.kill()
            moon.start()
        senders.wait_for_more(50)
    assert_all_there(influx, senders.acknowledged)


def test_it_stops_while_influxdb_is_away_and_keeps_what_it_has(influx, gateway):
    moon = gateway(config(influx, NATIVE))
    influx.kill()
    numbers = list(range(100))
    for n in numbers:
        line = f"m,sender={n % SENDERS} v={n}i {START + n}\n"
        assert moon.post("/write", line, "text/plain").status == 204
    code, seconds = moon.stop()
    assert (code, seconds < 3) == (0, True)
    influx.start()
    assert influx.points("m") == []
    moon.start()
    assert_all_there(influx, numbers)


def test_a_server_that_hangs_is_left_and_the_gateway_still_stops(tmp_path, gateway):
    """A port that takes connections and never answers."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        influx = servers.Influx(tmp_path / "influx")
        influx.port = silent.getsockname()[1]
        moon = gateway(config(influx, NATIVE))
        assert moon.post("/write", f"m,sender=1 v=1i {START + 1}\n", "text/plain").status == 204
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(10) == b"POST /writ"
            code, seconds = moon.stop()
            assert (code, seconds < 3) == (0, True)
    with influx:
        moon.start()
        assert_all_there(influx, [1])


def test_a_backlog_drains_in_large_batches(influx, gateway):
    count = 30000
    moon = gateway(config(influx, NATIVE))
    influx.kill()
    for start in range(0, count, 3000):
        lines = "".join(
            f"m,sender={n % SENDERS} v={n}i {START + n}\n" for n in range(start, start + 3000)
        )
        assert moon.post("/write", lines, "text/plain").status == 204
    influx.start()
    assert_all_there(influx, list(range(count)))
    batches = moon.metrics()['moonline_output_batches_total{output="db"}']
    assert batches <= count / 5000 + 2, batches


def test_two_outputs_fail_each_for_itself(influx, victoria, gateway):
    text = config(influx, '{ path = "/write", line_protocol = true, verify = false, output = { "db", "vm", "paper" } }')
    text = text.replace(
        "outputs = {",
        f'outputs = {{ vm = {{ url = "{victoria.url}", database = "x", flush = "5ms" }},'
        ' paper = { file = "paper.lp", flush = "5ms" },',
    )
    moon = gateway(text)
    victoria.kill()
    lines = [f"m,sender={n % SENDERS} v={n}i {START + n}" for n in range(20)]
    for line in lines:
        assert moon.post("/write", line, "text/plain").status == 204
    assert_all_there(influx, list(range(20)))
    paper = moon.folder / "paper.lp"
    servers.wait_for(lambda: paper.exists() and len(paper.read_text().splitlines()) == 20, "20 lines")
    assert paper.read_text().splitlines() == lines
    health = moon.health()
    assert b"vm" in health.body
    victoria.start()
    servers.wait_for(lambda: len(victoria.series('{__name__="m_v"}')) == SENDERS, "all series")
