"""`moonline dead ls | show | replay | drop`: what a script could not finish and
what an output refused, beside a gateway, without one, and after kill -9."""

import concurrent.futures
import json
import os
import pathlib
import re
import signal
import subprocess

import patience
import pytest
from fake_influx import Fake
from gateway import BINARY, PATIENCE_S, SOCKET_S, Gateway, environment, run

CONFIG = """return {
  listen = "127.0.0.1:0", admin = %s, data = "data",
  outputs = { paper = { file = "paper.lp", flush = "1ms" } },
  routes = { { path = "/met/:station", script = "met.lua", verify = false } },
}
"""
ADMIN = '"127.0.0.1:0"'

# Fails on what has no number; a point without a time has the receipt time.
BROKEN = """return function(req)
  return point("met", { station = req.params.station }, { t = req.json.t + 0 })
end
"""
MENDED = """return function(req)
  return point("met", { station = req.params.station }, { t = number(req.json.t) or -1 })
end
"""
# Says something else of the same request.
WORSE = 'return function(req) error("still in the workshop", 0) end\n'


@pytest.fixture(name="here")
def a_folder_with_a_broken_script(tmp_path):
    (tmp_path / "met.lua").write_text(BROKEN)
    return tmp_path


def gateway(here, admin=ADMIN):
    return Gateway(here, CONFIG % admin)


def keep(running, body, station="ridge"):
    """The id of a request that is kept."""
    status, headers, text = running.post(f"/met/{station}", body, {"Content-Type": "application/json"})
    assert status == 202, text
    assert json.loads(text)["id"] == headers["X-Request-Id"]
    return headers["X-Request-Id"]


def mend(here, running=None, text=MENDED):
    """The script is another one, and the gateway knows it."""
    (here / "met.lua").write_text(text)
    if running:
        running.process.send_signal(signal.SIGHUP)
        running.log.wait_for("info reload: ")


def dead(here, *arguments):
    return run("dead", *arguments, cwd=here)


def letters(here):
    code, out, err = dead(here, "ls", "--json")
    assert (code, err) == (0, "")
    return {row["id"]: row for row in map(json.loads, out.splitlines())}


def wait_for_letters(here, count):
    """The folder is looked at again until there are as many."""
    patience.wait_until(lambda: len(letters(here)) == count, lambda: letters(here), PATIENCE_S)
    return letters(here)


def stamp_of(here, letter):
    """The receipt time of a kept request, as nanoseconds in text."""
    return nanoseconds(re.search(r"# @time (\S+)", dead(here, "show", letter)[1]).group(1))


def nanoseconds(time):
    """Of RFC 3339, as text."""
    day, seconds, fraction = re.fullmatch(r"(\S+)T(\S+)\.(\d{9})Z", time).groups()
    done = subprocess.run(["date", "-u", "-d", f"{day} {seconds}", "+%s"], capture_output=True, text=True, check=True)
    return done.stdout.strip() + fraction


def paper(here):
    path = here / "paper.lp"
    return path.read_text().splitlines() if path.exists() else []


def deliver(here):
    """Whatever is in the journal is on paper when a gateway has stopped."""
    with gateway(here) as running:
        assert running.end(signal.SIGTERM) == 0
    return paper(here)


# ---- ls and show ----


def test_a_kept_request_is_listed_and_shown(here):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
        code, out, err = dead(here, "ls")
        assert (code, err) == (0, "")
        assert re.search(rf"^{letter}  \S+Z  /met/:station  +-  +1  met\.lua:2: .*\n1 dead letter: 1 request, 0 points$", out, re.M)
        code, out, err = dead(here, "show", letter)
        assert code == 0
        assert out.startswith("### POST /met/:station\n# @time ")
        assert out.endswith('\n\n{"t":"--"}\n\n### expect\n') and "@key" not in out
        assert "\n  reason met.lua:2: " in err and f"moonline dead replay {letter}" in err


def test_what_is_shown_is_a_recorded_test(here):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
    shown = dead(here, "show", letter)[1]
    (here / "met.http").write_text(shown)
    assert run("test", "met.http", cwd=here)[0] == 1
    mend(here)
    assert run("test", "--accept", "met.http", cwd=here)[0] == 0
    assert (here / "met.http").read_text() == shown + "met,station=ridge t=-1\n"
    assert run("test", "met.http", cwd=here)[:2] == (0, "1 passed, 0 failed\n")


