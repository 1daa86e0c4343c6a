"""Points through the gateway into InfluxDB 1.6, read back and compared."""

import re

import pytest

import servers

OUTPUT = 'outputs = {{ db = {{ url = "{url}", database = "iot", flush = "5ms"{more} }} }},'


def config(influx, routes, more=""):
    return (
        'return { listen = "127.0.0.1:{port}", admin = "127.0.0.1:{admin}", data = "{data}",\n'
        + OUTPUT.format(url=influx.url, more=more)
        + "routes = {" + routes + "} }"
    )


TYPED = """
return function(req)
  local points = {}
  for p in each(req.json) do
    points[#points + 1] = point(p.name, p.tags, {
      f = p.f, i = int(p.i), b = p.b, s = p.s,
    }, p.time)
  end
  return points
end
"""
TYPED_ROUTE = '{ path = "/typed", script = "typed.lua", verify = false }'

# Times are apart by one nanosecond: none of them may be rounded.
START = 1767323045123456789


def settled(gateway):
    """Until nothing waits for delivery."""
    def is_settled():
        found = gateway.metrics()
        delivered = found['moonline_output_delivered_points_total{output="db"}']
        journalled = found['moonline_output_journalled_points_total{output="db"}']
        return journalled > 0 and delivered == journalled

    servers.wait_for(is_settled, "all points are delivered")


def post_typed(influx, gateway, payload):
    moon = gateway(config(influx, TYPED_ROUTE), {"typed.lua": TYPED})
    assert moon.post("/typed", payload).status == 204
    count = len(payload)
    servers.wait_for(lambda: len(influx.points("m")) >= count, f"{count} points")
    return influx.points("m")


def test_each_type_comes_back_as_it_went_in(influx, gateway):
    sent = [
        {"f": 21.5, "i": 7, "b": True, "s": "text"},
        {"f": 20, "i": -7, "b": False, "s": ""},
        {"f": 0.1, "i": 9223372036854775807, "s": 'say "hi" \\ there'},
        {"f": 1e300, "i": -9223372036854775808, "s": "käse, 5=6 \U0001f600"},
        {"f": 5e-324, "i": 9007199254740993, "s": "a,b=c d"},
        {"f": -2.2250738585072014e-308, "i": 0, "s": "back\\slash at the end\\"},
        {"f": 123456789.123456789, "s": "line\nbreak"},
    ]
    payload = [
        {"name": "m", "tags": {"host": "a"}, "time": START + n, **values}
        for n, values in enumerate(sent)
    ]
    got = post_typed(influx, gateway, payload)
    assert influx.types("m") == {
        "f": "float", "i": "integer", "b": "boolean", "s": "string",
    }
    sent[-1]["s"] = "line\\nbreak"  # no line of ours holds a raw newline
    for n, (time, tags, fields) in enumerate(got):
        assert time == START + n
        assert tags == {"host": "a"}
        assert fields == sent[n], n
        assert isinstance(fields.get("i", 0), int)
        assert fields.get("b") in (True, False, None)


def test_names_and_tags_with_every_special_character(influx, gateway):
    odd = 'a,b c=d"e\\f'
    payload = [
        {"name": "m", "tags": {odd: odd, "plain": "ü 中 ,=", "empty": ""},
         "f": 1.5, "time": START},
        {"name": "m", "tags": {"back": "ends with \\", "line": "two\nlines"},
         "f": 2.5, "time": START + 1},
    ]
    got = post_typed(influx, gateway, payload)
    assert {k: v for k, v in got[0][1].items() if v} == {odd: odd, "plain": "ü 中 ,="}
    cleaned = {k: v for k, v in got[1][1].items() if v}
    assert cleaned == {"back": "ends with ", "line": "two lines"}


def test_a_form_becomes_numbers_and_text(influx, gateway):
    script = """
return function(req)
  local f = req.form
  return point("m", { station = f.station, sensor = f["sensor id"] }, {
    temp = number(f.temp), count = int(f.count), on = bool(f.on), note = f.note, none = number(f.none),
  }, time.parse(f.at))
end
"""
    moon = gateway(
        config(influx, '{ path = "/form", script = "form.lua", verify = false }'),
        {"form.lua": script},
    )
    answer = moon.form("/form", {
        "station": "Nord & Süd", "sensor id": "7", "temp": "-3.25", "count": "42",
        "on": "yes", "note": "50% + more", "none": "--", "at": "2026-01-02 03:04:05",
    })
    assert answer.status == 204
    servers.wait_for(lambda: influx.points("m"), "a point")
    assert influx.points("m") == [(
        1767323045000000000,
        {"station": "Nord & Süd", "sensor": "7"},
        {"temp": -3.25, "count": 42, "on": True, "note": "50% + more"},
    )]
    assert influx.types("m") == {
        "temp": "float", "count": "integer", "on": "boolean", "note": "string",
    }


NATIVE = '{ path = "/write", line_protocol = true, verify = false }'


