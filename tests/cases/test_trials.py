"""`moonline test`: what it says, in which colours, and --accept."""

import os
import pty

import pytest

from gateway import BINARY, environment, run

SCRIPT = """
return function(req)
  if req.form.no then return nil, "no station" end
  return point("w", { at = req.form.at }, { t = number(req.form.t), n = store.incr("n") })
end
"""

TESTS = """### the first, by hand
# @time 2026-01-02T03:04:05Z
POST /w

at=in&t=20

### expect 204
# what the display shows
w,at=in n=1,t=20.00

### only sent
POST /w

t=1
### the third
# @time 2026-01-02T03:04:05Z
POST /w

at=out&t=-3

### expect
w,at=out n=3,t=-4 1767323045000000000
### refused
POST /w

no=1
### expect 200
"""


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    (tmp_path / "w.lua").write_text(SCRIPT)
    (tmp_path / "w.http").write_text(TESTS)
    return tmp_path


FAILURES = """FAILED w.http:15 the third
    - w,at=out n=3,t=-4 1767323045000000000
    + w,at=out n=3,t=-3 1767323045000000000
        field t: another value
FAILED w.http:23 refused
    - status 200
    + status 422 no station
"""


def test_a_failure_shows_the_difference(folder):
    assert run("test", "w.http", cwd=folder) == (1, FAILURES + "1 passed, 2 failed\n", "")


def test_v_shows_what_each_request_made(folder):
    code, said, _ = run("test", "-v", "w.http", cwd=folder)
    assert code == 1
    assert said.startswith(
        "passed w.http:1 the first, by hand\n"
        "    204, 1 point\n"
        "    w,at=in n=1,t=20 1767323045000000000\n"
        "sent w.http:11 only sent\n"
        "    204, 1 point\n"
    )
    assert said.endswith("    + status 422 no station\n    422, 0 points\n1 passed, 2 failed\n")


def test_v_shows_why_a_request_is_kept(folder):
    (folder / "w.lua").write_text("return function(req) keep('one') keep('two') end\n")
    (folder / "w.http").write_text("### told\nPOST /w\n\n{}\n### expect 202\nkept: one\nkept: two\n### sent\nPOST /w\n\n[]\n")
    code, said, _ = run("test", "-v", "w.http", cwd=folder)
    kept = "    202, 0 points\n    kept: w.lua:1: one\n    kept: w.lua:1: two\n"
    assert (code, said) == (0, f"passed w.http:1 told\n{kept}sent w.http:8 sent\n{kept}1 passed, 0 failed\n")


def test_a_traceback_is_of_what_was_not_expected(folder):
    (folder / "w.lua").write_text("return function(req) each({ 1 }, function() error('odd') end) return point('w', nil, { n = 1 }) end\n")
    (folder / "w.http").write_text("### x\nPOST /w\n\n{}\n### expect 202\nw n=2\nkept: odd\n")
    code, said, _ = run("test", "w.http", cwd=folder)
    assert code == 1 and "field n: another value" in said and "traceback" not in said
    (folder / "w.http").write_text("### x\nPOST /w\n\n{}\n### expect 202\nw n=1\nkept: even\n")
    code, said, _ = run("test", "w.http", cwd=folder)
    assert code == 1 and "+ kept: element 1: w.lua:1: odd\n    stack traceback:\n" in said


def test_a_script_is_no_test(folder):
    code, out, err = run("test", "w.lua", cwd=folder)
    assert (code, err) == (64, "w.lua is a script; its tests are in w.http\n")


def test_accept_changes_what_failed_and_nothing_else(folder):
    code, said, _ = run("test", "--accept", "w.http", cwd=folder)
    assert code == 0
    assert said == FAILURES.replace("FAILED", "accepted") + "1 passed, 0 failed, 2 accepted\n"
    wanted = TESTS.replace("t=-4 1767323045000000000", "t=-3 1767323045000000000").replace("### expect 200", "### expect 422 no station")
    assert (folder / "w.http").read_text() == wanted
    assert run("test", "w.http", cwd=folder) == (0, "3 passed, 0 failed\n", "")
    before = os.stat(folder / "w.http")
    assert run("test", "--accept", "w.http", cwd=folder) == (0, "3 passed, 0 failed\n", "")
    assert os.stat(folder / "w.http").st_ino == before.st_ino
    assert sorted(os.listdir(folder)) == ["w.http", "w.lua"]


def test_a_bare_expect_is_filled_in(folder):
    (folder / "w_new.http").write_text("POST /w\n\nat=a%20b&t=1\n### expect")
    assert run("test", "--accept", "w_new.http", cwd=folder)[0] == 0
    assert (folder / "w_new.http").read_text() == "POST /w\n\nat=a%20b&t=1\n### expect\nw,at=a\\ b n=1,t=1\n"


