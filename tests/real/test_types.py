"""With `types` InfluxDB never sees a value of another type, so it never refuses a batch."""

import re

import servers

CONFIG = """return {{
  listen = "127.0.0.1:{{port}}", admin = "127.0.0.1:{{admin}}", data = "{{data}}",
  outputs = {{ db = {{ url = "{url}", database = "iot", flush = "10ms", types = {types} }} }},
  routes = {{ {{ path = "/w", line_protocol = true, verify = false }} }},
}}
"""
START = 1_700_000_000_000_000_000
ROUNDS = 100
VALUES = ("20", '"n/a"', "20.5", "20i")


def value(moon, name):
    return moon.metrics()[f'moonline_{name}{{output="db"}}']


def refused(influx):
    """Points that InfluxDB dropped, and requests that it answered with 4xx."""
    found = servers.request(influx.port, "GET", "/debug/vars").json
    http = next(part["values"] for name, part in found.items() if name.startswith("httpd:"))
    return http["pointsWrittenDropped"] + http["pointsWrittenFail"], http["clientError"]


def letters(moon):
    text = "".join(path.read_text() for path in (moon.folder / "data/dead/points/db").glob("*.lp"))
    return re.findall(r"^#dead \S+\.1 \S+ 0 - (.*)\n(.*)$", text, re.M)


def test_a_sender_that_alternates_never_makes_a_400(influx, gateway):
    moon = gateway(CONFIG.format(url=influx.url, types='"learn"'))
    dropped = refused(influx)
    for n in range(ROUNDS):
        for k, text in enumerate(VALUES):
            answer = moon.post("/w", f"soil t={text} {START + 10 * n + k}\n", "text/plain")
            assert answer.status == 204, answer.body
        if n == ROUNDS // 2:
            moon.kill()
            moon.start()
    servers.wait_for(lambda: value(moon, "output_pending_points") == 0, "nothing waits")
    assert influx.types("soil") == {"t": "float"}
    assert influx.count("soil", "t") == 3 * ROUNDS
    assert refused(influx) == dropped
    assert value(moon, "dead_points_total") == 0
    assert value(moon, "output_isolated_batches_total") == 0
    found = letters(moon)
    assert len(set(found)) == ROUNDS
    for reason, line in found:
        assert re.match(r'soil\.t is text "n/a", the contract says float \(learnt 2', reason)
        assert line.startswith('soil t="n/a" ')


def test_numbers_of_a_written_contract_arrive_as_it_says(influx, gateway):
    moon = gateway(CONFIG.format(url=influx.url, types='{ ["m.i"] = "int", ["m.f"] = "float", convert = "text" }'))
    dropped = refused(influx)
    for n, text in enumerate(("i=20,f=20i", 'i="21",f="21.5"', "i=20.5,f=1", "i=22i,f=2")):
        assert moon.post("/w", f"m {text} {START + n}\n", "text/plain").status == 204
    servers.wait_for(lambda: value(moon, "output_pending_points") == 0, "nothing waits")
    servers.wait_for(lambda: influx.count("m", "i") == 3, "three points")
    assert influx.types("m") == {"i": "integer", "f": "float"}
    assert [fields for _, _, fields in influx.points("m")] == [{"i": 20, "f": 20}, {"i": 21, "f": 21.5}, {"i": 22, "f": 2}]
    assert refused(influx) == dropped
    assert len(letters(moon)) == 1


def test_a_sender_that_waits_is_told_what_does_not_fit(influx, gateway):
    config = CONFIG.format(url=influx.url, types='"learn"').replace("verify = false", 'verify = false, ack = "written"')
    moon = gateway(config)
    assert moon.post("/w", f"soil t=20 {START}\n", "text/plain").status == 204
    answer = moon.post("/w", f'soil t=21 {START + 1}\nsoil t="n/a" {START + 2}\n', "text/plain")
    assert answer.status == 422, answer.body
    assert b"kept as a dead letter, the rest is written" in answer.body
    assert b"the contract says float" in answer.body
    assert influx.count("soil", "t") == 2
    assert moon.post("/w", f'soil t="n/a" {START + 3}\n', "text/plain").status == 422, "nothing else to wait for"
