"""One thing wrong in a sender's request: no shipped script stores a wrong point.

Every key of every recorded request is in turn made null, left out, emptied,
made unreadable, another type and huge, and said in another way: a number as
text, text as a number, an array as an object, the other way round. What is then
stored must be what was stored before, less what is gone: each value is the one
from before or the one that was put in, of the same type, and no time that cannot
be read becomes the receipt time. Points that go with an object or list which is
another thing now are kept or refused, never just gone.

And most of it is stored all the same, in whole or in part; nearly all else is
kept. The counts are printed.
"""

import collections
import pathlib

import pytest
from mutate import cases, fate, judge, mutations, run_all

TOP = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = TOP / "scripts"
SHAPES = [path for path in sorted((TOP / "examples" / "shapes").glob("*.http")) if path.stem not in ("multipart", "table")]
SUMS = ("all", "usual", "unusual")
USUAL = ("null", "removed", "unreadable")
RECORDED = sorted(SCRIPTS.glob("*.http"))


def anything(got, had):
    return True


def zero(got, had):
    return got == 0


def at_most(got, had):
    return got <= (had or 1)


def some_of(got, had):
    return had is not None and got.strip(",") in had


def some_number(got, had):
    return isinstance(got, float)


def same_second(got, had):
    return got // 10**9 == had // 10**9


# What may have another value than before, and why.
OURS = {"rssi", "snr", "gateways", "frames", "port", "spreading_factor", "frequency", "airtime", "battery", "margin"}
OWN_TYPES = {"type": lambda name, had: name not in OURS}  # text stays text: these fields are the device's own
LORAWAN = {
    **OWN_TYPES,
    "field frames if missing": zero,  # these servers leave out what is 0
    "field port if missing": zero,
    "field gateways": at_most,  # of a shorter list
    "field rssi": at_most,  # of the best gateway that is left, and its snr
    "field snr": anything,
}
EXCEPTIONS = {
    # Which of two thermometers is the first, and goes by the short name.
    "airrohr": {"field temperature": lambda got, had: got in (21.5, 20.5)},
    "chirpstack": LORAWAN,
    # Without a time of its own a batch ends now, by its protocol.
    "emoncms": {"time if missing": lambda got, had: got > 1941174400 * 10**9},
    # An event of a kind that nobody knows is counted; of a shorter list less is.
    "github": {
        "measurement": lambda got, had: got == "github_event",
        **{f"field {name}": at_most for name in ("commits", "added", "modified", "removed")},
    },
    "gitlab": {"measurement": lambda got, had: got == "gitlab_event"},
    "ispindel": {"tag device": lambda got, had: got == "1234567"},  # ID, where there is no name
    # Identities spread events over their second; several tags are one.
    "mailgun": {"time": same_second, "tag tag": some_of},
    "mandrill": {"time": same_second, "tag tag": some_of},
    # Who it is can stand in the topic as well, or in the tracker's initials.
    "owntracks": {"tag user": lambda got, had: got in ("other", "joe"), "tag device": lambda got, had: got in ("name", "tablet", "JJ")},
    "overland": {"field motion": some_of},
    "papertrail": {"time": same_second},
    # By its documented name, where the webhook gives none.
    "particle": {**OWN_TYPES, "measurement if missing": lambda got, had: got == "particle"},
    "sendgrid": {"time": same_second, "tag category": some_of},
    "sensorlogger": OWN_TYPES,
    "tasmota": {"points": anything},  # what is neither object nor list is no sensor
    # The time of the message around the uplink is the next best.
    "thethingsstack": {**LORAWAN, "time if missing": lambda got, had: got == 1767323045900000001},
}


EXCEPTIONS.update({
    # What is no base64 of a reading can still be some five bytes.
    "binary": {f"field {name}": anything for name in ("temp", "humidity", "battery")},
    # One less of a name is another list of it.
    "duplicates": {"field v": some_number, "field ch2": some_number},
    "form_json": {"field clicks": at_most},
    "json_in_json": {"points": anything},  # a list holds no number with a name
    "null_or_absent": {"field off": lambda got, had: got != had},  # null says it is off
})


def may(script):
    exceptions = EXCEPTIONS.get(script, {})
    return lambda what, got, had: what in exceptions and exceptions[what](got, had)


