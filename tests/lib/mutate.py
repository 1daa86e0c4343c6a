"""Recorded requests with one thing wrong in each, and what becomes of them.

`cases` reads a *.http file, `mutations` makes the variants of one request (a
JSON body, JSON within a form field, a form, a query, headers, NDJSON, CSV), `run_all` sends many
through their scripts in one `moonline test`, and `judge` says what is wrong
with the points of a variant, given those of the request as it was.
"""

import copy
import json
import re
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus, unquote_plus

from gateway import run

# No recorded request has this time in it, so a point that has it got it from
# the receipt.
RECEIPT = "2031-07-07T07:07:07.123456789Z"
RECEIPT_NS = 1941174427123456789

GONE = object()  # in place of a value: the key is left out
UNREADABLE = "soonish"
HUGE = 1e300
NUMBER = 7919  # in no recorded request, nor what becomes of it in another unit

KINDS = {
    "null": None,
    "removed": GONE,
    "empty": "",
    "unreadable": UNREADABLE,
    "object": {"x": NUMBER},
    "array": [NUMBER],
    "number": NUMBER,
    "boolean": True,
    "huge": HUGE,
    "no object": {},
    "no array": [],
}


class Same:
    """In place of a value: the same said in another way, so nothing new."""

    def __init__(self, value):
        self.value = value


def other_ways(old):
    """(kind, value): what says the same in another type."""
    if isinstance(old, (bool, int, float)):
        yield "text of number", as_text(old)
    if isinstance(old, str) and re.fullmatch(r"-?(0|[1-9]\d{0,17})(\.\d+)?", old):
        yield "number of text", json.loads(old)
    if isinstance(old, list) and old:
        yield "array as object", {str(i): value for i, value in enumerate(old)}
    if isinstance(old, dict) and old:
        yield "object as array", list(old.values())
        yield "text of object", as_text(old)
    if old not in (None, [], {}):
        yield "in an array", [old]


@dataclass
class Request:
    script: str
    title: str
    notes: list
    start: str  # method and target
    headers: list
    body: str

    def header(self, name):
        found = [h.partition(":")[2].strip() for h in self.headers if h.lower().startswith(name + ":")]
        return found[0] if found else ""

    def text(self, title):
        """As a request of a recorded test that fails, so that all is shown."""
        notes = [n for n in self.notes if not n.startswith(("# @time", "# @script"))]
        return "\n".join(
            [f"### {title}", f"# @time {RECEIPT}", f"# @script {self.script}", *notes, self.start, *self.headers, "", self.body, "### expect 599", ""]
        )


@dataclass
class Result:
    status: int = 0
    answer: str = ""
    points: list = field(default_factory=list)
    kept: list = field(default_factory=list)


def cases(path):
    """The requests of a file (without those whose body is another file)."""
    found = []
    for part in re.split(r"^### (?!expect)", "\n" + path.read_text(), flags=re.M)[1:]:
        title, _, rest = part.partition("\n")
        head, _, body = rest.partition("\n### expect")[0].partition("\n\n")
        lines = head.split("\n")
        notes = [line for line in lines if line.startswith("#")]
        others = [line for line in lines if line and not line.startswith("#")]
        body = body.strip("\n")
        if not body.startswith("< "):
            found.append(Request(str(path.with_suffix(".lua")), title, notes, others[0], others[1:], body))
    return found


# ------------------------------------------------------- one thing wrong ---