@pytest.mark.parametrize("precision, factor", [("ns", 1), ("u", 1000), ("ms", 10**6), ("s", 10**9)])
def test_native_writes_keep_types_and_times(influx, gateway, precision, factor):
    moon = gateway(config(influx, NATIVE))
    lines = (
        b'# a comment with "quotes x=\n'
        b"m,b=2,a=1 f=1.5,i=3i,on=t,s=\"x \\\"y\\\"\" 1767323045\r\n"
        b"\n"
        b'm,a=1,b=2 f=-0.25e2,i=-3i,on=false,s="two\nlines" 1767323046'
    )
    answer = moon.post(f"/write?db=any&precision={precision}", lines, "text/plain")
    assert answer.status == 204, answer.body
    servers.wait_for(lambda: len(influx.points("m")) == 2, "two points")
    tags = {"a": "1", "b": "2"}
    assert influx.points("m") == [
        (1767323045 * factor, tags, {"f": 1.5, "i": 3, "on": True, "s": 'x "y"'}),
        (1767323046 * factor, tags, {"f": -25, "i": -3, "on": False, "s": "two\\nlines"}),
    ]
    assert influx.types("m") == {"f": "float", "i": "integer", "on": "boolean", "s": "string"}


def test_a_bad_line_stores_nothing_of_its_request(influx, gateway):
    moon = gateway(config(influx, NATIVE))
    answer = moon.post("/write", b"m v=1 1\nm v= 2\nm v=3 3\n", "text/plain")
    assert answer.status == 400
    assert "line 2" in answer.json["error"]
    assert moon.post("/write", b"m v=4 4\n", "text/plain").status == 204
    servers.wait_for(lambda: influx.points("m"), "a point")
    settled(moon)
    assert influx.points("m") == [(4, {}, {"v": 4})]


@pytest.mark.parametrize("precision, unit", [("ns", 1), ("us", 10**3), ("ms", 10**6), ("s", 10**9)])
@pytest.mark.parametrize("gzip", ["true", "false"])
def test_the_precision_of_an_output(influx, gateway, precision, unit, gzip):
    more = f', precision = "{precision}", gzip = {gzip}'
    moon = gateway(config(influx, NATIVE, more))
    lines = f"m v=1 {START}\nm v=2 -1\nm v=3 {-START}\n"
    assert moon.post("/write", lines, "text/plain").status == 204
    servers.wait_for(lambda: len(influx.points("m")) == 3, "three points")
    want = [time // unit * unit for time in (-START, -1, START)]
    assert [time for time, _, _ in influx.points("m")] == want


def test_a_retention_policy_is_chosen(influx, gateway):
    influx.query('CREATE RETENTION POLICY "two words" ON iot DURATION INF REPLICATION 1')
    moon = gateway(config(influx, NATIVE, ', retention_policy = "two words"'))
    assert moon.post("/write", f"m v=1 {START}\n", "text/plain").status == 204
    servers.wait_for(lambda: influx.query('SELECT v FROM "two words".m'), "a point")
    assert influx.points("m") == []


def test_a_large_request_arrives_whole(influx, gateway):
    count = 20000
    moon = gateway(config(influx, NATIVE))
    lines = "".join(f"m,n={n % 10} v={n}i {START + n}\n" for n in range(count))
    assert moon.post("/write", lines, "text/plain").status == 204
    servers.wait_for(lambda: influx.count("m", "v") == count, f"{count} points")
    assert sorted(fields["v"] for _, _, fields in influx.points("m")) == list(range(count))


# ---- what the operator must mend ----


def tells_of(moon, status):
    """As a word: a port or a time stamp may have the same digits."""
    return re.search(rf"\b{status}\b", moon.said())


def test_user_and_password_and_what_happens_without(tmp_path, gateway):
    with servers.Influx(tmp_path / "influx", user="me", password="pa:ss wörd") as influx:
        wrong = config(influx, NATIVE, ', user = "me", password = "not it"')
        moon = gateway(wrong)
        assert moon.post("/write", f"m v=1 {START}\n", "text/plain").status == 204
        servers.wait_for(lambda: tells_of(moon, 401), "the log tells of the 401")
        assert "not it" not in moon.said()
        assert b"401" in moon.health().body
        assert influx.points("m") == []
        assert moon.stop()[0] == 0
        moon.configure(config(influx, NATIVE, ', user = "me", password = env "DB_PASSWORD"'))
        moon.more_environment["DB_PASSWORD"] = "pa:ss wörd"
        moon.start()
        servers.wait_for(lambda: influx.points("m"), "the point that waited")
        assert influx.points("m") == [(START, {}, {"v": 1})]


def test_a_database_that_is_made_later(influx, gateway):
    moon = gateway(config(influx, NATIVE).replace('database = "iot"', 'database = "later"'))
    assert moon.post("/write", f"m v=1 {START}\n", "text/plain").status == 204
    servers.wait_for(lambda: tells_of(moon, 404), "the log tells of the 404")
    assert "database not found" in moon.said()
    influx.create("later")
    servers.wait_for(lambda: influx.query("SELECT v FROM m", "later"), "the point that waited")
