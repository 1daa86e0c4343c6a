"""The command line: verbs, flags, exit codes, messages, signals."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading

import patience
import pytest
from gateway import BINARY, PATIENCE_S, SOCKET_S, Gateway, environment, run

WEATHER = """return function(req)
  local t = req.json or req.form
  if t.refuse then return nil, t.refuse, 409 end
  if t.raise then error(t.raise) end
  print("seen", t.station)
  return point("weather", { station = t.station, empty = "" },
    { temp = number(t.temp), method = req.method, route = req.route,
      agent = req.headers["x-agent"], text = t.text }, time.parse(t.at))
end
"""

CONFIG = """return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  routes = {
    { path = "/weather/:x", script = "weather.lua", method = { "GET", "POST" },
      verify = { scheme = "bearer", secret = "s3cret" } },
    { path = "/open", script = "weather.lua" },
    { path = "/api/v2/write", line_protocol = true },
  },
}
"""

AT = "2026-01-02T03:04:05Z"
NS = 1767323045000000000


@pytest.fixture(name="here")
def folder(tmp_path):
    (tmp_path / "weather.lua").write_text(WEATHER)
    return tmp_path


@pytest.fixture(name="there")
def configured(here):
    (here / "moonline.lua").write_text(CONFIG)
    return here


# ------------------------------------------------------------------- verbs --


def test_without_a_verb_it_says_what_there_is(here):
    code, out, err = run(cwd=here)
    assert code == 64
    assert out == ""
    for verb in ("serve", "check", "try", "test", "sink", "version"):
        assert re.search(rf"^  {verb}\b", err, re.M), verb


def test_an_unknown_verb_is_usage(here):
    code, _, err = run("start", cwd=here)
    assert code == 64
    assert "no verb `start`" in err


@pytest.mark.parametrize("flag", ["help", "--help", "-h"])
def test_help_is_no_error(here, flag):
    code, out, err = run(flag, cwd=here)
    assert (code, err) == (0, "")
    assert out.startswith("usage: moonline VERB")


@pytest.mark.parametrize("verb", ["serve", "check", "try", "test", "dead", "journal", "sink", "version"])
def test_a_verb_can_be_asked_too(here, verb):
    for flag in ("--help", "-h"):
        code, out, err = run(verb, flag, cwd=here)
        assert (code, err) == (0, "")
        assert out.startswith(f"usage: moonline {verb}")
        assert f"\n  {verb}" in run("help", cwd=here)[1]


@pytest.mark.parametrize("words", [("dead", "replay", "--help"), ("try", "-d", "x", "--help"), ("journal", "cat", "--help")])
def test_a_question_may_stand_behind_other_words(here, words):
    code, out, err = run(*words, cwd=here)
    assert (code, err) == (0, "") and out.startswith(f"usage: moonline {words[0]}")


def test_help_names_each_flag_of_try(here):
    out = run("try", "--help", cwd=here)[1]
    for flag in ("-c", "-s", "-p", "-X", "-t", "-H", "-d", "-u", "-G", "--time", "--json", "--data-raw"):
        assert f" {flag} " in out or f" {flag}," in out, flag
    assert max(len(line) for line in out.splitlines()) <= 80


def test_what_is_wrong_is_said_last(here):
    """Below it is nothing but the prompt."""
    assert run("serv", cwd=here)[2].endswith("\nmoonline: no verb `serv` (did you mean serve?)\n")
    assert run("frobnicate", cwd=here)[2].endswith("\nmoonline: no verb `frobnicate`\n")
    assert run("serve", "x", cwd=here)[2] == "moonline: serve takes only -c FILE and --record DIR (`moonline help` shows all)\n"


def test_version_names_the_libraries(here):
    code, out, _ = run("version", cwd=here)
    assert code == 0
    assert re.match(r"moonline \d+\.\d+\.\d+\n", out)
    for library in ("Lua 5.4", "libmicrohttpd ", "libcurl ", "zlib ", "GnuTLS "):
        assert library in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "x"),
        ("serve", "-x"),
        ("serve", "-c"),
        ("check", "x"),
        ("check", "-q"),
        ("test", "-q"),
        ("try", "-q"),
        ("sink", "a", "b"),
        ("sink", "-q"),
        ("version", "x"),
    ],
)
def test_wrong_arguments_are_usage(there, arguments):
    code, out, err = run(*arguments, cwd=there)
    assert code == 64
    assert out == ""
    assert err


# ------------------------------------------------------------------- check --


def test_check_is_silent_about_nothing_wrong(there):
    code, out, err = run("check", cwd=there)
    assert (code, err) == (0, "")
    assert out == "moonline.lua: 3 routes, 1 script, 1 output: fine\n"


def test_check_takes_a_file(there):
    (there / "moonline.lua").rename(there / "other.lua")
    assert run("check", "-c", "other.lua", cwd=there)[0] == 0
    assert run("check", cwd=there, env={"MOONLINE_CONFIG": "other.lua"})[0] == 0
    assert run("check", cwd=there)[0] == 78


def test_check_tells_a_wrong_option_with_its_line(there):
    (there / "moonline.lua").write_text("return {\n  routes = {},\n  lisen = 1,\n}\n")
    code, out, err = run("check", cwd=there)
    assert (code, out) == (78, "")
    assert err == "moonline.lua:3: unknown option `lisen` (did you mean `listen`?)\n"


def test_check_tells_a_script_that_does_not_compile(there):
    (there / "weather.lua").write_text("return function(req)\n  retrun 1\nend\n")
    code, out, err = run("check", cwd=there)
    assert (code, out) == (78, "")
    assert err.startswith("weather.lua:2: ")


@pytest.mark.parametrize(
    "lua, message",
    [
        ("while true do end", "moonline.lua:1: time limit of 2000 ms reached\n"),
        ("local s = 'x' while true do s = s .. s end", "moonline.lua: not enough memory\n"),
        (
            "return ('a'):rep(3000):find(('.-'):rep(4) .. 'b')",
            "moonline.lua:1: this pattern takes too long on 3000 bytes of text\n",
        ),
    ],
)
def test_check_ends_with_a_file_that_does_not(there, lua, message):
    (there / "moonline.lua").write_text(lua)
    assert run("check", cwd=there) == (78, "", message)


def test_a_secret_is_in_no_message(there):
    for broken in ('secret = "s3cret" }', 'secret = "s3cret', 'secrt = "s3cret"', 'scheme = "s3cret"'):
        (there / "moonline.lua").write_text(CONFIG.replace('secret = "s3cret"', broken))
        code, out, err = run("check", cwd=there)
        assert code == 78
        assert "s3cret" not in out + err


# --------------------------------------------------------------------- try --


def test_try_prints_points_and_nothing_else_on_stdout(there):
    body = json.dumps({"station": "a", "temp": "20.50", "at": AT})
    code, out, err = run("try", "-p", "/open", "-d", body, cwd=there)
    assert code == 0
    assert out == f'weather,station=a method="POST",route="/open",temp=20.5 {NS}\n'
    first, second = err.splitlines()[:2]
    assert first == "weather.lua:5: seen a"
    assert second.startswith("204, 1 point.")
    assert "receipt time: 0 points" in second
    assert 'left out: tag empty ""' in second


def test_try_warns(there):
    body = json.dumps({"station": "20.62", "text": "59.7", "temp": "--"})
    code, out, err = run("try", "-p", "/open", "-d", body, cwd=there)
    assert code == 0
    assert len(out.splitlines()) == 1
    assert 'number("--") is nil' in err
    assert "receipt time: 1 point" in err
    assert re.search(r'^warnings: .*field text="59.7" is text', err, re.M)
    assert "tag station=20.62 looks like a value" in err


def test_try_takes_curls_own_line(there):
    (there / "up.json").write_text('{"station":\n"a",\r\n"at":"' + AT + '"}')
    line = ["-H", "X-Agent: curl", "-d", "@up.json", "http://127.0.0.1:8580/weather/7?q=1", "-i"]
    code, out, err = run("try", *line, cwd=there)
    assert code == 0
    assert out == f'weather,station=a agent="curl",method="POST",route="/weather/:x" {NS}\n'
    assert "the gateway would say 401" in err
    assert "401" not in run("try", *line, "-H", "Authorization: Bearer s3cret", cwd=there)[2]


def test_a_recorded_secret_is_not_told_to_be_wrong(there):
    line = ["-d", "{}", "http://127.0.0.1:8580/weather/7"]
    assert "the gateway would say 401" in run("try", *line, cwd=there)[2]
    assert "401" not in run("try", *line, "-H", "Authorization: ***", cwd=there)[2]
    assert "401" not in run("try", "-d", "{}", "http://127.0.0.1:8580/weather/7?key=***", cwd=there)[2]


def test_that_d_takes_the_ends_of_lines_out_is_told_where_it_may_matter(there):
    """Without a point only; and not of a line's end at the file's."""
    (there / "rows.lua").write_text("return function(req) return each(csv.records(req.text), function(r) return point('r', {}, numbers(r)) end) end")
    (there / "rows.csv").write_text("t;h\n1;2\n")
    (there / "row.csv").write_text("t;h\r\n")
    said = "-d took the ends of the lines out, as curl's does: --data-binary keeps them"
    assert said in run("try", "-s", "rows.lua", "-t", "text/csv", "-d", "@rows.csv", cwd=there)[2]
    assert said not in run("try", "-s", "rows.lua", "-t", "text/csv", "-d", "@row.csv", cwd=there)[2]
    code, out, err = run("try", "-s", "rows.lua", "-t", "text/csv", "--data-binary", "@rows.csv", cwd=there)
    assert (code, out[:10]) == (0, "r h=2,t=1 ") and said not in err
    (there / "rows.lua").write_text("return function(req) return point('r', {}, { n = #req.text }) end")
    assert said not in run("try", "-s", "rows.lua", "-t", "text/csv", "-d", "@rows.csv", cwd=there)[2]


def test_two_slips_of_who_comes_from_elsewhere(there):
    (there / "slip.lua").write_text("function(req)\n  return nil\nend\n")
    assert "slip.lua:1: <name> expected near '(': a function without a name is a value, return function(req) ... end\n" in run("try", "-s", "slip.lua", "-d", "x", cwd=there)[2]
    (there / "slip.lua").write_text("return function(req)\n  if req.json != nil then return end\nend\n")
    assert "slip.lua:2: 'then' expected near '!': unequal is ~=, and the opposite is not\n" in run("try", "-s", "slip.lua", "-d", "x", cwd=there)[2]
    (there / "slip.lua").write_text("return function(req)\n  if req.json == null then return end\nend\n")
    assert "slip.lua:2: there is no global null (did you mean nil?)\n" in run("try", "-s", "slip.lua", "-d", "x", cwd=there)[2]


def test_of_a_file_of_several_requests_that_the_first_is_tried_is_told(there):
    (there / "two.lua").write_text("return function(req) return point('m', {}, { n = number(req.form.n) }, 1) end")
    (there / "two.http").write_text("POST /two\n\nn=1\n\n### expect\n\n### more\nPOST /two\n\nn=2\n")
    code, out, err = run("try", "-s", "two.lua", "two.http", cwd=there)
    assert (code, out) == (0, "m n=1 1\n")
    assert err.endswith("\nthis was the first request of 2 in two.http: `moonline test -v` runs all\n")


def test_a_script_can_be_tried_while_another_is_broken(there):
    config = (there / "moonline.lua").read_text()
    (there / "moonline.lua").write_text(config.replace("routes = {", 'routes = { { path = "/broken", script = "broken.lua" },', 1))
    (there / "broken.lua").write_text("return function(req")
    (there / "one.lua").write_text("return function(req) return point('m', {}, { n = 1 }, 1) end")
    code, out, err = run("try", "-d", "x=1", "http://127.0.0.1:8580/open", cwd=there)
    assert (code, out) == (78, "") and re.match(r"broken.lua:\d+: .*\n-s SCRIPT tries one script, whatever is wrong with the others\n$", err)
    assert run("try", "-s", "one.lua", "-d", "x=1", cwd=there)[:2] == (0, "m n=1 1\n")
    assert "-s SCRIPT" not in run("try", "-s", "broken.lua", "-d", "x=1", cwd=there)[2]


def test_which_decoder_did_not_like_the_bytes_is_told(there):
    """A refusal of the script's own needs no such place."""
    (there / "codes.lua").write_text("return function(req)\n  local a = hex.decode(req.form.a)\n  local b = hex.decode(req.form.b)\n  return nil, a .. b\nend\n")
    code, _, err = run("try", "-s", "codes.lua", "-d", "a=4d&b=4", cwd=there)
    assert code == 1 and err.startswith("400, nothing stored: 1 hex digits: ")
    assert "\tcodes.lua:3: in function <codes.lua:1>" in err and "codes.lua:2" not in err
    code, _, err = run("try", "-s", "codes.lua", "-d", "a=4d&b=4e", cwd=there)
    assert (code, err) == (1, "422, nothing stored: MN\n")