def paths(tree, at=()):
    """Every key and index of a JSON tree."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield at + (key,)
        yield from paths(value, at + (key,))


def value_at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def with_value(tree, path, value):
    if not path:
        return value
    tree = copy.deepcopy(tree)
    parent = value_at(tree, path[:-1])
    if value is GONE:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return tree


def looks_like_number(value):
    return isinstance(value, (int, float)) or isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+(e\d+)?", value)


def is_another_kind(old, new):
    """Whether new is of another kind than old: a number for a number is not."""
    if new is True:
        return not isinstance(old, bool) and str(old) not in ("0", "1", "true", "false")
    if new == NUMBER:
        return isinstance(old, (dict, list)) or isinstance(old, str) and re.search("[A-Za-z]{2}", old)
    if new in ({}, []):
        return new != old
    if isinstance(new, (dict, list)):
        return type(old) is not type(new)
    return new != old


def json_mutations(tree):
    """(path, kind, (old, new), tree) of every key, each kind of wrong. An element of a
    list is not left out: that is just another list."""
    for path in [(), *paths(tree)]:
        old = value_at(tree, path)
        for kind, new in KINDS.items():
            if path and isinstance(path[-1], str) if new is GONE else is_another_kind(old, new):
                yield path, kind, (old, new), with_value(tree, path, new)
        for kind, new in other_ways(old):
            yield path, kind, (old, Same(new)), with_value(tree, path, new)
        inside = parsed(old) if isinstance(old, str) else None
        for more, kind, change, changed in json_mutations(inside) if inside is not None else ():
            if more:  # as a whole it is the text above
                yield path + more, kind, change, with_value(tree, path, as_text(changed))


def as_text(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def parsed(text):
    """The JSON that a text is, if it is an object or a list."""
    try:
        tree = json.loads(text)
    except ValueError:
        return None
    return tree if isinstance(tree, (dict, list)) else None


def pair_mutations(text):
    """The same of a form or a query."""
    text_pairs = text.split("&") if text else []
    pairs = [pair.partition("=") for pair in text_pairs]
    for i, (name, _, raw) in enumerate(pairs):

        def joined(new, i=i, name=name):
            rest = [f"{n}={v}" for n, _, v in pairs]
            rest[i : i + 1] = [] if new is GONE else [f"{name}={quote_plus(new)}"]
            return "&".join(rest)

        old = unquote_plus(raw)
        yield (name,), "removed", (old, GONE), joined(GONE)
        for kind, new in KINDS.items():
            if new is not GONE and is_another_kind(old, new):
                text = new if isinstance(new, str) else as_text(new)
                yield (name,), kind, (old, text), joined(text)
        tree = parsed(old)
        for path, kind, change, changed in json_mutations(tree) if tree is not None else ():
            yield (name, *path), kind, change, joined(as_text(changed))
        # A body of JSON that calls itself a form is one name, without a value.
        tree = None if raw else parsed(unquote_plus(name))
        for path, kind, change, changed in json_mutations(tree) if tree is not None else ():
            yield path, kind, change, "&".join([*text_pairs[:i], quote_plus(as_text(changed)) + "=", *text_pairs[i + 1 :]])


def csv_mutations(text):
    """The same of each cell, but for the three that have no names."""
    rows = [re.findall(r'"[^"]*"|[^,]+|(?<=,)(?=,|$)', line) for line in text.split("\n")]
    for y, row in enumerate(rows):
        for x, old in enumerate(row):
            for kind in ("removed", "empty", "unreadable", "huge", "null"):
                new = {"huge": as_text(HUGE), "null": "NAN"}.get(kind, KINDS[kind])
                changed = row[:x] + ([] if new is GONE else [new]) + row[x + 1 :]
                yield (y, x), kind, (old, new), "\n".join(",".join(changed if i == y else r) for i, r in enumerate(rows))


def line_mutations(text):
    """The same of each line of NDJSON."""
    lines = text.split("\n")
    for y, line in enumerate(lines):
        for path, kind, change, tree in json_mutations(json.loads(line or "null")):
            yield (y, *path), kind, change, "\n".join([*lines[:y], as_text(tree), *lines[y + 1 :]])


def header_mutations(headers):
    """The same of each header that is the sender's own."""
    for i, header in enumerate(headers):
        name, _, old = header.partition(": ")
        if name.lower().startswith("x-"):
            for kind in ("removed", "empty", "unreadable"):
                new = KINDS[kind]
                yield (name,), kind, (old, new), headers[:i] + ([] if new is GONE else [f"{name}: {new}"]) + headers[i + 1 :]


