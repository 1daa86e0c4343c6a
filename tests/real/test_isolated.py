"""A batch is taken apart, by InfluxDB 1.6: order, crash and stop meanwhile; and
what an operator mends later."""

import math
import re
import time

import servers

CONFIG = """return {{
  listen = "127.0.0.1:{{port}}", admin = "127.0.0.1:{{admin}}", data = "{{data}}",
  outputs = {{ db = {{ url = "{url}", database = "{database}", flush = "50ms"{more} }} }},
  routes = {{ {{ path = "/w", line_protocol = true, verify = false }} }},
}}
"""
START = 1_700_000_000_000_000_000
COUNT = 5000


def start(gateway, influx, more="", database="iot"):
    return gateway(CONFIG.format(url=influx.url, database=database, more=f", {more}" if more else ""))


def value(moon, name):
    return moon.metrics()[f'moonline_{name}{{output="db"}}']


def send(moon, lines):
    answer = moon.post("/w", "\n".join(lines) + "\n", "text/plain")
    assert answer.status == 204, answer.body


def wait_done(moon):
    """Nothing waits; and what was acknowledged is delivered or dead."""
    servers.wait_for(lambda: value(moon, "output_pending_points") == 0, "nothing waits")
    acked = value(moon, "output_journalled_points_total")
    assert acked == value(moon, "output_delivered_points_total") + value(moon, "dead_points_total")


def letters(moon):
    """{line: (status, reason)}"""
    found = {}
    for path in sorted((moon.folder / "data" / "dead" / "points" / "db").glob("*.lp")):
        for line in path.read_text().splitlines():
            if line.startswith("#dead "):
                _, _, _, status, _, reason = line.split(" ", 5)
            elif not line.startswith("#"):
                found[line] = (int(status), reason)
    return found


def a_line(number, is_bad=False):
    field = '"text"' if is_bad else f"{number}.5"
    return f"m,s={number % 3} v={field} {START + number}"


def test_fields_of_another_type_are_isolated(influx, gateway):
    influx_has_a_float(influx)
    for bad in (1, 5, 50, COUNT):
        moon = start(gateway, influx)
        lines = [a_line(n, n % (COUNT // bad) == COUNT // bad - 1) for n in range(COUNT)]
        send(moon, lines)
        wait_done(moon)
        dead = letters(moon)
        assert set(dead) == {line for line in lines if "text" in line}
        assert all(status == 400 and "type conflict" in reason for status, reason in dead.values())
        requests = value(moon, "output_isolating_requests_total")
        print(f"{bad} of {COUNT} bad: {requests:.0f} requests more")
        assert requests <= bad * (math.log2(COUNT / bad) + 3) + 26
        assert len(influx.points("m")) == COUNT - bad + 1
        moon.wait_well()
        moon.__exit__()
        influx.query('DROP SERIES FROM "m"')
        influx_has_a_float(influx)


def influx_has_a_float(influx):
    answer = servers.request(influx.port, "POST", "/write?db=iot", f"m v=1.5 {START - 1}\n".encode())
    assert answer.status == 204


def test_the_last_value_wins_also_in_a_batch_that_is_taken_apart(influx, gateway):
    influx_has_a_float(influx)
    moon = start(gateway, influx)
    lines = []
    for n in range(300):
        lines.append(f"m,s=a v={n} {START}")
        if n % 7 == 3:
            lines.append(a_line(n, is_bad=True))
    send(moon, lines)
    wait_done(moon)
    assert [fields["v"] for _, tags, fields in influx.points("m") if tags.get("s") == "a"] == [299]
    assert len(letters(moon)) == len([line for line in lines if "text" in line])


def test_a_crash_while_a_batch_is_taken_apart_loses_nothing(influx, gateway):
    influx_has_a_float(influx)
    moon = start(gateway, influx)
    lines = [a_line(n, n % 25 == 7) for n in range(COUNT)]
    send(moon, lines)
    for _ in range(3):
        servers.wait_for(lambda: value(moon, "output_isolating_requests_total") > 20, "it is being taken apart")
        moon.kill()
        moon.start()
    servers.wait_for(lambda: value(moon, "output_pending_points") == 0, "nothing waits")
    assert set(letters(moon)) == {line for line in lines if "text" in line}
    assert len(influx.points("m")) == COUNT - COUNT // 25 + 1


def test_a_stop_while_a_batch_is_taken_apart_ends_in_time(influx, gateway):
    influx_has_a_float(influx)
    moon = start(gateway, influx)
    lines = [a_line(n, n % 3 > 0) for n in range(COUNT)]
    send(moon, lines)
    servers.wait_for(lambda: value(moon, "output_isolating_requests_total") > 5, "it is being taken apart")
    begin = time.monotonic()
    moon.stop()
    print(f"stopped in {time.monotonic() - begin:.2f} s")
    moon.start()
    servers.wait_for(lambda: value(moon, "output_pending_points") == 0, "nothing waits")
    assert set(letters(moon)) == {line for line in lines if "text" in line}
    assert len(influx.points("m")) == len([line for line in lines if "text" not in line]) + 1


def test_a_body_limit_is_found_and_kept_to(tmp_path, gateway):
    with servers.Influx(tmp_path / "influx", http="  max-body-size = 20000") as influx:
        moon = start(gateway, influx, "gzip = false")
        send(moon, [a_line(n) for n in range(COUNT)])
        wait_done(moon)
        assert len(influx.points("m")) == COUNT
        assert value(moon, "output_write_limit_bytes") <= 25000
        assert value(moon, "dead_points_total") == 0
        # one line that is larger alone
        send(moon, [f'm s="{"x" * 30000}" {START}', a_line(COUNT)])
        wait_done(moon)
        assert [status for status, _ in letters(moon).values()] == [413]
        assert len(influx.points("m")) == COUNT + 1


def test_a_database_that_is_made_later_gets_all(influx, gateway):
    moon = start(gateway, influx, database="later")
    send(moon, [a_line(n) for n in range(10)])
    servers.wait_for(lambda: value(moon, "output_failing") == 1, "it says so")
    health = moon.health()
    assert health.status == 503
    assert re.search(rb"404 from .*database not found.*create it", health.body), health.body
    assert "database not found" in moon.said()
    influx.create("later")
    wait_done(moon)
    assert influx.query('SELECT count("v") FROM "m"', "later")[0]["values"][0][1] == 10
    moon.wait_well()


def test_a_retention_policy_that_is_made_later_gets_all(influx, gateway):
    """The server says 500, though it will never pass by itself."""
    moon = start(gateway, influx, 'retention_policy = "later"')
    send(moon, [a_line(n) for n in range(10)])
    servers.wait_for(lambda: value(moon, "output_failing") == 1, "it says so")
    assert b"retention policy not found" in moon.health().body
    influx.query('CREATE RETENTION POLICY "later" ON "iot" DURATION INF REPLICATION 1')
    wait_done(moon)
    assert influx.query('SELECT count("v") FROM "later"."m"')[0]["values"][0][1] == 10
    assert letters(moon) == {}
