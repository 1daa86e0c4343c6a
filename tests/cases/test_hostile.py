"""Bodies made to cost: each is over soon, and whoever comes next on the same
worker is served as if nothing had been."""

import gzip

import pytest

from gateway import Gateway
from servers import wait_for

SCRIPTS = {
    "json": "return function(req) local all = req.json return point('m', nil, { n = 1 }) end",
    "flat": "return function(req) return point('m', nil, flatten(req.json)) end",
    "numbers": "return function(req) numbers(req.json) end",
    "tags": "return function(req) return point('m', req.json, { n = 1 }) end",
    "ndjson": "return function(req) return point('m', nil, { n = #req.ndjson }) end",
    "csv": "return function(req) return point('m', nil, { n = #req.csv }) end",
    "lines": "return function(req) return point('m', nil, { n = #req.lines }) end",
    "parts": "return function(req) return point('m', nil, { n = #req.parts }) end",
    "form": "return function(req) return point('m', nil, { n = #all(req.form, 'a') }) end",
    "unpack": "return function(req) return point('m', nil, { n = #gunzip(req.body) }) end",
    "pattern": "return function(req) return nil, tostring((req.text):find('a.-a.-a.-b')) end",
    "honest": "return function(req) return point('honest', { id = req.form.id }, { n = 1 }) end",
}

LARGE = 7_900_000
JSON = "application/json"
LINES = "application/x-ndjson"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"

ATTACKS = {
    "a number without end": ("ndjson", LINES, b'{"a":' + b"1" * LARGE + b"}", 400),
    "one long line": ("ndjson", LINES, b'{"a":"' + b"x" * LARGE + b'"}', 204),
    "four million bad lines": ("ndjson", LINES, b"x\n" * (LARGE // 2), (202, 400)),
    "too many lines": ("ndjson", LINES, b"{}\n" * (LARGE // 3), 400),
    "one good line, many bad": ("ndjson", LINES, b"{}\n" + b"x\n" * 90_000, 202),
    "brackets": ("json", JSON, b"[" * LARGE, 400),
    "keys all the same": ("json", JSON, b'{"a":1' + b',"a":1' * 99_000 + b"}", 204),
    "flat, a name of megabytes": ("flat", JSON, b'{"' + b"k" * 4_000_000 + b'":{' + b",".join(b'"%d":1' % i for i in range(90_000)) + b"}}", 202),
    "blanks for numbers": ("numbers", JSON, b"{" + b",".join(b'"k%d":"%s"' % (i, b" " * 80_000) for i in range(90)) + b"}", 204),
    "a tag of a million zeros": ("tags", JSON, b'{"a":"' + b"\\u0000" * 1_000_000 + b'"}', 202),
    "a tag's name with a line in it": ("tags", JSON, b'{"a\\nb":"x"}', 202),
    "a quote that never ends": ("csv", "text/csv", b'"' + b"x" * LARGE, 400),
    "millions of fields": ("csv", "text/csv", b"," * LARGE, 400),
    "empty rows": ("csv", "text/csv", b"\n" * LARGE, 204),
    "millions of lines": ("lines", "text/plain", b"\n" * LARGE, 202),
    "too many parts": ("parts", PARTS, b"--b\r\n\r\n\r\n" * 700_000 + b"--b--", 413),
    "a part of headers only": ("parts", PARTS, b"--b\r\n" + b"a: b\r\n" * 1_000_000, 413),
    "too many names": ("form", FORM, b"a=&" * 2_600_000, 413),
    "nothing but percent signs": ("form", FORM, b"%" * LARGE, 204),
    "a bomb within": ("unpack", "application/octet-stream", gzip.compress(b"\0" * 60_000_000), (202, 413)),
    "many empty members": ("unpack", "application/octet-stream", gzip.compress(b"") * 300_000, (202, 204)),
    "a text for a pattern": ("pattern", "text/plain", b"a" * 3000, 202),
}


@pytest.fixture(name="gateway", scope="module")
def make_gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for name, text in SCRIPTS.items():
        (folder / f"{name}.lua").write_text(text)
    routes = "".join(f'{{ path = "/{name}", script = "{name}.lua" }}, ' for name in SCRIPTS)
    config = f"""
return {{
  listen = "127.0.0.1:0", admin = "127.0.0.1:0", workers = 1,
  outputs = {{ paper = {{ file = "points.lp", flush = "10ms" }} }},
  routes = {{ {routes} }},
}}
"""
    with Gateway(folder, config) as gateway:
        gateway.points = folder / "points.lp"
        yield gateway


@pytest.mark.parametrize("name", ATTACKS)
def test_a_hostile_body_harms_nobody(gateway, name):
    script, kind, body, statuses = ATTACKS[name]
    for turn in ("first", "again"):
        status, _, text = gateway.post(f"/{script}", body, {"Content-Type": kind})
        assert status in (statuses if isinstance(statuses, tuple) else (statuses,)), text
        tag = f"{turn}-{list(ATTACKS).index(name)}"
        assert gateway.post("/honest", f"id={tag}", {"Content-Type": FORM})[0] == 204
        wait_for(lambda: f"honest,id={tag} n=1 " in gateway.points.read_text(), "the honest point")