def test_any_bytes_of_a_body_come_back(here):
    body = b'{"t":"\xff\r\n### x\n\x00"}\n\n'
    mend(here, text=WORSE)
    with gateway(here) as running:
        letter = keep(running, body)
        done = subprocess.run([BINARY, "dead", "show", letter], cwd=here, env=environment(), capture_output=True, check=True)
        assert done.stdout.endswith(b"\n\n" + body + b"\n\n### expect\n")
        assert f"# @bytes {len(body)}\n".encode() in done.stdout


def test_who_is_told_apart_by_a_header_is_another(here):
    """Both were told that they are kept."""
    with gateway(here) as running:
        answers = [running.post("/met/ridge", '{"t":"--"}', {"X-Device": device}) for device in ("a", "b", "b")]
        assert [status for status, _, _ in answers] == [202] * 3
        assert sorted(letters(here)) == sorted(headers["X-Request-Id"] for _, headers, _ in answers[:2])


def test_equal_ones_only_count(here):
    with gateway(here) as running:
        first = keep(running, '{"t":"--"}')
        for _ in range(4):
            keep(running, '{"t":"--"}')
        other = keep(running, '{"t":"--"}', "valley")
        assert {id: row["count"] for id, row in letters(here).items()} == {first: 5, other: 1}
        assert "the same came 5 times" in dead(here, "show", first)[2]
        metrics = running.ask("GET", "/metrics", port=running.admin_port)[2]
        assert 'moonline_dead_letters{kind="request"} 2\n' in metrics
        assert 'moonline_dead_letters{kind="point",output="paper"} 0\n' in metrics
        assert "moonline_kept_requests_total 6\n" in metrics


@pytest.mark.parametrize("runs", [True, False])
def test_the_id_of_a_repetition_leads_to_the_letter(here, runs):
    """Its sender, or the log, has told no other."""
    with gateway(here) as running:
        first, second, third = [keep(running, '{"t":"--"}') for _ in range(3)]
        assert list(letters(here)) == [first]
        assert dead(here, "show", second) == dead(here, "show", first)
        assert dead(here, "show", "0123456789abcdef")[0] == 1
        if not runs:
            assert running.end(signal.SIGTERM) == 0
        code, out, _ = dead(here, "drop", third, second)
        assert (code, out) == (0, f"{first}: dropped\n1 dropped, 0 kept\n")
        assert not letters(here)


def test_the_data_folder_is_enough_to_look(here):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
    (here / "moonline.lua").unlink()
    assert letter in dead(here, "ls", "--data", "data")[1]
    assert dead(here, "show", "--data", "data", letter)[0] == 0
    assert dead(here, "drop", "--data", "data", letter)[0] == 0
    assert dead(here, "replay", "--data", "data", "--all")[0] == 64


def test_who_looks_need_not_know_the_secrets(here):
    """Nor who asks a gateway, which knows them; but without it scripts would run here."""
    with gateway(here) as running:
        config = (here / "moonline.lua").read_text()
        letter, other = keep(running, '{"t":"--"}'), keep(running, '{"t":"-"}')
        mend(here, running)
        (here / "moonline.lua").write_text('local secret = env "NOT_THERE"\n' + config)
        assert letter in dead(here, "ls")[1]
        assert dead(here, "show", letter)[0] == 0
        assert dead(here, "replay", letter)[0] == 0
        running.end(signal.SIGTERM)
    said = r"moonline.lua:\d+: the environment variable NOT_THERE is not set\n"
    code, out, err = dead(here, "replay", other)
    assert code == 78 and out == "" and re.fullmatch(said, err)
    assert dead(here, "drop", other) == (0, f"{other}: dropped\n1 dropped, 0 kept\n", "")
    (here / "moonline.lua").write_text('local secret = env "NOT_THERE"\n' + config.replace("return {", "return { dat = 1,", 1))
    code, out, err = dead(here, "ls")
    assert code == 78 and re.fullmatch(said, err)


