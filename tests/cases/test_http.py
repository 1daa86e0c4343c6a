"""The senders' door of a real gateway: good input, bad input, hostile input.

Raw sockets, so that every byte is ours.
"""

import collections
import concurrent.futures
import gzip
import json
import re
import socket
import struct
import threading
import zlib

import pytest

from servers import Gateway, request, wait_for

CONFIG = """
return {
  listen = "127.0.0.1:{port}", admin = "127.0.0.1:{admin}", data = "{data}",
  outputs = { paper = { file = "points.lp", flush = "10ms" } },
  routes = {
    { path = "/json", script = "json.lua" },
    { path = "/form", script = "form.lua" },
    { path = "/get", script = "query.lua", method = "GET" },
    { path = "/station/:name", script = "station.lua" },
    { path = "/bad/:how", script = "bad.lua" },
    { path = "/memory", script = "memory.lua", limits = { time = "5s" } },
    { path = "/reply", script = "reply.lua" },
    { path = "/small", script = "json.lua", limits = { body = 1000 } },
    { path = "/secret", script = "json.lua",
      verify = { scheme = "bearer", secret = "s3cret" } },
    { path = "/elsewhere", script = "json.lua",
      verify = { allow = { "10.0.0.0/8" } } },
    { path = "/api/v2/write", line_protocol = true },
    { path = "/write", line_protocol = true },
  },
}
"""

FILES = {
    "json.lua": """
return function(req)
  if not req.json then return nil, "nothing to read" end
  return point("m", {}, { a = req.json.a or 1 })
end
""",
    "form.lua": """
return function(req)
  local fields = {}
  for name, value in pairs(req.form) do fields[name] = value end
  fields.body_length = #req.body
  return point("form", {}, fields)
end
""",
    "query.lua": """
return function(req)
  return point("query", {}, { t = number(req.query.t), id = req.query.id })
end
""",
    "station.lua": """
return function(req)
  return point("station", { name = req.params.name }, { a = 1 })
end
""",
    "bad.lua": """
local how = {}
function how.raise() error("no such sensor") end
function how.number() return 42 end
function how.nofields() return point("m", {}) end
function how.tablefield() return point("m", {}, { a = {} }) end
function how.loop() while true do end end
function how.refuse() return nil, "not today", 409 end
return function(req)
  emit(point("m", {}, { before = 1 }))
  return how[req.params.how]()
end
""",
    "memory.lua": """
return function(req)
  local kept = {}
  for i = 1, 1e9 do kept[i] = ("x"):rep(100000) .. i end
end
""",
    "reply.lua": """
return function(req)
  reply(tonumber(req.query.status or 200), { result = "ok" })
  return point("m", {}, { a = 1 })
end
""",
}

POINTS = 'moonline_output_journalled_points_total{output="paper"}'

Heard = collections.namedtuple("Heard", "status headers body closed")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("http"), CONFIG, FILES) as running:
        yield running