def test_try_without_a_body_is_a_get(there):
    code, out, err = run("try", "http://h/open", cwd=there)
    assert (code, out) == (1, "")
    assert err.startswith("405, nothing stored: this path takes POST, PUT only, and without a body this is a GET: ")
    assert "without a body" not in run("try", "-X", "DELETE", "http://h/open", cwd=there)[2]
    (there / "weather.lua").write_text('return function(req) return point("m", {}, { a = req.method }) end')
    assert run("try", "http://h/weather/1", cwd=there)[1].startswith('m a="GET" ')
    assert run("try", "-X", "POST", "http://h/weather/1", cwd=there)[1].startswith('m a="POST" ')


def test_try_reads_forms_as_curl_sends_them(there):
    code, out, _ = run("try", "-p", "/open", "-d", "station=a", "-d", "temp=1.5", cwd=there)
    assert code == 0
    assert out.startswith('weather,station=a method="POST",route="/open",temp=1.5 ')


def test_try_reads_a_body_from_a_file_and_from_stdin(there):
    body = json.dumps({"station": "a", "at": AT})
    (there / "body").write_text(body)
    from_file = run("try", "-p", "/open", "body", cwd=there)
    from_stdin = run("try", "-p", "/open", "-", cwd=there, stdin=body.encode())
    assert from_file == from_stdin
    assert from_file[0] == 0 and from_file[1]
    assert run("try", "-p", "/open", "--data-binary", "@-", "-t", "application/json", cwd=there, stdin=body.encode())[:2] == from_file[:2]
    assert run("try", "-p", "/open", "--json", body, cwd=there)[:2] == from_file[:2]
    assert run("try", "-p", "/open", "absent", cwd=there)[0] == 64