def test_no_letters_are_no_mistake(here):
    with gateway(here):
        pass
    assert dead(here, "ls") == (0, "0 dead letters: 0 requests, 0 points\n", "")
    assert dead(here, "replay", "--all") == (0, "0 replayed, 0 kept\n", "")


@pytest.mark.parametrize(
    "arguments, why",
    [
        ([], "ls, show, replay or drop?"),
        (["eat"], "there is ls, show, replay and drop"),
        (["ls", "a"], "ls takes no ID; show does"),
        (["show"], "show takes one ID of those that ls shows"),
        (["show", "a", "b"], "show takes one ID of those that ls shows"),
        (["show", "--json", "a"], "--json goes with ls"),
        (["replay"], "which? Give IDs of those that ls shows"),
        (["replay", "--all", "x"], "either --all or IDs"),
        (["drop"], "which? Give IDs of those that ls shows"),
        (["drop", "--all"], "drop has no --all: give IDs"),
        (["ls", "-c", "moonline.lua", "--data", "moonline-data"], "either -c or --data"),
        (["replay", "--all", "--data", "moonline-data"], "replay needs the configuration: -c FILE in place of --data"),
    ],
)
def test_usage(here, arguments, why):
    with gateway(here):
        pass
    code, out, err = dead(here, *arguments)
    assert (code, out) == (64, "") and err.startswith("usage: moonline dead ls")
    assert err.endswith(f"\nmoonline dead: {why}\n")


# ---- replay ----


@pytest.mark.parametrize("runs", [True, False])
def test_a_request_runs_again_with_its_own_time(here, runs):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
        stamp = stamp_of(here, letter)
        if not runs:
            running.end(signal.SIGKILL)
        mend(here, running if runs else None)
        assert dead(here, "replay", letter) == (0, f"{letter}: 1 point\n1 replayed, 0 kept\n", "")
        assert letters(here) == {}
        if runs:
            running.end(signal.SIGTERM)
    if not runs:
        deliver(here)
    assert paper(here) == [f"met,station=ridge t=-1 {stamp}"]


@pytest.mark.parametrize("runs", [True, False])
def test_the_same_sent_three_times_is_three_points(here, runs):
    with gateway(here) as running:
        ids = [keep(running, '{"t":"--"}') for _ in range(3)]
        if not runs:
            running.end(signal.SIGKILL)
        assert letters(here).keys() == {ids[0]}
        again = (here / "data" / "dead" / "requests" / f"{ids[0]}.again").read_text().split()
        assert again[::2] == ids[1:]
        stamps = [stamp_of(here, ids[0])] + [nanoseconds(text) for text in again[1::2]]
        assert stamps == sorted(set(stamps))
        mend(here, running if runs else None)
        assert dead(here, "replay", ids[2]) == (0, f"{ids[0]}: 3 points\n1 replayed, 0 kept\n", "")
        assert letters(here) == {}
        if runs:
            running.end(signal.SIGTERM)
    if not runs:
        deliver(here)
    assert paper(here) == [f"met,station=ridge t=-1 {stamp}" for stamp in stamps]


@pytest.mark.parametrize("runs", [True, False])
def test_what_fails_again_stays_with_the_new_reason(here, runs):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
        before = dead(here, "show", letter)[1]
        if not runs:
            running.end(signal.SIGKILL)
        mend(here, running if runs else None, WORSE)
        code, out, err = dead(here, "replay", "--all")
        assert (code, out) == (1, "0 replayed, 1 kept\n")
        assert err == f"{letter}: kept: met.lua:1: still in the workshop\n"
        assert letters(here)[letter]["reason"] == "met.lua:1: still in the workshop"
        after = dead(here, "show", letter)[1]
        assert after.split("POST ")[-1] == before.split("POST ")[-1]
        assert after.count("@reason") == after.count("@time") == 1


def test_replay_of_many_says_which_and_why(here):
    with gateway(here) as running:
        ids = [keep(running, f'{{"t":"x{i}"}}') for i in range(3)]
        mend(here, running, 'return function(req) if req.json.t == "x1" then return nil, "not that one" end end\n')
        code, out, err = dead(here, "replay", *ids, "0123456789abcdef", "rubbish")
        assert (code, out) == (1, f"{ids[0]}: 0 points\n{ids[2]}: 0 points\n2 replayed, 1 kept, 2 not there\n")
        assert f"{ids[1]}: kept: not that one\n" in err
        assert "0123456789abcdef: there is no such dead letter\n" in err
        assert "rubbish: there is no such dead letter\n" in err
        assert list(letters(here)) == [ids[1]]


