"""What a script could not take is kept: each ending over the wire, and after a kill -9 the moment the answer is there."""

import http.client
import json
import random
import re
import signal
import threading

import pytest
from gateway import Gateway, run

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0", data = "data", workers = 2,
  outputs = { paper = { file = "points.lp", flush = "10ms" } },
  routes = {
    { path = "/w", script = "w.lua" },
    { path = "/said", script = "w.lua", reply = { status = 200, body = "ok" } },
    { path = "/strict", script = "w.lua", on_error = "refuse" },
    { path = "/bad", script = "w.lua", on_bad_body = "keep" },
    { path = "/hush/:PASSKEY", script = "w.lua", secrets = { "PASSKEY" },
      verify = { scheme = "header", name = "X-Station", value = "hush-header" } },
    { path = "/api/v2/write", line_protocol = true },
  },
  limits = { points = 500, time = "200ms" }, -- a sanitizer makes a script slow
}
"""

SCRIPT = """
local function store(x)
  if x.v == "loop" then while true do end end
  if x.v == "keep" then keep("an odd one") return emit("w", { id = x.id }, { v = 0 }) end
  emit("w", { id = x.id }, { v = x.v + 1 })
end

return function(req)
  local q = req.query
  emit("early", nil, { v = 1 })
  if q.reply then reply(201, { thanks = true }) end
  if q.fail then error("oh no " .. q.fail) end
  if q.bomb then local s = "x" while true do s = s .. s end end
  if q.many then while true do emit("m", nil, { v = 1 }) end end
  if q.refuse then return nil, "not today", 409 end
  if q.keep then keep(q.keep) end
  each(req.json or req.ndjson, store)
end
"""

NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    (tmp_path / "w.lua").write_text(SCRIPT)
    return tmp_path


def letters(folder):
    return {path.stem: path.read_text() for path in (folder / "data/dead/requests").glob("*.http")}


def points(folder):
    """What the output got, once a gateway has nothing left to send."""
    with Gateway(folder, CONFIG) as gateway:
        assert gateway.end(signal.SIGTERM) == 0
    path = folder / "points.lp"
    return sorted(line.rsplit(" ", 1)[0] for line in path.read_text().splitlines()) if path.exists() else []


def reasons(letter):
    """Each reason of a letter; those of several stand one a line."""
    several = re.search(r"^# @kept (.*\n(?:#   .*\n)*)", letter, re.M)
    if several:
        return [line.removeprefix("#").strip() for line in several[1].splitlines()]
    return [re.search(r"^# @reason (.*)", letter, re.M)[1]]


def row(name, target, body, status, answer, kept=(), stored=(), headers=None):
    return pytest.param(target, body, headers, status, answer, list(kept), sorted(stored), id=name)


@pytest.mark.parametrize(
    "target, body, headers, status, answer, kept, stored",
    [
        row("points", "/w", '[{"id":1,"v":1}]', 204, "", (), ["early v=1", "w,id=1 v=2"]),
        row("points and a reply", "/w?reply", "", 201, '{"thanks":true}', (), ["early v=1"]),
        row("refused", "/w?refuse", "", 409, "not today"),
        row("refused after keep", "/w?refuse&keep=me", "", 409, "not today"),
        row("broken JSON", "/w", "[1,", 400, "offset 3, line 1, column 4"),
        row("broken JSON, kept", "/bad", "[1,", 202, "offset 3, line 1, column 4", ["offset 3, line 1, column 4"]),
        row("broken gzip, kept", "/bad", "none", 202, "compressed", ["compressed"], headers={"Content-Encoding": "gzip"}),
        row("a failure", "/w?fail=now", "", 202, "w.lua:12: oh no now", ["w.lua:12: oh no now"]),
        row("a failure after a reply", "/w?fail=now&reply", "", 201, '{"thanks":true}', ["w.lua:12: oh no now"]),
        row("a failure, the route's reply", "/said?fail=now", "", 200, "ok", ["w.lua:12: oh no now"]),
        row("a failure, refused", "/strict?fail=now", "", 500, "w.lua:12: oh no now"),
        row("time", "/w", '[{"id":1,"v":1},{"v":"loop"}]', 202, "time limit", ["w.lua:3: time limit of 200 ms reached"]),
        row("memory", "/w?bomb", "", 202, "memory limit", ["memory limit of 32000000 bytes reached"]),
        row("points without end", "/w?many", "", 202, "more than 500 points", ["more than 500 points"]),
        row("keep", "/w?keep=odd", '[{"id":1,"v":1}]', 202, "w.lua:16: odd", ["w.lua:16: odd"], ["early v=1", "w,id=1 v=2"]),
        row("keep, the route's reply", "/said?keep=odd", "", 200, "ok", ["w.lua:16: odd"], ["early v=1"]),
        row("elements", "/strict", '[{"id":1,"v":1},{"id":2,"v":"x"},{"id":3,"v":"keep"},{"id":4}]', 202, "(and 2 more)",
            ["element 2: w.lua:5: attempt to add", "element 3: w.lua:4: an odd one", "element 4: w.lua:5: attempt"],
            ["early v=1", "w,id=1 v=2", "w,id=3 v=0"]),
        row("a bad line", "/w", '{"id":1,"v":1}\n{"id":\n{"id":3,"v":3}', 202, "line 2: column 7", ["line 2: column 7"],
            ["early v=1", "w,id=1 v=2", "w,id=3 v=4"], NDJSON),
        row("bad lines only", "/w", '{"id"\n{', 400, "line 1, column 6", headers=NDJSON),
        row("a native write", "/api/v2/write", "m v=1\nm v=x", 400, "line 2"),
    ],
)
def test_the_answer_tells_what_a_crash_cannot_undo(folder, target, body, headers, status, answer, kept, stored):
    with Gateway(folder, CONFIG) as gateway:
        told = gateway.post(target, body, headers)
        gateway.process.kill()
    assert (told[0], answer in (json.loads(told[2])["kept"] if told[0] == 202 else told[2])) == (status, True), told[2]
    found = letters(folder)
    assert len(found) == (1 if kept else 0)
    for name, letter in found.items():
        assert name == told[1]["X-Request-Id"]
        if status == 202:
            assert json.loads(told[2])["id"] == name
        got = reasons(letter)
        assert len(got) == len(kept)
        for reason, wanted in zip(got, kept):
            assert wanted in reason
        assert f"\nPOST {target.split('?')[0]}" in letter
        assert letter.endswith(f"\n\n{body}\n")
    assert points(folder) == stored


def test_a_letter_can_be_tried_again_with_its_time(folder):
    with Gateway(folder, CONFIG) as gateway:
        gateway.post("/w", '[{"id":1,"v":1},{"id":2,"v":"2"},{"id":3,"v":"x"}]')
        gateway.process.kill()
    name, letter = letters(folder).popitem()
    path = f"data/dead/requests/{name}.http"
    time = re.search(r"^# @time (\S+)", letter, re.M)[1]
    code, out, err = run("try", path, cwd=folder)
    assert code == 0
    assert len(out.splitlines()) == 3
    assert "kept: element 3: w.lua:5: " in err
    (folder / "w.lua").write_text('return function(req) return each(req.json, function(x) return point("w", nil, { v = number(x.v) or 0 }) end) end')
    code, out, err = run("try", path, cwd=folder)
    assert code == 0
    assert "kept" not in err
    stamps = {line.split()[-1] for line in out.splitlines()}
    assert len(stamps) == 1
    assert run("try", "--time", time, "-s", "w.lua", "-d", '[{"v":0}]', cwd=folder)[1].split()[-1] == stamps.pop()


TIMELESS = """
return function(req)
  each(req.json, function(x)
    if not store.add(x.id, "1h") then return end
    emit("w", { id = x.id }, { v = %s })
  end)
