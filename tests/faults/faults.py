"""faults.py - what goes wrong between a gateway and its server, one by one.

Each is an action for the plan of a Fake. LOSES marks those after which the
gateway cannot know that the lines are stored, and so has to send them again.
"""

import email.utils
import json
import threading
import time

from fake_influx import accept, head_of


def named(name, action, loses=False):
    def act(talk):
        return action(talk)

    act.name = name
    act.loses = loses
    return act


def name_of(action):
    return getattr(action, "name", action.__name__)


def answer(name, status, body=b"", headers=(), probes=False):
    """Says this to a write. To one without lines 204, unless probes."""

    def act(talk):
        if not talk.length and not probes:
            return talk.answer(204)
        talk.read()
        return talk.answer(status, body, headers)

    return named(name, act)


def v2_error(status, code, text, headers=()):
    body = json.dumps({"code": code, "message": text}).encode()
    return answer(f"{status} {code}", status, body, headers, probes=status in (401, 403, 404, 503))


# ---- U2, U3, U9: the connection ----


def hang_at_once(talk):
    talk.hang()


def hang_after_reading(talk):
    talk.read()
    talk.hang()


def hang_after_storing(talk):
    talk.store()
    talk.hang()


def reset_connects(talk):
    with talk.fake.changed:
        talk.fake.resets += 1
    talk.reset()


def reset_after_headers(talk):
    talk.reset()


def reset_in_body(talk):
    talk.read(talk.length // 2)
    talk.reset()


def reset_unstored(talk):
    talk.read()
    talk.reset()


def reset_stored(talk):
    talk.store()
    talk.reset()


def close_stored(talk):
    talk.store()
    talk.close()


def cut_reply(talk):
    talk.store()
    talk.send(b"HTTP/1.1 204 No Con")
    talk.reset()


def cut_error(talk):
    """The status of an error is an answer, though its text is cut off."""
    talk.read()
    talk.send(head_of(503, ("Content-Length: 1000",)) + b'{"code":"una')
    talk.reset()


def drip(talk, data=None, pause_s=1.0):
    """A byte a second. None reads the end of it."""
    for byte in data or head_of(204, ("X-Slow: " + "z" * 200,)):
        talk.send(bytes([byte]))
        talk.fake.pause(pause_s)
    talk.close()


def refuse(talk):
    """Nobody listens, for a while."""
    fake = talk.fake
    fake.down()
    timer = threading.Timer(0.3, fake.up)
    timer.daemon = True
    timer.start()
    talk.close()


def drip_stored(talk):
    talk.store()
    drip(talk)


def drip_fast(talk):
    """A slow reply that ends in time is an answer like any."""
    if any(map(talk.fake.refuses, talk.lines())):
        return accept(talk)
    talk.store()
    for byte in head_of(204):
        talk.send(bytes([byte]))
        talk.fake.pause(0.01)
    return None


def one_connection(talk):
    """Accepts, and closes without a word of it: the next write meets a closed
    connection."""
    accept(talk)
    talk.close()


# ---- U12: answers without end ----


def _flood(talk, start, chunk, most=1 << 30):
    talk.read()
    talk.send(start)
    for _ in range(most // len(chunk)):
        talk.send(chunk)
    talk.close()


def endless_body(status):
    def act(talk):
        _flood(talk, head_of(status, ("Content-Type: text/plain",)), b"no " * 21845 + b"\n")

    return named(f"endless {status}", act)


def endless_header(talk):
    line = b"X-Long: " + b"z" * 60000 + b"\r\n"
    _flood(talk, b"HTTP/1.1 204 No Content\r\n", line)


def one_long_header(talk):
    _flood(talk, b"HTTP/1.1 204 No Content\r\nX-Long: ", b"z" * 65536)


def huge_error(talk):
    """What 2.x sends when nine megabytes of lines are bad; then it goes on."""
    talk.answer(503, b"x" * (30 << 20))


# ---- U4, U5: later ----


def later(status, retry_after=None, probes=True):
    headers = () if retry_after is None else (f"Retry-After: {retry_after}",)
    return answer(f"{status} Retry-After {retry_after}", status, b'{"code":"unavailable","message":"later"}', headers, probes)


def http_date(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


ABSURD = ("-1", "NaN", "", "soon", "1e9", "0x10", "99999999999999999999999", "Thu, 99 Foo 2026 99:99:99 GMT", "1.5")


# ---- U8, U10, U11 ----


def too_large(most_bytes, says_close=True):
    """413 before the body is read, as Go servers do; else accepts."""

    def act(talk):
        if talk.length <= most_bytes:
            return accept(talk)
        body = b'{"error":"Request Entity Too Large"}\n'
        headers = ("Connection: close",) if says_close else ()
        return talk.answer(413, body, headers, is_read=not says_close)

    return named("413", act)


HTML = b"<!DOCTYPE html><html><body><h1>It works!</h1></body></html>"
html_page = answer("200 HTML", 200, HTML, ("Content-Type: text/html",), probes=True)


def redirect(status, url):
    return answer(f"{status} to elsewhere", status, b"", (f"Location: {url}/api/v2/write", "Content-Type: text/html"), probes=True)


def no_gzip(status, body):
    def act(talk):
        if talk.is_gzip:
            return talk.answer(status, body)
        return accept(talk)

    return named(f"gzip is {status}", act)


GZIP_ANSWERS = {
    "415": (415, b'{"code":"unsupported media type","message":"no gzip here"}'),
    "400 v1": (400, b'{"error":"gzip: invalid header"}\n'),
    "400 v2": (400, b'{"code":"invalid","message":"unable to read data: gzip: invalid checksum"}'),
    "400 v3": (400, b"unacceptable content-encoding: gzip"),
}

LOSSY = (hang_after_storing, reset_stored, close_stored, cut_reply, drip_stored)
for _action in LOSSY:
    _action.loses = True