def test_a_route_that_is_gone_keeps_its_letters(here):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
    config = (CONFIG % ADMIN).replace("/met/:station", "/elsewhere")
    (here / "moonline.lua").write_text(config)
    code, _, err = dead(here, "replay", letter)
    name = f"data/dead/requests/{letter}.http"
    assert code == 1
    assert err == f"{letter}: kept: no route has its path /met/ridge: give it one, or change the path in {name}\n"
    assert list(letters(here)) == [letter]
    mend(here)
    (here / name).write_text((here / name).read_text().replace("POST /met/ridge ", "POST /elsewhere "))
    assert dead(here, "replay", letter)[:2] == (0, f"{letter}: 1 point\n1 replayed, 0 kept\n")
    assert not letters(here)


def test_without_an_admin_port_the_tool_says_so(here):
    with gateway(here, "false") as running:
        letter = keep(running, '{"t":"--"}')
        code, out, err = dead(here, "replay", letter)
        assert (code, out) == (1, "") and "no admin port to ask" in err
        assert list(letters(here)) == [letter]


# ---- drop ----


@pytest.mark.parametrize("runs", [True, False])
def test_drop(here, runs):
    with gateway(here) as running:
        one, two = keep(running, '{"t":"a"}'), keep(running, '{"t":"b"}')
        keep(running, '{"t":"a"}')
        if not runs:
            running.end(signal.SIGKILL)
        assert dead(here, "drop", one) == (0, f"{one}: dropped\n1 dropped, 0 kept\n", "")
        assert list(letters(here)) == [two]
        code, out, err = dead(here, "drop", one, two)
        assert (code, out) == (1, f"{two}: dropped\n1 dropped, 0 kept, 1 not there\n")
        assert err == f"{one}: there is no such dead letter\n"
        assert os.listdir(here / "data" / "dead" / "requests") == []


# ---- refused points ----

REFUSED = """#letters 2 2099-01-02T03:04:05.000Z
#dead 00000000000000000007 2099-01-02T03:04:05.000Z 400 08ab partial write: field type conflict
m,a=b f="x" 1700000000000000007
#dead 00000000000000000009 2099-01-02T03:04:05.000Z 400 08ab partial write: field type conflict
m,a=b f="y" 1700000000000000009
"""


@pytest.fixture(name="refused")
def two_points_that_were_refused(here):
    folder = here / "data" / "dead" / "points" / "paper"
    folder.mkdir(parents=True)
    (folder / "00000000000000000007.lp").write_text(REFUSED)
    (here / "moonline.lua").write_text(CONFIG % ADMIN)
    return here


SEVEN, NINE = "paper/00000000000000000007", "paper/00000000000000000009"


def test_points_are_listed_and_shown(refused):
    assert list(letters(refused)) == [SEVEN, NINE]
    out = dead(refused, "ls")[1]
    assert re.search(rf"^{SEVEN}  2099-01-02T03:04:05Z  paper +400 +1  partial write: field type conflict$", out, re.M)
    assert out.endswith("2 dead letters: 0 requests, 2 points\n")
    code, out, err = dead(refused, "show", NINE)
    assert (code, out) == (0, 'm,a=b f="y" 1700000000000000009\n')
    assert "status    400" in err and "reason    partial write: field type conflict" in err
    assert dead(refused, "show", "paper/8")[0] == 1
    assert dead(refused, "show", "none/8")[0] == 1


def test_the_zeros_of_a_points_number_may_be_left_out(refused):
    assert dead(refused, "show", "paper/9")[:2] == dead(refused, "show", NINE)[:2]
    assert dead(refused, "drop", "paper/0009", "paper/8", "paper/x", "paper/") == (
        1,
        f"{NINE}: dropped\n1 dropped, 0 kept, 3 not there\n",
        "paper/00000000000000000008: there is no such dead letter\npaper/x: there is no such dead letter\npaper/: there is no such dead letter\n",
    )
    assert list(letters(refused)) == [SEVEN]


