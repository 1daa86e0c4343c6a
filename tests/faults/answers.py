"""answers.py - how each server says no, in its own words and ways.

A refusal is called with a Talk, the numbers of the lines that the server will
not have (from 0) and a function that says why. It stores what that server
would have stored, and answers what it would have answered. NAMES tells whether
the answer names every bad line: where it does not they have to be found.
"""

import json


def _lines(talk, bad):
    lines = talk.lines()
    refused = set(bad)
    return lines, [line for n, line in enumerate(lines) if n not in refused]


def _v1(talk, text, status=400):
    body = json.dumps({"error": text}).encode() + b"\n"
    header = text.encode()[:1024].replace(b"\n", b" ").decode("latin-1")
    talk.answer(status, body, ("Content-Type: application/json", f"X-Influxdb-Error: {header}", "Request-Id: 11e7-v1"))


def _v2(talk, code, text, status=400, more=None):
    body = json.dumps({"code": code, "message": text, **(more or {})}).encode()
    talk.answer(status, body, ("Content-Type: application/json; charset=utf-8", f"X-Platform-Error-Code: {code}", "X-Influxdb-Request-Id: 0v2"))


def _quoted(lines, bad, why):
    return "\n".join(f"unable to parse '{lines[n].decode()}': {why(lines[n])}" for n in bad)


def v1_parse(talk, bad, why):
    """1.x: the good lines are written, the bad ones quoted."""
    lines, good = _lines(talk, bad)
    talk.store(good)
    if good:
        return _v1(talk, f"partial write: {_quoted(lines, bad, why)} dropped=0")
    return _v1(talk, _quoted(lines, bad, why))


def v1_conflict(talk, bad, why):
    """1.x: the good lines are written; one reason, no line."""
    lines, good = _lines(talk, bad)
    talk.store(good)
    _v1(talk, f"partial write: field type conflict: {why(lines[bad[0]])} dropped={len(bad)}")


def v1_engine(talk, bad, why):
    """1.x: a 500 for ever, and the good lines are lost with the bad one."""
    lines, _ = _lines(talk, bad)
    _v1(talk, f"engine: unable to parse bool value {why(lines[bad[0]])}: strconv.ParseBool", 500)


def v2_parse(talk, bad, why):
    """2.x: nothing is written, every bad line is quoted."""
    lines, _ = _lines(talk, bad)
    _v2(talk, "invalid", _quoted(lines, bad, why))


def v2_conflict(talk, bad, why):
    """2.x: 422; the good lines are written; one reason, no line."""
    lines, good = _lines(talk, bad)
    talk.store(good)
    text = f"partial write: field type conflict: {why(lines[bad[0]])} dropped={len(bad)}"
    _v2(talk, "unprocessable entity", f"failure writing points to database: {text} for database: 1f for retention policy: autogen", 422)


def cloud_partial(talk, bad, why):
    """Cloud: the good lines are written, the first bad one is quoted."""
    lines, good = _lines(talk, bad)
    talk.store(good)
    _v2(talk, "invalid", f"partial write error ({len(good)} written): {_quoted(lines, bad[:1], why)}")


def serverless(talk, bad, why):
    """Serverless: the good lines are written, the bad ones numbered."""
    lines, good = _lines(talk, bad)
    talk.store(good)
    text = "\n".join(f"  error parsing line {n + 1} (1-based): {why(lines[n])}" for n in bad[:100])
    _v2(talk, "invalid", f"failed to parse line protocol:\n  errors encountered on line(s):\n{text}", more={"line": bad[0] + 1})


def v3_partial(talk, bad, why):
    """3.x: the good lines are written; number and 20 bytes of the bad ones."""
    lines, good = _lines(talk, bad)
    talk.store(good)
    data = [
        {"error_message": why(lines[n]), "line_number": n + 1, "original_line": lines[n].decode()[:20]} for n in bad
    ]
    body = json.dumps({"error": "partial write of line protocol occurred", "data": data}).encode()
    talk.answer(400, body, ("Content-Type: application/json", "cluster-uuid: 0v3"))


def v3_whole(talk, bad, why):
    """3.x, all or nothing: nothing is written, the first bad line is named."""
    lines, _ = _lines(talk, bad)
    data = {"error_message": why(lines[bad[0]]), "line_number": bad[0] + 1, "original_line": lines[bad[0]].decode()[:20]}
    body = json.dumps({"error": "line protocol parsing error", "data": data}).encode()
    talk.answer(400, body, ("Content-Type: application/json", "cluster-uuid: 0v3"))


def v3_compat(talk, bad, why):
    """3.x on the v2 path: nothing is written, one reason, no line."""
    lines, _ = _lines(talk, bad)
    _v2(talk, "invalid", f"write buffer error: line protocol parse failed: {why(lines[bad[0]])}")


def victoria_long(talk, bad, why):
    """VictoriaMetrics: lines before the bad one are written, the rest is lost."""
    lines, _ = _lines(talk, bad)
    talk.store(lines[: bad[0]])
    text = f'remoteAddr: "127.0.0.1:1"; requestURI: {talk.target}; too long line: {why(lines[bad[0]])}: more than 262144 bytes\n'
    talk.answer(400, text.encode(), ("Content-Type: text/plain; charset=utf-8", "X-Influxdb-Version: 1.8.0"))


def victoria_new(talk, bad, why):
    """VictoriaMetrics since 2024: nothing is written, the first is quoted."""
    lines, _ = _lines(talk, bad)
    line = lines[bad[0]].decode()
    text = f"cannot process influx line protocol data: incorrect influx line {json.dumps(line)}: {why(lines[bad[0]])}\n"
    talk.answer(400, text.encode(), ("Content-Type: text/plain; charset=utf-8", "X-Influxdb-Version: 1.8.0"))


def mute(talk, bad, why):
    """A proxy, say: nothing is written, and nothing is said but one reason."""
    lines, _ = _lines(talk, bad)
    talk.answer(400, f"Bad Request {why(lines[bad[0]])}".encode(), ("Content-Type: text/plain",))


# For each API of an output, what its servers do. The engine's 500 and a proxy's
# 400 are not among them: what they mean is known only after eight tries.
BY_API = {
    "v1": (v1_parse, v1_conflict, victoria_long, victoria_new),
    "v2": (v2_parse, v2_conflict, cloud_partial, serverless, v3_compat),
    "v3": (v3_partial, v3_whole),
}
# These write the good lines, and do not say for sure which they are: all but the
# bad ones go out once more, which changes nothing.
REPEATS = {v1_conflict, v2_conflict, cloud_partial, serverless, victoria_long}
# These give one reason for all that they leave out.
ONE_REASON = {v1_conflict, v2_conflict}


def refusing(refusal, is_bad, why):
    """A rule: accepts, but for lines that are bad."""

    def rule(talk):
        bad = [n for n, line in enumerate(talk.lines()) if is_bad(line)]
        if bad:
            return refusal(talk, bad, why)
        talk.store()
        return talk.answer(204)

    rule.name = refusal.__name__
    return rule