def mutations(request):
    """(where, kind, (old, new), request) for each thing that can be wrong with it."""
    method, _, rest = request.start.partition(" ")
    target, _, version = rest.partition(" ")
    location, _, query = target.partition("?")
    for path, kind, change, text in pair_mutations(query):
        yield ("query", *path), kind, change, replace(request, start=f"{method} {location}?{text} {version}".strip())
    for path, kind, change, headers in header_mutations(request.headers):
        yield path, kind, change, replace(request, headers=headers)
    tree = parsed(request.body)
    made = ()
    if "ndjson" in request.header("content-type"):
        made = line_mutations(request.body)
    elif tree is not None:
        made = ((path, kind, change, as_text(changed)) for path, kind, change, changed in json_mutations(tree))
    elif "urlencoded" in request.header("content-type"):
        made = pair_mutations(request.body)
    elif request.body.startswith('"'):
        made = csv_mutations(request.body)
    for path, kind, change, body in made:
        yield path, kind, change, replace(request, body=body)


# -------------------------------------------------------------- running ---


def value_of(text):
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text[-1] in "iu" else float(text)


def unescaped(text):
    return re.sub(r"\\([,= ])", r"\1", text)


def point_of(line):
    """(measurement, tags, fields, time) of a line that Moonline wrote."""
    series, fields, time = re.fullmatch(r"((?:\\.|[^ \\])+) ((?:\"(?:\\.|[^\"\\])*\"|\\.|[^ \"\\])+) (-?\d+)", line).groups()
    names = re.findall(r"(?:\\.|[^,\\])+", series)
    tags = dict(map(unescaped, re.fullmatch(r"((?:\\.|[^=\\])+)=(.*)", tag).groups()) for tag in names[1:])
    pairs = re.findall(r"((?:\\.|[^=,\\])+)=(\"(?:\\.|[^\"\\])*\"|[^,]+)", fields)
    return unescaped(names[0]), tags, {unescaped(k): value_of(v) for k, v in pairs}, int(time)


def run_all(requests, folder):
    """The Result of each."""
    path = folder / "all.http"
    path.write_text("".join(request.text(f"case {i}") for i, request in enumerate(requests)))
    _, out, err = run("test", path.name, cwd=folder)
    results = [Result() for _ in requests]
    now = None
    for line in out.split("\n"):
        if case := re.match(r"FAILED \S+ case (\d+)$", line):
            now = results[int(case[1])]
        elif now and (status := re.match(r"    \+ status (\d+) (.*)", line)):
            now.status, now.answer = int(status[1]), status[2]
        elif now and (kept := re.match(r"    \+ kept: (.*)", line)):
            now.kept.append(kept[1])
        elif now and line.startswith("    + ") and not line.startswith("    + answer"):
            now.points.append(point_of(line[6:]))
    assert all(result.status for result in results), err
    return results


# -------------------------------------------------------------- judging ---


def in_other_units(x):
    """A number as temperatures (F, K), pressures (mmHg, inHg, Pa, kPa), speeds
    (mph, m/s), rain (inches), battery (0 to 1), and as it is."""
    factors = (1.333224, 33.86389, 0.01, 10, 0.44704, 3.6, 25.4, 100)
    return {x, round((x - 32) / 1.8, 2), round(x - 273.15, 2), *(round(x * factor, 2) for factor in factors)}


NUMBERS = in_other_units(NUMBER)


def inner(new):
    """What is in a value that was put in."""
    tree = parsed(new) if isinstance(new, str) else new
    if isinstance(tree, dict):
        return list(tree.values())
    return tree if isinstance(tree, list) else []


def stems(value, new):
    """Whether a value of a point can come from what was put in."""
    if new is None or new is GONE or isinstance(new, Same):
        return False
    if any(stems(value, one) for one in inner(new)):
        return True
    if new == "":
        return value == ""
    if new in (HUGE, as_text(HUGE)):
        return "1e" in value.lower() if isinstance(value, str) else abs(value) > 1e200
    if isinstance(value, str):
        text = new if isinstance(new, str) else as_text(new)
        return value == text or text in value.split(",")
    if isinstance(value, bool) or new is True or new == "true":
        return value in (True, 1) and new in (True, "true")
    return str(new) == str(NUMBER) and value in NUMBERS


def number_of(x):
    try:
        return float(x)
    except (TypeError, ValueError):
        return None