@pytest.mark.parametrize("runs", [True, False])
def test_a_point_goes_back_through_the_journal(refused, runs):
    if runs:
        with gateway(refused) as running:
            metrics = running.ask("GET", "/metrics", port=running.admin_port)[2]
            assert 'moonline_dead_letters{kind="point",output="paper"} 2\n' in metrics
            assert dead(refused, "replay", NINE)[0] == 0
            running.end(signal.SIGTERM)
    else:
        assert dead(refused, "replay", NINE) == (0, f"{NINE}: 1 point\n1 replayed, 0 kept\n", "")
        deliver(refused)
    assert paper(refused) == ['m,a=b f="y" 1700000000000000009']
    assert list(letters(refused)) == [SEVEN]


def test_all_points_and_those_of_no_output(refused):
    strange = refused / "data" / "dead" / "points" / "gone"
    strange.mkdir()
    (strange / "00000000000000000007.lp").write_text(REFUSED)
    code, out, err = dead(refused, "replay", "--all")
    assert code == 1 and out.endswith("2 replayed, 2 kept\n")
    assert err.count("there is no such output") == 2
    assert sorted(deliver(refused)) == ['m,a=b f="x" 1700000000000000007', 'm,a=b f="y" 1700000000000000009']
    assert dead(refused, "drop", "gone/00000000000000000007", "gone/00000000000000000009")[0] == 0
    assert letters(refused) == {}


UPSTREAM = """return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0", data = "data",
  outputs = { influx = { url = "%s", database = "iot", flush = "1ms" } },
  routes = { { path = "/write", line_protocol = true, verify = false } },
}
"""


def refuse_the_bad(talk):
    bad = [line for line in talk.lines() if b"bad" in line]
    talk.store()
    if not bad:
        return talk.answer(204)
    body = b'{"error":"partial write: field type conflict: input field \\"v\\" on measurement \\"bad\\" is type string dropped=%d"}' % len(bad)
    return talk.answer(400, body, ("X-Request-Id: r-77",))


def test_what_a_server_refused_goes_again_when_it_is_mended(here):
    with Fake() as fake, Gateway(here, UPSTREAM % fake.url) as running:
        fake.refuses = lambda line: b"bad" in line
        fake.refusal = refuse_the_bad
        assert running.post("/write", "good v=1 1\nbad v=2 2\ngood v=3 3\nbad v=4 4\n")[0] == 204
        running.log.wait_for(r"refused and kept as dead letters")
        fake.wait_stored([b"good v=1 1", b"good v=3 3"])
        rows = wait_for_letters(here, 2)
        assert [row["status"] for row in rows.values()] == [400, 400]
        assert all("field type conflict" in row["reason"] for row in rows.values())
        assert dead(here, "replay", "--all")[0] == 0  # refused again, so there again
        again = wait_for_letters(here, 2)
        assert not set(again) & set(rows)
        fake.refuses, fake.refusal = (lambda line: False), None
        assert dead(here, "replay", "--all")[0] == 0
        fake.wait_stored([b"bad v=2 2", b"bad v=4 4"])
        assert letters(here) == {} and fake.wrong == []
        assert counts(running) == {"journalled": 8, "delivered": 4, "dead": 4, "pending": 0}


def counts(running):
    """Once nothing is pending."""
    until = patience.now() + PATIENCE_S
    while patience.now() < until:
        page = running.ask("GET", "/metrics", port=running.admin_port)[2]
        found = re.findall(r'^moonline_(?:output_)?(journalled|delivered|dead|pending)_points(?:_total)?{output="influx"} (\d+)$', page, re.M)
        got = {name: int(value) for name, value in found}
        if got["pending"] == 0:
            break
    return got


# ---- the admin port ----


def ask(running, path, body="", **headers):
    return running.ask("POST", path, body, headers, port=running.admin_port)