def test_try_needs_no_configuration_for_a_script(here):
    body = json.dumps({"station": "a", "at": AT})
    code, out, _ = run("try", "-s", "weather.lua", "-d", body, cwd=here)
    assert (code, out) == (0, f'weather,station=a method="POST",route="/*path" {NS}\n')
    code, out, err = run("try", "-d", body, cwd=here)
    assert (code, out) == (64, "")
    assert err.startswith("no configuration and no script: ")


def test_try_sets_the_receipt_time(here):
    _, out, _ = run("try", "-s", "weather.lua", "--time", AT, "-d", "station=a", cwd=here)
    assert out.endswith(f" {NS}\n")
    code, _, err = run("try", "-s", "weather.lua", "--time", "noon", "-d", "station=a", cwd=here)
    assert code == 64
    assert err.startswith("--time: ")


def test_try_tells_errors_of_a_script_with_place_and_traceback(there):
    code, out, err = run("try", "-p", "/open", "-d", "raise=oops", cwd=there)
    assert (code, out) == (1, "")
    assert err.startswith("202, 0 points: only kept.\n"
                          "kept: weather.lua:4: oops\n")
    assert "stack traceback" in err


def test_try_says_what_was_there_when_no_point_came(there):
    (there / "weather.lua").write_text('return function(req) return point("m", {}, { a = number(req.form.tmp) }) end')
    code, out, err = run("try", "-d", "temp=1&secret=hush", "http://h/open?q=1", cwd=there)
    assert (code, out) == (0, "")
    assert "\nthe request has: form temp, secret   query q\n" in err
    assert "hush" not in err
    (there / "weather.lua").write_text("return function(req) return req.json.a.b end")
    assert "\nthe request has: form temp\n" in run("try", "-p", "/open", "-d", "temp=1", cwd=there)[2]