@pytest.fixture(scope="module", name="table")
def table_of_counts(request):
    """Printed at the end: what became of the requests of each script."""
    rows = collections.defaultdict(collections.Counter)
    yield rows
    fates = ("stored", "partly", "kept", "refused", "nothing")
    lines = [f"{'':16}{'mutations':>10}" + "".join(f"{name:>9}" for name in fates)]
    for script, count in sorted(rows.items(), key=lambda row: row[0] in SUMS):
        lines.append(f"{script:16}{count.total():10}" + "".join(f"{count[name]:9}" for name in fates))
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\n" + "\n".join(lines))


def tried(path, folder):
    """(mutation, fate, complaints) for each thing that can be wrong with a file's requests."""
    recorded = cases(path)
    made = []
    for request, base in zip(recorded, run_all(recorded, folder)):
        if base.points and fate(base, base) == "stored":
            made += [(base, *mutation) for mutation in mutations(request)]
    for (base, where, kind, change, request), result in zip(made, run_all([m[-1] for m in made], folder)):
        wrong = [f"{request.title}: {where} {kind}: {why}" for why in judge(base, result, change, may(path.stem))]
        yield (where, kind), fate(base, result), wrong


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
def test_one_thing_wrong_stores_nothing_wrong(path, tmp_path, table):
    complaints = []
    for (where, kind), became, wrong in tried(path, tmp_path):
        complaints += wrong
        for row in (path.stem, "all", "usual" if kind in USUAL and where else "unusual"):
            table[row][became] += 1
    assert table[path.stem].total() > 100
    assert not complaints, "\n" + "\n".join(complaints)


@pytest.mark.parametrize("path", SHAPES, ids=lambda p: p.stem)
def test_an_example_stores_nothing_wrong_either(path, tmp_path):
    """Each of them shows one thing, and not that an array may stand for it all."""
    complaints, count = [], 0
    for (where, _), _, wrong in tried(path, tmp_path):
        complaints += [why for why in wrong if where or not why.endswith("points are lost")]
        count += 1
    assert count > 20
    assert not complaints, "\n" + "\n".join(complaints)


BAD = """return function(req)
  each(req.ndjson or req.json, function(d)
    local at = try(time.parse, d.at) or req.time
    emit("m", { id = d.id or d.other }, {
      v = number(d.v) or 0, up = d.state == "up", x = get(d, "position.1"), w = d.w,
    }, at)
    each(d.rows, function(row) if row.n then emit("row", { n = row.n }, { w = number(row.w) }, at) end end)
  end)
end
"""
GOOD = """return function(req)
  each(req.ndjson or req.json, function(d)
    local at = time.parse(d.at)
    if d.state ~= "up" and d.state ~= "down" then error("neither") end
    emit("m", { id = d.id }, {
      v = number(d.v), up = d.state == "up", x = number(get(d, "position", 1)), w = number(d.w),
    }, at)
    each(d.rows, function(row) emit("row", { n = row.n or error("no row") }, { w = number(row.w) }, at) end)
  end)
end
"""
READING = '{"id":"a","other":"b","v":1.5,"w":2.5,"state":"up","position":[3.5,4.5],"rows":[{"n":"r","w":6.5}],"at":"2026-01-02T03:04:05Z"}'


@pytest.mark.parametrize(
    "kind, body", [("application/json", READING), ("application/x-ndjson", READING + "\n" + READING.replace("05Z", "06Z"))], ids=["json", "ndjson"]
)
def test_a_script_that_guesses_is_found_out(tmp_path, kind, body):
    def judged(script):
        (tmp_path / "m.lua").write_text(script)
        (tmp_path / "m.http").write_text(f"### x\nPOST /x HTTP/1.1\nContent-Type: {kind}\n\n{body}\n\n### expect 204\n")
        (request,) = cases(tmp_path / "m.http")
        (base,) = run_all([request], tmp_path)
        made = list(mutations(request))
        results = run_all([m[-1] for m in made], tmp_path)
        return {why.split("=")[0] for m, result in zip(made, results) for why in judge(base, result, m[2], may("m"))}

    assert judged(GOOD) == set()
    assert judged(BAD) == {"tag id", "field v", "field up", "field x", "field w", "points are lost", "the receipt time"}


def test_nearly_all_of_it_is_survived(table):
    """One value null, one key left out, one time unreadable."""
    if len(table) < len(RECORDED) + 3:
        pytest.skip("not all scripts were tried")
    count = table["usual"]
    stored = count["stored"] + count["partly"]
    assert stored > 0.8 * count.total()
    assert stored + count["kept"] > 0.95 * count.total()