class Caller:
    """A sender whose every byte is ours."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=300)
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def say(self, data):
        self.socket.sendall(data)

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.received += data
        return data

    def hear(self, head_only=False):
        """One answer; None if the connection ends without one."""
        while b"\r\n\r\n" not in self.received:
            if not self.more():
                return None
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if head_only else int(headers.get("content-length", 0))
        while len(self.received) < length:
            assert self.more(), "an answer was cut"
        body, self.received = self.received[:length], self.received[length:]
        closed = headers.get("connection", "").lower() == "close"
        return Heard(int(first.split()[1]), headers, body, closed)

    def has_ended(self):
        while self.more():
            pass
        return True


def post(target, body=b"", *headers, version="1.1", method="POST"):
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/{version}", "Host: x", *headers]
    lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(gateway, data):
    with Caller(gateway.port) as caller:
        caller.say(data)
        return caller.hear()


def stored(gateway):
    return gateway.metrics()[POINTS]


def lines_of(gateway):
    file = gateway.folder / "points.lp"
    return file.read_text().splitlines() if file.exists() else []


def wait_for_line(gateway, part):
    def found():
        return [line for line in lines_of(gateway) if part in line]

    return wait_for(found, f"a line with {part}")[0]


# ---------------------------------------------------------------- good ----


JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"


def test_a_json_post_becomes_a_point(gateway):
    heard = ask(gateway, post("/json", b'{"a":1234.5}', JSON))
    assert heard.status == 204
    assert re.fullmatch("[0-9a-f]{16}", heard.headers["x-request-id"])
    assert re.fullmatch(
        r"m a=1234.5 \d{19}", wait_for_line(gateway, "a=1234.5")
    )


@pytest.mark.parametrize(
    "headers, body, wanted",
    [
        ([], b'{"a":2001}', "a=2001 "),
        (["Content-Type: text/plain"], b'{"a":2002}', "a=2002 "),
        ([FORM], b'{"a":2003}', "a=2003 "),
        ([JSON], b'\xef\xbb\xbf{"a":2004}\r\n', "a=2004 "),
        ([JSON, "Content-Encoding: gzip"], gzip.compress(b'{"a":2005}'), "a=2005 "),
        ([JSON, "Content-Encoding: x-gzip"], gzip.compress(b'{"a":2006}'), "a=2006 "),
        ([JSON, "Content-Encoding: deflate"], zlib.compress(b'{"a":2007}'), "a=2007 "),
        (["Content-Type: application/json; charset=utf-16"],
         '{"a":2008}'.encode("utf-16"), "a=2008 "),
    ],
)
def test_json_is_read_however_it_comes(gateway, headers, body, wanted):
    assert ask(gateway, post("/json", body, *headers)).status == 204
    wait_for_line(gateway, wanted)


@pytest.mark.parametrize(
    "headers, body, wanted",
    [
        ([FORM], b"a=x+y&b=%2B&a=3001", ['a="3001"', 'b="+"']),
        ([], b"c=3002", ['c="3002"']),
        ([FORM], b"bad=%zz&end=%&n=3003", ['bad="%zz"', 'end="%"']),
        ([FORM + "; charset=ISO-8859-1"], b"ort=M%FCnchen&n=3004", ['ort="München"']),
        ([FORM], b"alarm&n=3005", ['alarm=""']),
    ],
)
def test_forms_are_read(gateway, headers, body, wanted):
    assert ask(gateway, post("/form", body, *headers)).status == 204
    line = wait_for_line(gateway, '="' + re.search(r"300\d", body.decode()).group())
    for part in wanted:
        assert part in line


def test_a_get_has_its_data_in_the_query(gateway):
    with Caller(gateway.port) as caller:
        caller.say(b"GET /get?t=21.5&id=a%20b HTTP/1.1\r\nHost: x\r\n\r\n")
        assert caller.hear().status == 204
    assert 'id="a b",t=21.5' in wait_for_line(gateway, "query ")


def test_params_are_decoded(gateway):
    assert ask(gateway, post("/station/my%20garden/", b"")).status == 204
    wait_for_line(gateway, r"station,name=my\ garden a=1")


def test_a_script_chooses_its_answer(gateway):
    heard = ask(gateway, post("/reply", b""))
    assert heard.status == 200
    assert heard.headers["content-type"] == "application/json"
    assert json.loads(heard.body) == {"result": "ok"}


def test_a_status_that_has_no_body_sends_none(gateway):
    """Whatever the script says: what a sender does not expect it would take for the next answer."""
    with Caller(gateway.port) as caller:
        for status in (204, 205, 204):
            caller.say(post(f"/reply?status={status}"))
            heard = caller.hear(head_only=True)
            assert heard.status == status
            assert int(heard.headers.get("content-length", "0")) == 0
        caller.say(post("/reply"))
        assert caller.hear().status == 200


@pytest.mark.parametrize("target", ["/json", "/secret", "/write", "/station/x"])
def test_head_is_answered_by_every_route(gateway, target):
    with Caller(gateway.port) as caller:
        for _ in range(3):
            caller.say(f"HEAD {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            heard = caller.hear(head_only=True)
            assert heard.status == 200 and not heard.closed


def test_influx_clients_find_what_they_ask_for(gateway):
    with Caller(gateway.port) as caller:
        caller.say(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = caller.hear()
        assert heard.status == 204 and heard.headers["x-influxdb-version"]
        caller.say(b"HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert caller.hear(head_only=True).status == 204
        caller.say(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        heard = caller.hear()
        assert heard.status == 200
        assert json.loads(heard.body)["status"] == "pass"


def test_native_writes(gateway):
    body = b"cpu,host=a v=4001 1700000000\ncpu,host=b v=4002 1700000000\n"
    assert ask(gateway, post("/write?precision=s&db=x", body)).status == 204
    assert wait_for_line(gateway, "v=4002").endswith(" 1700000000000000000")
    before = stored(gateway)
    bad = body + b"cpu,host=c v= 1\n"
    heard = ask(gateway, post("/write", bad))
    assert heard.status == 400
    assert "line 3, column" in json.loads(heard.body)["error"]
    heard = ask(gateway, post("/api/v2/write", bad))
    assert heard.status == 400
    assert json.loads(heard.body)["code"] == "invalid"
    assert "line 3, column" in json.loads(heard.body)["message"]
    assert stored(gateway) == before


def test_pipelined_requests_are_answered_in_order(gateway):
    with Caller(gateway.port) as caller:
        some = [post("/json", b'{"a":1}'), post("/nowhere"), post("/reply")]
        caller.say(b"".join(some) * 50)
        for _ in range(50):
            assert [caller.hear().status for _ in some] == [204, 404, 200]


def test_a_sender_that_closed_its_half_gets_its_answer(gateway):
    with Caller(gateway.port) as older, Caller(gateway.port) as caller:
        older.say(b"POST /json HTTP/1.1\r\n")
        caller.say(post("/json", b'{"a":1}'))
        caller.socket.shutdown(socket.SHUT_WR)
        assert caller.hear().status == 204
        assert caller.has_ended()


def test_http_1_0_is_answered_and_closed(gateway):
    with Caller(gateway.port) as caller:
        caller.say(post("/json", b'{"a":1}', version="1.0"))
        assert caller.hear().status == 204
        assert caller.has_ended()


# ----------------------------------------------------------------- bad ----


def error(status, message, *, path="/json", body=b"", headers=(), id):
    return pytest.param(path, body, headers, status, message, id=id)


def kept(message, **how):
    return error(202, message, **how)


DEEP = b'{"a":' + b"[" * 100 + b"1" + b"]" * 100 + b"}"
HUGE = b"[" + b"1," * 200000 + b"1]"
TOO_BIG_INSIDE = gzip.compress(b'{"a":"' + b"x" * 9000000 + b'"}', 1)
ZIPPED = gzip.compress(b'{"a":1}' * 100)
GZIP = (JSON, "Content-Encoding: gzip")


@pytest.mark.parametrize(
    "path, body, headers, status, message",
    [
        error(400, r"offset \d+.*line 1.*column", body=b'{"a":1', id="truncated"),
        error(400, r"offset \d+", body=b'{"a":1,}', id="comma"),
        error(400, r"line 2", body=b'{\n"a":x}', id="second line"),
        error(422, r"nothing to read", body=b"", id="empty"),
        error(400, r"deep|depth|nest", body=DEEP, id="deep"),
        error(400, r"values", body=HUGE, id="huge"),
        error(400, r"surrogate", body=b'{"a":"\\ud800"}', id="lone surrogate"),
        error(400, r"offset 6", body=b'{"a":"\0"}', id="NUL"),
        error(400, r"UTF-8", body=b'{"a":"\xff"}', id="bad UTF-8"),
        error(400, r"offset 3", path="/form", headers=(FORM,), body=b"a=1\0\1\2",
              id="a form that is no form"),
        error(400, r"compressed body.*byte", headers=GZIP, body=ZIPPED[:-10], id="gzip cut"),
        error(400, r"compressed body.*byte", headers=GZIP, body=b'{"a":1}', id="gzip not"),
        error(400, r"compressed body.*byte", headers=GZIP, body=ZIPPED + b"x", id="gzip and more"),
        error(413, r"8000000", headers=GZIP, body=TOO_BIG_INSIDE, id="bomb"),
        error(415, r"Content-Encoding", headers=("Content-Encoding: br",),
              body=b"x", id="encoding"),
        error(415, r"klingon", headers=("Content-Type: text/x; charset=klingon",),
              body=b"x", id="charset"),
        kept(r"bad.lua:3: no such sensor", path="/bad/raise", id="raise"),
        kept(r"bad.lua.*number", path="/bad/number", id="a number"),
        kept(r"bad.lua:5:.*fields", path="/bad/nofields", id="no fields"),
        kept(r"bad.lua:6:.*\ba\b", path="/bad/tablefield", id="a table"),
        kept(r"bad.lua:7:.*time", path="/bad/loop", id="a loop"),
        kept(r"memory", path="/memory", id="a memory bomb"),
        kept(r"bad.lua:\d+:", path="/bad/what", id="nil is called"),
        error(409, r"not today", path="/bad/refuse", id="refused"),
        error(404, r"path", path="/nowhere", id="unknown route"),
        error(404, r"path", path="/station", id="no param"),
        error(405, r"takes GET only", path="/get", id="wrong method"),
        error(413, r"1001 bytes, the limit is 1000", path="/small",
              body=b"x" * 1001, id="too large"),
        error(401, r"Bearer", path="/secret", body=b"{}", id="no token"),
        error(401, r"Bearer", path="/secret", body=b"{}",
              headers=("Authorization: Bearer wrong",), id="wrong token"),
        error(403, r"address", path="/elsewhere", body=b"{}", id="not from here"),
    ],
)
def test_bad_input(gateway, path, body, headers, status, message):
    before = stored(gateway)
    with Caller(gateway.port) as caller:
        caller.say(post(path, body, *headers))
        heard = caller.hear()
        told = json.loads(heard.body)
        assert heard.status == status, told
        why = told["kept" if status == 202 else "message"]
        assert re.search(message, why), told
        assert re.fullmatch("[0-9a-f]{16}", heard.headers["x-request-id"])
        assert "s3cret" not in why
        assert stored(gateway) == before
        if not heard.closed:
            caller.say(post("/json", b'{"a":1}'))
            assert caller.hear().status == 204
    assert ask(gateway, post("/json", b'{"a":1}')).status == 204
    assert stored(gateway) >= before + 1


def test_a_wrong_method_is_told_the_right_ones(gateway):
    heard = ask(gateway, post("/get"))
    assert heard.headers["allow"] == "GET, HEAD"


def test_a_wrong_token_is_told_the_scheme(gateway):
    heard = ask(gateway, post("/secret"))
    assert heard.headers["www-authenticate"].startswith("Bearer")
    right = post("/secret", b'{"a":1}', "Authorization: Bearer s3cret")
    assert ask(gateway, right).status == 204


def chunked(*pieces):
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return body + b"0\r\n\r\n"


CHUNKED_HEAD = b"POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_chunked_body(gateway):
    with Caller(gateway.port) as caller:
        caller.say(CHUNKED_HEAD + chunked(b'{"a"', b":5001", b"}"))
        assert caller.hear().status == 204
        caller.say(post("/json", b'{"a":1}'))
        assert caller.hear().status == 204
    wait_for_line(gateway, "a=5001 ")


def test_a_chunked_body_over_the_limit_is_refused(gateway):
    before = stored(gateway)
    with Caller(gateway.port) as caller:
        caller.say(CHUNKED_HEAD + chunked(b"x" * 1001))
        heard = caller.hear()
        assert heard.status == 413 and heard.closed
        assert caller.has_ended()
    with Caller(gateway.port) as caller:
        caller.say(CHUNKED_HEAD + chunked(*[b"x" * 500] * 4) + b"junk")
        assert caller.hear().status == 413
    assert stored(gateway) == before


def test_an_endless_chunked_body_is_cut_off(gateway):
    with Caller(gateway.port) as caller:
        caller.say(CHUNKED_HEAD)
        with pytest.raises(OSError):
            while True:
                caller.say(b"200\r\n" + b"x" * 512 + b"\r\n")


@pytest.mark.parametrize(
    "target, length, status",
    [("/small", 1001, 413), ("/secret", 10, 401), ("/nowhere", 10, 404)],
)
def test_who_asks_before_uploading_is_refused_before_it(gateway, target, length, status):
    with Caller(gateway.port) as caller:
        caller.say(
            f"POST {target} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            f"Content-Length: {length}\r\n\r\n".encode()
        )
        assert caller.hear().status == status
        assert caller.has_ended()


def test_who_asks_before_uploading_may_upload(gateway):
    with Caller(gateway.port) as caller:
        caller.say(
            b"POST /json HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Length: 7\r\n\r\n"
        )
        assert caller.hear().status == 100
        caller.say(b'{"a":1}')
        assert caller.hear().status == 204


# ------------------------------------------------------------- hostile ----

# Each is one request that two readers could take for different things. What
# libmicrohttpd 0.9.75 hides from its user (bare line feeds, a bare carriage
# return, a NUL in a value) is not here: a proxy in front has to normalise it.
AMBIGUOUS = [
    "Content-Length: 7\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: 7",
    "Content-Length: 7\r\nTransfer-Encoding: identity",
    "Content-Length: 7\r\nContent-Length: 7",
    "Content-Length: 7\r\nContent-Length: 8",
    "Content-Length: 7\r\ncontent-length: 7",
    "Content-Length: 7, 7",
    "Content-Length: 7 7",
    "Content-Length: -7",
    "Content-Length: +7",
    "Content-Length: 0x7",
    "Content-Length: 7.0",
    "Content-Length: seven",
    "Content-Length: 99999999999999999999999",
    "Content-Length : 7",
    "Content-Length\t: 7",
    "Content-Length\x0b: 7",
    "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked, identity",
    "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunkedx",
    "Transfer-Encoding: chunked;q=1",
    'Transfer-Encoding: "chunked"',
    "Transfer-Encoding: 'chunked'",
    "Transfer-Encoding: cow",
    "Transfer-Encoding : chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding:\x01chunked",
    "X: a\x01b\r\nContent-Length: 7",
    "X: a\x7fb\r\nContent-Length: 7",
    "X(Y): 1\r\nContent-Length: 7",
    "X Y: 1\r\nContent-Length: 7",
    "X{: 1\r\nContent-Length: 7",
    "X@Y: 1\r\nContent-Length: 7",
    "\x01X: 1\r\nContent-Length: 7",
    "Host: y\r\nContent-Length: 7",
    "host: x\r\nContent-Length: 7",
    "HOST: \r\nContent-Length: 7",
]


@pytest.mark.parametrize("headers", AMBIGUOUS)
def test_an_ambiguous_request_is_refused_and_closed(gateway, headers):
    before = stored(gateway)
    smuggled = post("/json", b'{"a":666}')
    with Caller(gateway.port) as caller:
        caller.say(f"POST /json HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode())
        try:
            caller.say(b'{"a":1}' + smuggled)
        except OSError:
            pass
        heard = caller.hear()
        assert heard is None or heard.status in (400, 413)
        caller.has_ended()
        assert b" 204 " not in caller.received
    assert stored(gateway) == before


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\nBREW\r\n\r\n",
        b"POST\r\n\r\n",
        b"POST /json\r\n\r\n",
        b"POST /json HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /json HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500 + b"\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET " + b"/" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100 + b"\r\n",
        b"GET /ping HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 1000000 + b"\r\n\r\n",
        b"POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"fffffffffffffffff\r\n",
    ],
)
def test_rubbish_harms_nobody(gateway, data):
    before = stored(gateway)
    with Caller(gateway.port) as caller:
        try:
            caller.say(data)
            caller.socket.shutdown(socket.SHUT_WR)
            heard = caller.hear()
            assert heard is None or heard.status >= 400
        except OSError:
            pass
    assert ask(gateway, post("/json", b'{"a":1}')).status == 204
    assert stored(gateway) == before + 1


def test_long_lines_and_many_headers_have_their_status(gateway):
    long = b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert ask(gateway, long).status == 414
    many = b"GET /ping HTTP/1.1\r\n" + b"A: b\r\n" * 70 + b"Host: x\r\n\r\n"
    assert ask(gateway, many).status == 431


def test_no_answer_repeats_what_the_sender_wrote(gateway):
    for data in (
        post("/<script>alert(1)</script>"),
        post("/json", b"{<script>}"),
        post("/secret", b"", "Authorization: Bearer <script>"),
    ):
        assert b"<script" not in ask(gateway, data).body


def test_senders_that_leave_at_any_byte_harm_nobody(gateway):
    data = post("/json", b'{"a":6001}')
    reset = struct.pack("ii", 1, 0)
    for cut in range(len(data) + 1):
        with Caller(gateway.port) as caller:
            caller.say(data[:cut])
            if cut % 2:
                caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    assert ask(gateway, post("/json", b'{"a":1}')).status == 204
    assert gateway.health().status == 200


def test_a_thousand_connections_at_once(gateway):
    before = stored(gateway)
    callers = [Caller(gateway.port) for _ in range(1000)]
    try:
        for _ in range(3):
            for caller in callers:
                caller.say(post("/json", b'{"a":1}'))
            assert {caller.hear().status for caller in callers} == {204}
        assert stored(gateway) == before + 3000
    finally:
        for caller in callers:
            caller.socket.close()


# ---------------------------------------------------------------- stop ----


def post_until_refused(gateway, name, acked):
    """Posts numbered points until the gateway says no more; notes each 204."""
    with Caller(gateway.port) as caller:
        for n in range(1000000):
            try:
                caller.say(post("/json", b'{"a":%d}' % (name * 1000000 + n)))
                heard = caller.hear()
            except OSError:
                return
            if heard is None or heard.status != 204:
                return
            acked.append(name * 1000000 + n)
            if heard.closed:
                return


def test_sigterm_under_load_loses_nothing_and_takes_two_seconds(tmp_path):
    gateway = Gateway(tmp_path, CONFIG, FILES)
    gateway.start()
    acked = []
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        work = [
            pool.submit(post_until_refused, gateway, name, acked)
            for name in range(1, 9)
        ]
        wait_for(lambda: len(acked) > 500, "the load runs")
        code, seconds = gateway.stop()
        for one in work:
            one.result()
    assert code == 0 and seconds < 2
    with gateway:
        wait_for(lambda: written(gateway) >= set(acked), "every point arrives")


def written(gateway):
    return {int(n) for n in re.findall(r"m a=(\d+) ", "\n".join(lines_of(gateway)))}


def test_sigterm_finishes_what_is_half_sent(tmp_path):
    gateway = Gateway(tmp_path, CONFIG, FILES)
    gateway.start()
    with Caller(gateway.port) as caller, Caller(gateway.port) as idle:
        idle.say(post("/json", b'{"a":1}'))
        assert idle.hear().status == 204
        caller.say(
            b"POST /json HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
            b"Content-Length: 10\r\n\r\n"
        )
        assert caller.hear().status == 100
        ended = threading.Thread(target=gateway.stop)
        process = gateway.process
        ended.start()
        wait_for(lambda: is_refused(gateway), "it no longer listens")
        idle.say(post("/json", b'{"a":7000}'))
        heard = idle.hear()
        assert heard.status == 503 and heard.closed
        assert "retry-after" in heard.headers
        caller.say(b'{"a":7001}')
        heard = caller.hear()
        assert heard.status == 204 and heard.closed
        ended.join()
        assert process.returncode == 0
    with gateway:
        wait_for_line(gateway, "a=7001 ")
        assert not any("a=7000 " in line for line in lines_of(gateway))


def is_refused(gateway):
    try:
        request(gateway.port, "GET", "/ping")
        return False
    except ConnectionRefusedError:
        return True
    except OSError:
        return False


def test_a_second_gateway_does_not_start_on_the_same_port(gateway, tmp_path):
    second = Gateway(tmp_path, CONFIG, FILES)
    second.port = gateway.port
    second.configure(CONFIG)
    second.is_ready = lambda: False
    with pytest.raises(AssertionError, match=f"127.0.0.1:{gateway.port}"):
        second.start()