def test_try_tells_refusals_and_broken_bodies(there):
    code, out, err = run("try", "-p", "/open", "-d", "refuse=not+today", cwd=there)
    assert (code, out) == (1, "")
    assert err.startswith("409, nothing stored: not today")
    code, out, err = run("try", "-p", "/open", "-t", "application/json", "-d", '{"a":', cwd=there)
    assert (code, out) == (1, "")
    assert err.startswith("400, nothing stored: ") and "column 6" in err
    code, _, err = run("try", "-p", "/nowhere", "-d", "x", cwd=there)
    assert code == 1 and err.startswith("404, nothing stored: ")


def test_try_asks_which_route_when_there_are_several(there):
    code, _, err = run("try", "-d", "x", cwd=there)
    assert code == 64
    assert err.startswith("which route?")


def test_try_takes_a_recorded_request(here):
    (here / "weather.http").write_text(f"# @time {AT}\nPOST /weather/9\nX-Agent: editor\n\nstation=a&temp=3\n\n### expect\n")
    code, out, _ = run("try", "weather.http", cwd=here)
    assert code == 0
    assert out == f'weather,station=a agent="editor",method="POST",route="/*path",temp=3 {NS}\n'
    (here / "moonline.lua").write_text(CONFIG)
    assert 'route="/weather/:x"' in run("try", "weather.http", cwd=here)[1]
    assert 'agent="editor"' in run("try", "-X", "GET", "weather.http", cwd=here)[1]
    (here / "weather.http").write_text("nothing\n")
    assert run("try", "weather.http", cwd=here)[0] == 64