def is_said_by(value, new):
    """Whether a field of a new name has a value that was there before."""
    said = [value_at(new.value, path) for path in [(), *paths(new.value)]]
    numbers = set().union(*(in_other_units(number_of(one)) for one in said if number_of(one) is not None))
    return value in numbers if isinstance(value, float) else value in [one for one in said if not isinstance(one, (dict, list))]


def is_text_of(text, value):
    """Whether it is what the value was, as text."""
    return isinstance(text, str) and value is not None and (text == as_text(value) or number_of(text) == value)


def is_new_name(name, value, had, new):
    """Whether a tag or field has its name from what was put in."""
    if isinstance(new, Same):
        is_indexed = isinstance(new.value, dict) and re.search(r"_\d+$", name)
        return (name not in had or is_indexed) and is_said_by(value, new)
    return name not in had and stems(name, new)


def time_stems(time, new):
    """The same of a time, which can be so many seconds."""
    return any(str(one) == str(NUMBER) for one in [new, *inner(new)]) and time in [NUMBER * 10**unit for unit in (0, 3, 6, 9)]


def is_missing(old, new):
    """Whether the sender then says nothing, so that the receipt time counts."""
    return new is None or new is GONE or isinstance(old, (dict, list))


def complaints(point, base, change, may):
    """What of a point cannot be explained by one of the request as it was."""
    old, new = change
    found = []

    def may_be(what, got, had):
        return may(what, got, had) or is_missing(old, new) and may(f"{what} if missing", got, had)

    if point[0] != base[0] and may_be("measurement", point[0], base[0]):
        return []
    if point[0] != base[0] and not stems(point[0], new):
        found.append(f"measurement {point[0]} was {base[0]}")
    for what, got, had in (("tag", point[1], base[1]), ("field", point[2], base[2])):
        for name, value in got.items():
            if name in had and had[name] == value and type(had[name]) is type(value):
                continue
            if isinstance(new, Same) and is_text_of(value, had.get(name)) and may("type", name, had[name]):
                continue
            if not stems(value, new) and not is_new_name(name, value, had, new) and not may_be(f"{what} {name}", value, had.get(name)):
                found.append(f"{what} {name}={value!r} was {had.get(name)!r}")
    if point[3] == base[3] or point[3] == RECEIPT_NS and is_missing(old, new) or may_be("time", point[3], base[3]):
        return found
    if point[3] == RECEIPT_NS:
        found.append("the receipt time")
    elif not time_stems(point[3], new):
        found.append(f"time {point[3]} was {base[3]}")
    return found


def is_made_of(point, base, change):
    """A point that had no field before: all it says is what was put in."""
    times = [b[3] for b in base.points]
    new = change[1]
    is_put_in = is_said_by if isinstance(new, Same) else stems
    return all(is_put_in(value, new) for value in point[2].values()) and (point[3] in times or point[3] == RECEIPT_NS and is_missing(*change))


def is_lost(base, result, change):
    """Whether an object or list that is another thing now took points with it, and
    nobody was told. One that is empty or null says that there is nothing."""
    old, new = change
    if not isinstance(old, (dict, list)) or not old or new in (None, GONE, "", "null", {}, [], "{}", "[]"):
        return False
    return fate(base, result) in ("stored", "nothing") and len(result.points) < len(base.points)


def judge(base, result, change, may):
    """The complaints about all points, each held against its likeliest base."""
    lost = is_lost(base, result, change) and not may("points", len(result.points), len(base.points))
    found, free = ["points are lost"] if lost else [], list(base.points)
    for point in result.points:

        def unlikely(b, point=point):
            return len(complaints(point, b, change, may)) * 100 + (b[0] != point[0]) * 10 + (b[1] != point[1]) + (b[2] != point[2])

        least = min(free, key=unlikely, default=None)
        why = complaints(point, least, change, may) if least else [f"a point too many: {point}"]
        if why and is_made_of(point, base, change):
            continue
        if least:
            free.remove(least)
        found += why
    return found


def fate(base, result):
    """What became of a request: stored, partly (some kept, some stored), kept,
    refused, or nothing (2xx, no point, nothing kept)."""
    if result.kept:
        return "partly" if result.points else "kept"
    if result.status >= 400:
        return "refused"
    return "stored" if result.points else "nothing" if base.points else "stored"