end
"""


@pytest.mark.parametrize("body", ['[{"id":"a","v":1},{"id":"b","v":"--"}]', '[{"id":"b","v":"--"}]'])
def test_a_replay_stores_what_was_missing_at_its_own_time(folder, body):
    """Though the script drops doubles: what failed was no first. What was stored is not there twice, or is the same again."""
    (folder / "w.lua").write_text(TIMELESS % "x.v + 0")
    with Gateway(folder, CONFIG) as gateway:
        assert gateway.post("/w", body)[0] == 202
        name, letter = letters(folder).popitem()
        (folder / "w.lua").write_text(TIMELESS % "number(x.v) or -1")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("info reload: ")
        code, _, err = run("dead", "replay", name, cwd=folder)
        assert (code, err) == (0, "")
        assert letters(folder) == {}
        assert gateway.end(signal.SIGTERM) == 0
    points(folder)
    time = re.search(r"^# @time (\S+)", letter, re.M)[1]
    lines = set((folder / "points.lp").read_text().splitlines())
    assert {line.split()[0] for line in lines} == {f"w,id={x['id']}" for x in json.loads(body)}
    stamp = run("try", "--time", time, "-s", "w.lua", "-d", '[{"id":"x"}]', cwd=folder)[1].split()[-1]
    assert {line.split()[-1] for line in lines} == {stamp}
    assert len(lines) == len(json.loads(body))


def test_no_secret_is_in_a_letter_or_in_the_log(folder):
    headers = {"X-Station": "hush-header", "Authorization": "Bearer hush-bearer", "Cookie": "hush=hush", "X-Plain": "seen"}
    with Gateway(folder, CONFIG) as gateway:
        said = "fail=hush-header+hush-bearer+hush-path+hush-token"
        status, _, told = gateway.post(f"/hush/hush-path?token=hush-token&{said}", "", headers)
        assert status == 202
        assert json.loads(told)["kept"] == "w.lua:12: oh no *** *** *** ***"
        assert gateway.end(signal.SIGTERM) == 0
        log = "\n".join(gateway.log.all())
    assert "oh no *** *** *** ***" in log
    assert "hush-" not in log
    letter = letters(folder).popitem()[1]
    assert "X-Plain: seen" in letter
    request_line = re.search(r"^POST .*", letter, re.M)[0]
    assert request_line.startswith("POST /hush/***?token=***&fail=")
    # The sender itself wrote its secrets into a field that is none.
    assert "hush" not in letter.replace(request_line, "").replace("/hush/", "")


def test_nothing_is_stored_when_letters_are_full(folder):
    with Gateway(folder, CONFIG) as gateway:
        gateway.post("/w?fail=first")
        assert gateway.end(signal.SIGTERM) == 0
    name, letter = letters(folder).popitem()
    for i in range(9999):
        other = f"{i:016x}"
        (folder / f"data/dead/requests/{other}.http").write_text(letter.replace(name, other))
    with Gateway(folder, CONFIG) as gateway:
        status, headers, told = gateway.post("/w?keep=odd")
        assert status == 503
        assert headers["Retry-After"]
        assert "10000" in told
        assert gateway.post("/w")[0] == 204
        assert gateway.end(signal.SIGTERM) == 0
    assert points(folder) == ["early v=1"]


def test_the_log_has_a_few_lines_a_second(folder):
    with Gateway(folder, CONFIG) as gateway:
        assert gateway.post("/w")[0] == 204
        for i in range(50):
            assert gateway.post(f"/w?fail={i}")[0] == 202
        assert gateway.post("/said?fail=other")[0] == 200
        assert gateway.end(signal.SIGTERM) == 0
        log = gateway.log.all()
    kept = [line for line in log if " is kept as " in line]
    assert any("POST /said from 127.0.0.1 is kept as" in line and "oh no other" in line for line in kept)
    assert 2 <= len(kept) < 51
    assert all("oh no" in line for line in kept)
    assert len(letters(folder)) == 51


def test_globals_that_a_request_threw_away_are_there_for_the_next(folder):
    (folder / "w.lua").write_text('return function(req) if req.query.bad then _ENV = nil end return point("w", nil, { v = 1 }) end')
    with Gateway(folder, CONFIG.replace("workers = 2", "workers = 1")) as gateway:
        assert gateway.post("/w?bad")[0] == 202
        assert gateway.post("/w")[0] == 204
        assert gateway.end(signal.SIGTERM) == 0


def make_request(chance, number):
    """A body with unique elements, some of which fail; the ids that are good."""
    elements, good = [], []
    for i in range(chance.randint(1, 30)):
        name = f"{number}.{i}"
        is_good = chance.random() < 0.7
        elements.append({"id": name, "v": 1 if is_good else chance.choice(["x", None, [], {}, True])})
        if is_good:
            good.append(name)
    return elements, good


def send_until_cut(gateway, chance, first, answered):
    """Requests one after the other; what was answered is noted, with its elements."""
    try:
        for number in range(first, first + 300):
            elements, good = make_request(chance, number)
            status, headers, _ = gateway.post("/w", json.dumps(elements))
            answered.append((status, headers["X-Request-Id"], elements, good))
    except (OSError, http.client.HTTPException):
        pass


@pytest.mark.parametrize("seed", range(3))
def test_stored_points_and_kept_elements_are_all_there_were(folder, seed):
    chance, answered = random.Random(seed), []
    with Gateway(folder, CONFIG) as gateway:
        senders = [
            threading.Thread(target=send_until_cut, args=(gateway, random.Random(seed * 100 + i), i * 1000, answered)) for i in range(4)
        ]
        for sender in senders:
            sender.start()
        enough = chance.randint(30, 200)
        while len(answered) < enough and any(sender.is_alive() for sender in senders):
            senders[0].join(0.01)
        gateway.process.kill()
        for sender in senders:
            sender.join()
    assert len(answered) >= enough
    stored = {match[1] for line in points(folder) if (match := re.match(r"w,id=(\S+) ", line))}
    kept = letters(folder)
    for status, name, elements, good in answered:
        assert status == (204 if len(good) == len(elements) else 202)
        numbers = {int(n) for n in re.findall(r"element (\d+): ", "\n".join(reasons(kept[name])))} if name in kept else set()
        for i, element in enumerate(elements, 1):
            assert (element["id"] in stored) == (element["id"] in good)
            assert (i in numbers) == (element["id"] not in good)
        if name in kept:
            assert json.loads(kept[name].split("\n\n", 1)[1]) == elements