def test_try_checks_native_lines(there):
    code, out, _ = run("try", "-p", "/api/v2/write?precision=s", "-t", "text/plain", "-d", "m b=1i,a=2 1767323045", cwd=there)
    assert (code, out) == (0, f"m b=1i,a=2 {NS}\n")
    code, out, err = run("try", "-p", "/api/v2/write", "-t", "text/plain", "-d", "m a=", cwd=there)
    assert (code, out) == (1, "")
    assert err.startswith("400, nothing stored: line 1, column 5: ")


# -------------------------------------------------------------------- test --

PASSING = f"### one\nPOST /a\n\nstation=a&at={AT}\n### expect\nweather,station=a route=\"/*path\",method=\"POST\" {NS}\n"


def test_recorded_tests_are_found_below(here):
    (here / "weather.http").write_text(PASSING)
    for arguments in ((), (".",), ("weather.http",), (str(here),)):
        code, out, err = run("test", *arguments, cwd=here)
        assert (code, out, err) == (0, "1 passed, 0 failed\n", "")


def test_a_failed_recorded_test_exits_1_and_shows_why(here):
    (here / "weather.http").write_text(PASSING.replace("station=a rou", "station=b rou"))
    code, out, _ = run("test", cwd=here)
    assert code == 1
    assert out.startswith("FAILED ./weather.http:1 one\n    - weather,station=b")
    assert "    + weather,station=a" in out
    assert "        tag station: another value" in out
    assert out.endswith("0 passed, 1 failed\n")
    assert "\033" not in out


