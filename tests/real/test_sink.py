"""The sink as a server: by hand, and behind a gateway that speaks each API."""

import gzip
import subprocess

import pytest

import patience
import servers
from test_influxdb import START

APIS = {
    "v1": 'database = "iot"',
    "v2": 'org = "acme", bucket = "iot", token = "any"',
    "v3": 'api = "v3", database = "iot", token = "any"',
}


@pytest.fixture
def sink(tmp_path):
    with servers.Sink(tmp_path / "sink") as server:
        yield server


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("precision, unit", [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)])
@pytest.mark.parametrize("packed", ["true", "false"])
def test_the_gateway_speaks_each_api(sink, gateway, api, precision, unit, packed):
    moon = gateway(
        'return { listen = "127.0.0.1:{port}", admin = "127.0.0.1:{admin}", data = "{data}",\n'
        f'outputs = {{ sink = {{ url = "{sink.url}", {APIS[api]}, flush = "5ms",'
        f' precision = "{precision}", gzip = {packed} }} }},'
        'routes = { { path = "/write", line_protocol = true, verify = false } } }'
    )
    assert moon.post("/write", f'm,a=1 s="x y",v=1i {START}\n', "text/plain").status == 204
    servers.wait_for(sink.lines, "a line")
    assert sink.lines() == [f'm,a=1 s="x y",v=1i {START // unit * unit}']


def test_a_packed_body_and_one_that_is_broken(sink):
    packed = gzip.compress(b"m v=1 1\n")
    headers = {"Content-Encoding": "gzip"}
    assert servers.request(sink.port, "POST", "/write?db=d", packed, headers).status == 204
    answer = servers.request(sink.port, "POST", "/write?db=d", packed[:-3], headers)
    assert answer.status == 400
    assert "cut short" in answer.json["error"]
    assert sink.lines() == ["m v=1 1"]


def test_it_prints_when_there_is_no_file_and_ends_with_zero(tmp_path):
    port = servers.free_port()
    process = subprocess.Popen(
        [servers.MOONLINE, "sink", "--listen", f"127.0.0.1:{port}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        assert f"127.0.0.1:{port}" in process.stderr.readline()
        body = b"m v=1 5\n"
        target = "/api/v2/write?org=o&bucket=b&precision=s"
        assert servers.request(port, "POST", target, body).status == 204
        assert process.stdout.readline() == "m v=1 5000000000\n"
        process.terminate()
        assert patience.wait_end(process, servers.DEADLINE_S) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_port_that_is_taken_is_told(sink):
    ended = subprocess.run(
        [servers.MOONLINE, "sink", "--listen", f"127.0.0.1:{sink.port}"],
        capture_output=True, text=True, timeout=300,
    )
    assert ended.returncode != 0
    assert f"127.0.0.1:{sink.port}" in ended.stderr
