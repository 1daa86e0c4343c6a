"""What real servers refuse for good: dead with their own reason, the rest is
written."""

import pathlib
import re
import time

import pytest

import servers
from test_influxdb import NATIVE, START, config

WEEK_NS = 7 * 86400 * 10**9


def letters(moon):
    """{line: reason} of the points that db refused."""
    found = {}
    for path in pathlib.Path(moon.folder, "data", "dead", "points", "db").glob("*.lp"):
        head = ""
        for line in path.read_text().splitlines():
            if line.startswith("#dead "):
                head = line.split(" ", 5)
            elif not line.startswith("#"):
                found[line] = head[3:6]
    return found


def send(moon, lines):
    assert moon.post("/write", "\n".join(lines) + "\n", "text/plain").status == 204


def wait_done(moon):
    servers.wait_for(
        lambda: moon.metrics()['moonline_output_pending_points{output="db"}'] == 0, f"nothing waits\n{moon.said()[-2000:]}"
    )


def settled(moon, bad, word):
    """Nothing waits; exactly the bad lines are dead, for that reason, with the
    status and the server's number of the request."""
    wait_done(moon)
    dead = letters(moon)
    assert set(dead) == set(bad), f"{len(dead)} dead, {len(bad)} bad"
    for status, request, reason in dead.values():
        assert word in reason, reason
        assert status == "400" and re.fullmatch(r"[0-9a-f-]{36}", request), (status, request)
    moon.wait_well()


def test_a_field_of_another_type(influx, gateway):
    moon = gateway(config(influx, NATIVE))
    send(moon, [f"m,h=a v=1 {START}"])
    wait_done(moon)
    good = [f"m,h=a v={n}.5 {START + n}" for n in range(1, 100)]
    bad = [f'm,h=b v="text" {START + 1000}', f"m,h=b v=7i {START + 1001}", f"m,h=b v=true {START + 1002}"]
    send(moon, good[:50] + bad + good[50:])
    settled(moon, bad, 'field type conflict: input field "v" on measurement "m"')
    assert influx.count("m", "v") == 1 + len(good)


def test_types_by_week(influx, gateway):
    """InfluxDB 1.6 minds the type in each week by itself."""
    moon = gateway(config(influx, NATIVE))
    send(moon, [f"m v=1 {START}", f'm v="old" {START - 10 * WEEK_NS}'])
    wait_done(moon)
    bad = [f'm v="new" {START + 1}', f"m v=2 {START - 10 * WEEK_NS + 1}"]
    send(moon, [f"m v=3 {START + 2}", *bad, f'm v="old too" {START - 10 * WEEK_NS + 2}'])
    settled(moon, bad, "field type conflict")


def test_points_beyond_the_retention_policy(influx, gateway):
    influx.query("CREATE RETENTION POLICY short ON iot DURATION 1h REPLICATION 1 DEFAULT")
    now = time.time_ns()
    moon = gateway(config(influx, NATIVE))
    bad = [f"m v={n} {now - (n + 3) * 3600 * 10**9}" for n in range(3)]
    good = [f"m v={n} {now + n}" for n in range(20)]
    send(moon, good[:10] + bad + good[10:])
    settled(moon, bad, "points beyond retention policy")
    assert influx.count("m", "v") == len(good)


def test_too_many_values_of_a_tag(tmp_path, gateway):
    with servers.Influx(tmp_path / "influx", data='  max-values-per-tag = 5\n  index-version = "inmem"') as influx:
        moon = gateway(config(influx, NATIVE))
        send(moon, [f"m,h=k{n} v=1 {START}" for n in range(5)])
        wait_done(moon)
        bad = [f"m,h=n{n} v=1 {START}" for n in range(3)]
        send(moon, [f"m,h=k1 v=2 {START + 1}", *bad, f"m,h=k2 v=3 {START + 1}"])
        settled(moon, bad, "max-values-per-tag limit exceeded")
        assert influx.count("m", "v") == 7


def test_a_server_with_a_small_limit_of_a_body(tmp_path, gateway):
    """Halved until it fits, and one line that never will is dead."""
    with servers.Influx(tmp_path / "influx", http="  max-body-size = 4000") as influx:
        moon = gateway(config(influx, NATIVE, more=", gzip = false"))
        lines = [f"m,h=a v={n} {START + n}" for n in range(500)]
        send(moon, lines)
        wait_done(moon)
        assert influx.count("m", "v") == len(lines) and not letters(moon)
        huge = f'm,h=a s="{"z" * 5000}" {START}'
        send(moon, [f"m,h=b v=1 {START}", huge, f"m,h=b v=2 {START + 1}"])
        wait_done(moon)
        assert list(letters(moon)) == [huge]
        assert influx.count("m", "v") == len(lines) + 2


@pytest.mark.parametrize("count", [1, 5, 50])
def test_requests_to_find_bad_lines_among_five_thousand(influx, gateway, count):
    """The conflict of types names no line of InfluxDB 1.6. What it wrote is
    written again on the way, and is the same."""
    total = 5000
    moon = gateway(config(influx, NATIVE, more=', batch_lines = 5000, batch_bytes = "8MB"'))
    send(moon, [f"m,h=a v=0 {START}"])
    wait_done(moon)
    influx.kill()
    at = {(2 * n + 1) * total // (2 * count) for n in range(count)}
    lines = [f'm,h=a v={chr(34) + "x" + chr(34) if n in at else n} {START + 1 + n}' for n in range(total)]
    send(moon, lines)
    influx.start()
    settled(moon, [lines[n] for n in at], "field type conflict")
    print(f"real InfluxDB: {count} bad lines of {total} cost {influx.writes()} requests, probes too")
    assert influx.count("m", "v") == 1 + total - count


def test_victoria_metrics_takes_the_longest_line_there_is(victoria, gateway):
    """Its limit of a line is above ours, so it has no reason to refuse one."""
    moon = gateway(config(victoria, NATIVE))
    long = f'm,h=a s="{"z" * 50000}",v=1 {START}'
    send(moon, [f"m,h=b v=1 {START}", long, f"m,h=c v=1 {START}"])
    wait_done(moon)
    servers.wait_for(lambda: len(victoria.series('{__name__="m_v"}')) == 3, "all three")
    assert not letters(moon)