def test_running_no_test_at_all_is_a_failure(here):
    code, out, err = run("test", cwd=here)
    assert code == 1
    assert out == "0 passed, 0 failed\n"
    assert "no recorded test, " in err


def test_a_path_that_is_not_there_is_usage(here):
    code, out, err = run("test", "absent", cwd=here)
    assert (code, out) == (64, "")
    assert err == "absent: No such file or directory\n"


def test_with_a_configuration_routes_count(there):
    (there / "weather.http").write_text(PASSING.replace("POST /a\n", "POST /weather/3\n").replace("/*path", "/weather/:x"))
    code, out, _ = run("test", "-c", "moonline.lua", cwd=there)
    assert (code, out) == (0, "1 passed, 0 failed\n")
    assert run("test", "-c", "absent.lua", cwd=there)[0] == 78


def test_the_configuration_that_is_here_counts_too(there):
    (there / "requests.http").write_text(PASSING.replace("POST /a\n", "POST /weather/3\n").replace("/*path", "/weather/:x"))
    assert run("test", cwd=there) == (0, "1 passed, 0 failed\n", "")


def test_a_test_beside_a_script_is_of_that_script(there):
    """Though the configuration has its path for another one."""
    (there / "other.lua").write_text('return function(req) return point("other", {}, { a = 1 }, req.time) end')
    (there / "other.http").write_text("POST /open\n\nx=1\n### expect\nother a=1\n")
    assert run("test", "other.http", cwd=there) == (0, "1 passed, 0 failed\n", "")


def test_try_tells_the_routes_where_none_has_the_path(there):
    code, out, err = run("try", "-p", "/wether/3", "-d", "x=1", cwd=there)
    assert (code, out) == (1, "")
    assert err == "404, nothing stored: no route has this path\nthe routes are: /weather/:x, /open, /api/v2/write\n"


def test_try_tells_once_why_a_request_is_kept(there):
    (there / "weather.lua").write_text("return function(req) keep('odd') end\n")
    assert run("try", "-p", "/open", "-d", "x=1", cwd=there)[2].count("odd") == 1
    (there / "weather.lua").write_text("return function(req) keep('odd') reply(202, { id = 'mine' }, 'text/x') end\n")
    assert 'answer: text/x {"id":"mine"}' in run("try", "-p", "/open", "-d", "x=1", cwd=there)[2]
    (there / "weather.lua").write_text("return function(req) keep('odd') reply(200, 'thanks') end\n")
    assert "answer: text/plain" in run("try", "-p", "/open", "-d", "x=1", cwd=there)[2]


def test_a_configuration_that_wants_secrets_does_not_stop_tests(there):
    (there / "moonline.lua").write_text(CONFIG.replace('"s3cret"', 'env "THE_SECRET"'))
    (there / "weather.http").write_text(PASSING)
    code, out, err = run("test", cwd=there)
    assert (code, out) == (0, "1 passed, 0 failed\n")
    assert err == 'moonline.lua:5: the environment variable THE_SECRET is not set; it is "unset" here\n'
    (there / "route.http").write_text(PASSING.replace("POST /a\n", "POST /weather/3\n").replace("/*path", "/weather/:x"))
    assert run("test", "route.http", cwd=there)[:2] == (0, "1 passed, 0 failed\n")
    code, out, err = run("try", "-p", "/open", "-d", "x=1", cwd=there)
    assert code == 0 and "THE_SECRET is not set" in err
    assert run("check", cwd=there)[0] == 78


