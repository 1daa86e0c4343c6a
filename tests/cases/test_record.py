"""`serve --record DIR`: live requests become recorded tests, without secrets."""

import gzip
import os
import re
import signal
import stat

import pytest

from gateway import Gateway, run

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  outputs = { paper = { file = "points.lp", flush = "10ms" } },
  routes = {
    { path = "/w/:station", script = "w.lua", secrets = { "PASSKEY" }, tags = { site = "ridge" },
      verify = { scheme = "header", name = "X-Station", value = "hush-header" } },
    { path = "/open", script = "w.lua", verify = false, reply = { status = 200, body = "thanks" } },
    { path = "/api/v2/write", line_protocol = true, verify = { scheme = "bearer", secret = "hush-token" } },
  },
}
"""

SCRIPT = """
return function(req)
  if req.form.no then return nil, "no station" end
  if req.form.bad then error("oh no") end
  return point("w", { station = req.params.station }, { t = number(req.form.t), n = req.json and req.json.n })
end
"""

STATION = {"X-Station": "hush-header"}


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    (tmp_path / "w.lua").write_text(SCRIPT)
    return tmp_path


def recorded(folder):
    return [path.read_bytes() for path in sorted((folder / "rec").iterdir())]


def record(folder, *requests):
    """Sends each (path, body, headers), stops; statuses, and the files in their order."""
    with Gateway(folder, CONFIG, flags=("--record", "rec")) as gateway:
        statuses = [gateway.post(*request)[0] for request in requests]
        assert gateway.end(signal.SIGTERM) == 0
    return statuses, recorded(folder)


def test_a_live_request_is_a_test_that_passes(folder):
    statuses, files = record(
        folder,
        ("/w/a", "t=1.5&PASSKEY=hush-form", STATION),
        ("/w/a?no=1", "no=1", STATION),
        ("/w/a", "bad=1", STATION),
        ("/w/a", "t=2", {**STATION, "Content-Type": "application/json"}),
        ("/open", gzip.compress(b'{"n":3}\r\n###\n'), {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
        ("/open", gzip.compress(b'{"n":3}\n'), {"Content-Type": "application/json", "Content-Encoding": "gzip"}),
        ("/open", b"\x1f\x8b\x08torn", {"Content-Encoding": "gzip"}),
        ("/api/v2/write", "m a=1 1\n", {"Authorization": "Token hush-token"}),
    )
    assert statuses == [204, 422, 202, 400, 400, 200, 400, 204]
    assert len(files) == len(statuses)
    assert run("test", "-c", "moonline.lua", "rec", cwd=folder) == (0, "8 passed, 0 failed\n", "")


def test_what_the_store_held_is_there_in_the_test_too(folder):
    """Each file follows the one before; the first after a start does not."""
    (folder / "w.lua").write_text("return function(req) return point('w', nil, { n = store.incr('n') }) end\n")
    for _ in range(2):
        _, files = record(folder, ("/open", "t=1"), ("/open", "t=2"), ("/open", "t=3"))
    assert [b"# @follows the file before\n" in text for text in files] == [False, True, True] * 2
    assert run("test", "rec", cwd=folder) == (0, "6 passed, 0 failed\n", "")
    (sorted((folder / "rec").iterdir())[0]).unlink()
    assert run("test", "rec", cwd=folder)[0] == 1


def test_secrets_are_nowhere(folder):
    _, files = record(
        folder,
        ("/w/a", "t=1.5&PASSKEY=hush-form", {**STATION, "Cookie": "hush", "X-Api-Key": "hush"}),
        ("/open?token=hush", "t=1", {"Referer": "http://u:hush@h/"}),
        ("/api/v2/write?p=hush", "m a=1 1\n", {"Authorization": "Token hush-token"}),
    )
    assert len(files) == 3
    assert not [text for text in files if b"hush" in text]
    assert b"\nt=1.5&PASSKEY=***\n" in files[0]


def test_a_secret_in_a_tag_is_none_in_the_file_and_the_test_passes(folder):
    (folder / "w.lua").write_text("return function(req) return point('w', { k = req.headers['x-api-key'] }, { p = req.form.password }) end\n")
    _, files = record(folder, ("/open", "password=hush-form", {"X-Api-Key": "hush-hush"}))
    assert b"hush" not in files[0] and b'\nw,k=*** p="***" ' in files[0]
    assert run("test", "rec", cwd=folder) == (0, "1 passed, 0 failed\n", "")


def test_a_folder_that_was_removed_is_made_again(folder):
    with Gateway(folder, CONFIG, flags=("--record", "rec")) as gateway:
        os.rmdir(folder / "rec")
        assert gateway.post("/open", "t=1")[0] == 200
        assert gateway.end(signal.SIGTERM) == 0
    assert len(recorded(folder)) == 1


def test_files_are_named_by_time_and_route_and_are_private(folder):
    record(folder, ("/open", "t=1"), ("/w/b", "t=2", STATION))
    names = sorted(os.listdir(folder / "rec"))
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{9}Z-open\.http", names[0])
    assert re.fullmatch(r"\d{8}T\d{6}\.\d{9}Z-w-station\.http", names[1])
    assert stat.S_IMODE(os.stat(folder / "rec").st_mode) == 0o700
    assert stat.S_IMODE(os.stat(folder / "rec" / names[0]).st_mode) == 0o600


def test_what_reaches_no_script_is_not_recorded(folder):
    statuses, files = record(folder, ("/nowhere", "t=1"), ("/w/b", "t=2"), ("/open", "t=3"))
    assert statuses == [404, 401, 200]
    assert len(files) == 1


def test_the_bounds_are_said_at_the_start(folder):
    with Gateway(folder, CONFIG, flags=("--record", "rec")) as gateway:
        gateway.log.wait_for("recording requests in rec, secrets taken out: the newest 1000 or 64 MiB, what is older goes")


def test_a_folder_that_cannot_be_is_told(folder):
    (folder / "rec").write_text("")
    (folder / "moonline.lua").write_text(CONFIG)
    code, _, said = run("serve", "--record", "rec", cwd=folder)
    assert code == 70
    assert "rec" in said.splitlines()[-1]