def test_no_web_page_can_do_it(here):
    with gateway(here) as running:
        letter = keep(running, '{"t":"--"}')
        for path in ("/dead/drop", "/dead/replay"):
            assert ask(running, path, letter)[0] == 403
            for host in ("evil.example:8581", "localhost.evil.example", "dead.beef.de", "face.cafe:8581", "127.0.0.1.de", "[::1].de"):
                assert ask(running, path, letter, **{"X-Moonline": "1", "Host": host})[0] == 403
            assert running.ask("GET", path, port=running.admin_port)[0] == 404
            assert running.ask("OPTIONS", path, port=running.admin_port)[0] == 404
        assert list(letters(here)) == [letter]
        for host in ("127.0.0.1", "[::1]:8581", "localhost", "LOCALHOST:8581"):
            assert ask(running, "/dead/drop", letter + "0", **{"X-Moonline": "1", "Host": host})[0] == 200
        assert list(letters(here)) == [letter]
        status, headers, text = ask(running, "/dead/drop", letter + "\nnone\n", **{"X-Moonline": "1"})
        assert (status, headers["Content-Type"]) == (200, "application/json")
        assert json.loads(text) == {
            "failed": 1,
            "letters": [
                {"id": letter, "done": True, "what": "dropped"},
                {"id": "none", "done": False, "what": "there is no such dead letter"},
            ],
        }


def test_a_body_that_is_too_large(here):
    with gateway(here) as running:
        assert ask(running, "/dead/drop", "x" * 200000, **{"X-Moonline": "1"})[0] == 413


# ---- full ----


def test_when_it_is_full_senders_get_503_and_health_says_so(here):
    folder = here / "data" / "dead" / "requests"
    folder.mkdir(parents=True)
    for i in range(10000):
        (folder / f"{i:016x}.http").write_text(f"# @id {i:016x}\nPOST /x{i} HTTP/1.1\n\n\n")
    with gateway(here) as running:
        status, headers, text = running.post("/met/ridge", '{"t":"--"}', {"Content-Type": "application/json"})
        assert status == 503 and headers["Retry-After"] and "10000 requests are kept" in text
        status, _, text = running.ask("GET", "/health", port=running.admin_port)
        assert status == 503 and "10000 of at most 10000 requests are kept as dead letters" in text
        status, _, text = running.post("/met/ridge", '{"t":1}', {"Content-Type": "application/json"})
        assert status == 204, text
        assert dead(here, "drop", *(f"{i:016x}" for i in range(2000)))[0] == 0
        keep(running, '{"t":"--"}')
        assert running.ask("GET", "/health", port=running.admin_port)[0] == 200


# ---- kill -9 ----


def test_what_was_answered_202_outlives_a_kill(here):
    with gateway(here) as running, concurrent.futures.ThreadPoolExecutor(8) as pool:

        def send(number):
            try:
                return keep(running, f'{{"t":"x{number}"}}')
            except OSError:
                return None

        ids = [pool.submit(send, number) for number in range(400)]
        ids[150].result()
        running.end(signal.SIGKILL)
        kept = {letter for letter in (done.result() for done in ids) if letter}
    assert len(kept) > 100
    with gateway(here):
        assert kept <= set(letters(here))


def test_a_kill_in_the_middle_of_a_replay_loses_nothing(here):
    count = 600
    with gateway(here) as running:
        for number in range(count):
            keep(running, f'{{"t":"x{number}"}}', f"s{number}")
        mend(here, running)
        tool = subprocess.Popen(
            [BINARY, "dead", "replay", "--all"],
            cwd=here, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )
        tool.stdout.readline()  # the first row is done, the next under way
        running.end(signal.SIGKILL)
        tool.communicate()
        assert tool.returncode == 1
    left = len(letters(here))
    assert 0 < left < count
    code, out, err = dead(here, "replay", "--all")
    assert (code, err) == (0, "") and out.endswith(f"{left} replayed, 0 kept\n")
    stations = {re.match(r"met,station=s(\d+) ", line)[1] for line in deliver(here)}
    assert stations == {str(number) for number in range(count)}
    assert len(set(paper(here))) == count  # the same points at the same times


def test_a_gateway_starts_beside_no_other(here):
    with gateway(here):
        again = subprocess.run([BINARY, "serve"], cwd=here, env=environment(), capture_output=True, timeout=SOCKET_S, check=False)
        assert again.returncode == 78 and b"another process" in again.stderr
        assert pathlib.Path(here, "data", "admin").read_text().startswith("127.0.0.1:")