def test_a_mistake_beside_a_missing_secret_is_told(there):
    (there / "moonline.lua").write_text(CONFIG.replace('"s3cret"', 'env "THE_SECRET"').replace("listen", "lissen"))
    (there / "weather.http").write_text(PASSING)
    assert "THE_SECRET is not set: no routes" in run("test", cwd=there)[2]


def test_a_test_may_name_a_shipped_script(here):
    (here / "x.http").write_text("# @script ecowitt\nPOST /a\n\ntempf=50\n### expect 200 success\nweather temperature=10\n")
    for path in ("x.http", "./x.http", str(here / "x.http")):
        assert run("test", path, cwd=here)[:2] == (0, "1 passed, 0 failed\n"), path


# ------------------------------------------------------------------- serve --


def test_the_gateway_prints_what_it_is_sent(here):
    with Gateway(here, CONFIG) as gateway:
        body = json.dumps({"station": "a", "temp": 1, "at": AT})
        assert gateway.post("/open", body)[0] == 204
        gateway.out.wait_for(rf'^weather,station=a method="POST",route="/open",temp=1 {NS}$')
        assert gateway.post("/weather/1", body)[0] == 401
        assert gateway.post("/weather/1", body, {"Authorization": "Bearer s3cret"})[0] == 204
        status, _, text = gateway.ask("GET", "/health", port=gateway.admin_port)
        assert status == 200 and json.loads(text)["status"] == "pass"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_time_with_0(here, number):
    with Gateway(here, CONFIG) as gateway:
        assert gateway.post("/open", "station=a")[0] == 204
        begin = patience.now()
        assert gateway.end(number) == 0
        assert patience.now() - begin < 2.5
        gateway.log.wait_for(f"{number.name}: stopping")


# Whom the alarm ends may have threads that are over and that nobody joined; and
# ThreadSanitizer would sleep a second then.
ENDED_BY_ALARM = {"TSAN_OPTIONS": "report_thread_leaks=0:atexit_sleep_ms=0"}


def test_it_ends_in_time_though_a_sender_is_slow_and_nobody_reads(here):
    """A half request, and points that a full pipe holds up."""
    (here / "moonline.lua").write_text(CONFIG)
    process = subprocess.Popen([BINARY, "serve"], cwd=here, env=environment() | ENDED_BY_ALARM, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        port = int(re.search(rb"listening on 127.0.0.1:(\d+)", process.stderr.readline())[1])
        threading.Thread(target=process.stderr.read, daemon=True).start()
        lines = "".join(f"m,tag=value field={i} {NS + i}\n" for i in range(5000))
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port), SOCKET_S) as sender:
                head = f"POST /api/v2/write HTTP/1.1\r\nHost: h\r\nContent-Length: {len(lines)}\r\n\r\n"
                sender.sendall(head.encode() + lines.encode())
                assert sender.recv(100).startswith(b"HTTP/1.1 204")
        with socket.create_connection(("127.0.0.1", port), SOCKET_S) as slow:
            slow.sendall(b"POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nstation=")
            begin = patience.now()
            process.send_signal(signal.SIGTERM)
            assert patience.wait_end(process, PATIENCE_S) == 0
            assert patience.now() - begin < 2.5
    finally:
        process.kill()
        process.wait()