KEPT = """### each
POST /k

x=1

### expect
"""


ACCEPTED = KEPT.rstrip() + " 202\nkept: k.lua:1: why: 1\n"


def test_what_is_kept_is_accepted_too(tmp_path):
    (tmp_path / "k.lua").write_text("return function(req) keep('why: ' .. req.form.x) end")
    (tmp_path / "k.http").write_text(KEPT)
    assert run("test", "--accept", cwd=tmp_path)[0] == 0
    assert (tmp_path / "k.http").read_text() == ACCEPTED
    (tmp_path / "k.http").write_text((tmp_path / "k.http").read_text().replace("x=1", "x=2"))
    assert run("test", "--accept", cwd=tmp_path)[0] == 0
    assert (tmp_path / "k.http").read_text() == ACCEPTED.replace("1\n\n", "2\n\n").replace("why: 1", "why: 2")
    assert run("test", cwd=tmp_path) == (0, "1 passed, 0 failed\n", "")


def test_what_cannot_run_is_not_accepted(folder):
    (folder / "lonely.http").write_text("POST /x\n### expect 200\n")
    (folder / "w_odd.http").write_text("POST /w\n\nt=1\n### expect\nw t=\n")
    for name in ("lonely.http", "w_odd.http"):
        before = (folder / name).read_text()
        code, said, _ = run("test", "--accept", name, cwd=folder)
        assert code == 1 and said.startswith("FAILED")
        assert (folder / name).read_text() == before


def on_terminal(folder, env=None):
    """What is said when stdout is a terminal."""
    here, there = pty.openpty()
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        os.dup2(there, 1)
        os.execve(BINARY, [BINARY, "test", "w.http"], environment({"TERM": "xterm", **(env or {})}))
    os.close(there)
    said = b""
    while True:
        try:
            piece = os.read(here, 65536)
        except OSError:  # the other side has closed
            break
        if not piece:
            break
        said += piece
    os.close(here)
    os.waitpid(pid, 0)
    return said.decode().replace("\r\n", "\n")


def test_colour_on_a_terminal_unless_it_is_not_wanted(folder):
    said = on_terminal(folder, {"NO_COLOR": ""})
    assert "\033[31mFAILED\033[0m w.http:15 the third\n" in said
    assert "    \033[32m+ w,at=out n=3,t=-3 1767323045000000000\033[0m\n" in said
    assert on_terminal(folder, {"NO_COLOR": "1"}) == FAILURES + "1 passed, 2 failed\n"
    assert "\033" not in on_terminal(folder, {"TERM": "dumb", "NO_COLOR": ""})


def test_the_usage(folder):
    code, _, said = run("test", "--nonsense", cwd=folder)
    assert code == 64
    assert said.endswith("usage: moonline test [-c FILE] [-v] [--accept] [PATH...]\n")


def test_without_a_path_the_tests_here_and_in_scripts_count(folder):
    """And none of another folder, but where there is no folder scripts."""
    for name in ("scripts", "scripts/deep", "other"):
        (folder / name).mkdir()
        (folder / name / "w.lua").write_text(SCRIPT)
        (folder / name / "w_one.http").write_text(f"### of {name}\nPOST /w\n\nno=1\n\n### expect 422\n")
    code, out, err = run("test", "-v", cwd=folder)
    assert code == 1 and "of scripts" in out and "of scripts/deep" in out and "FAILED ./w.http:15" in out and "of other" not in out
    (folder / "scripts").rename(folder / "mine")
    out = run("test", "-v", cwd=folder)[1]
    assert "of scripts/deep" in out and "of other" in out and "FAILED ./w.http:15" in out


def test_that_there_is_no_test_is_told(tmp_path):
    (tmp_path / "w.lua").write_text(SCRIPT)
    (tmp_path / "empty").mkdir()
    assert run("test", cwd=tmp_path) == (1, "0 passed, 0 failed\n", "there is no recorded test, *.http, in .\n")
    assert run("test", "empty", cwd=tmp_path)[2] == "there is no recorded test, *.http, in empty\n"
    (tmp_path / "w.http").write_text("POST /w\n\nno=1\n")
    assert run("test", cwd=tmp_path)[2].startswith("no request with an `### expect` was found: ")


def test_the_end_of_the_answers_line_is_not_shown(folder):
    (folder / "w.lua").write_text('return function() reply(200, "ok\\n") end')
    (folder / "w.http").write_text("POST /w\n\nt=1\n\n### expect\n")
    assert run("test", cwd=folder)[1].startswith("FAILED ./w.http:1 \n    - status 204\n    + status 200 ok\n0 passed, 1 failed")