def test_a_sender_cannot_steer_the_terminal_of_who_tries(tmp_path):
    """Nor by what a script makes of its bytes: a log, a reason, an answer."""
    body = b"\x1b]0;mine\x07\xc2\x9b31m\xff."
    (tmp_path / "a.lua").write_text(
        "return function(req) log.info(req.body) number(req.body) reply(200, req.body) keep(req.body)"
        " if req.query.no then return nil, req.body end"
        " if req.query.bad then error(req.body) end"
        ' return point("m", {}, { v = req.body, w = 1 }) end'
    )
    for query in ("", "?no=1", "?bad=1"):
        _, _, err = run("try", "-s", "a.lua", "-H", "Content-Type: text/plain", "-d", "@-", "http://h/" + query, cwd=tmp_path, stdin=body)
        assert "]0;mine" in err
        assert not [c for c in err if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f"]
    (tmp_path / "a.http").write_bytes(b"### t\nPOST / HTTP/1.1\nContent-Type: text/plain\n\n" + body[:-2] + b"\n\n### expect 204\n")
    _, out, err = run("test", "-v", "a.http", cwd=tmp_path)
    assert "]0;mine" in out
    assert not [c for c in out + err if (c < " " and c not in "\n\t") or "\x7f" <= c <= "\x9f"]


def fill(pipe):
    """By a descriptor of our own: the other side's must go on blocking."""
    own = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    for size in (4096, 1):
        with contextlib.suppress(BlockingIOError):
            while os.write(own, b"x" * size):
                pass
    os.close(own)


@pytest.mark.parametrize("blocked", [[], [signal.SIGALRM, signal.SIGTERM]])
def test_it_ends_in_time_though_nobody_reads_its_log(here, blocked):
    """What is blocked is so by whoever started it."""
    (here / "moonline.lua").write_text(CONFIG)
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [BINARY, "serve"],
        cwd=here,
        env=environment() | ENDED_BY_ALARM,
        stdout=subprocess.DEVNULL,
        stderr=writer,
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, blocked),
    )
    try:
        assert b"listening on" in os.read(reader, 4096)
        fill(writer)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(reader)
        os.close(writer)


def test_what_was_accepted_outlives_a_kill(here):
    with Gateway(here, CONFIG.replace("routes =", 'outputs = { far = { url = "http://127.0.0.1:9", org = "o", bucket = "b" } }, routes =')) as gateway:
        assert gateway.post("/open", f"station=kept&at={AT}")[0] == 204
        gateway.process.kill()
        gateway.process.wait()
    segments = list((here / "moonline-data" / "journal" / "far").glob("*.lp"))
    assert any("weather,station=kept" in s.read_text() for s in segments)


def test_a_taken_port_is_told_and_exits_70(here):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (here / "moonline.lua").write_text(CONFIG.replace('listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"'))
        code, out, err = run("serve", cwd=here)
    assert (code, out) == (70, "")
    assert f"127.0.0.1:{port}" in err


def test_two_gateways_on_one_folder_are_refused(here):
    with Gateway(here, CONFIG):
        code, _, err = run("serve", cwd=here)
        assert code in (70, 78)
        assert "moonline-data" in err


def test_a_wrong_configuration_exits_78(here):
    (here / "moonline.lua").write_text("return { routes = {}, workers = 'many' }")
    code, out, err = run("serve", cwd=here)
    assert (code, out) == (78, "")
    assert err.startswith("moonline.lua:1: `workers` must be a whole number")


def test_a_journal_that_no_output_names_is_reported_and_kept(here):
    with Gateway(here, CONFIG.replace("routes =", 'outputs = { old = { file = "old.lp" } }, routes =')) as gateway:
        assert gateway.post("/open", "station=a")[0] == 204
        gateway.end(signal.SIGTERM)
    with Gateway(here, CONFIG) as gateway:
        gateway.log.wait_for("moonline-data/journal/old belongs to no output")
    assert (here / "moonline-data" / "journal" / "old").is_dir()


def test_files_of_the_gateway_are_its_owners_alone(here):
    with Gateway(here, CONFIG) as gateway:
        assert gateway.post("/open", "station=a")[0] == 204
        for root, folders, files in os.walk(here / "moonline-data"):
            for name in folders + files:
                assert os.stat(os.path.join(root, name)).st_mode & 0o077 == 0
