"""A token or password that came from a file may change while the gateway runs."""

import base64
import signal
import threading

import pytest

from fake_influx import Fake
from gateway import Gateway

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  outputs = { db = { url = "%s", WHO = file "token", flush = "5ms" } },
  routes = { { path = "/api/v2/write", line_protocol = true, verify = false } },
}
"""

LINE = b"m v=%d 1700000000000000000"


@pytest.fixture(name="upstream")
def make_upstream():
    """Takes whoever has the token that is valid; remembers the others."""
    with Fake() as fake:
        fake.valid = "first"
        fake.tried = []
        lock = threading.Lock()

        def rule(talk):
            token = talk.headers.get("authorization", "").removeprefix("Token ")
            if token.startswith("Basic "):
                token = base64.b64decode(token[6:]).decode().removeprefix("me:")
            if token == fake.valid:
                talk.store()
                talk.answer(204)
                return
            with lock:
                fake.tried.append(token)
            talk.answer(401, b'{"code":"unauthorized","message":"unauthorized access"}')

        fake.rule = rule
        yield fake


TOKEN = 'org = "o", bucket = "b", token'
PASSWORD = 'database = "d", user = "me", password'


def start(folder, upstream, who=TOKEN):
    (folder / "token").write_text("first\n")
    (folder / "token").chmod(0o600)
    return Gateway(folder, CONFIG.replace("WHO", who) % upstream.url)


def write(gateway, number):
    assert gateway.post("/api/v2/write", LINE % number)[0] == 204


@pytest.mark.parametrize("who", [TOKEN, PASSWORD], ids=["token", "password"])
def test_after_a_401_the_file_is_read_again(tmp_path, upstream, who):
    with start(tmp_path, upstream, who) as gateway:
        write(gateway, 1)
        upstream.wait_stored([LINE % 1])
        (tmp_path / "token").write_text("second\n")
        upstream.valid = "second"
        write(gateway, 2)
        upstream.wait_stored([LINE % 2])
        assert upstream.tried == ["first"]


@pytest.mark.parametrize("who", [TOKEN, PASSWORD], ids=["token", "password"])
def test_sighup_reads_it_before_it_is_refused(tmp_path, upstream, who):
    with start(tmp_path, upstream, who) as gateway:
        write(gateway, 1)
        upstream.wait_stored([LINE % 1])
        (tmp_path / "token").write_text("second\n")
        upstream.valid = "second"
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("info reload")
        write(gateway, 2)
        upstream.wait_stored([LINE % 2])
        assert upstream.tried == []


def test_what_waits_goes_through_by_itself_once_the_file_is_mended(tmp_path, upstream):
    with start(tmp_path, upstream) as gateway:
        upstream.valid = "second"
        write(gateway, 1)
        gateway.log.wait_for("401 from .*check the token")
        (tmp_path / "token").write_text("second\n")
        upstream.wait_stored([LINE % 1])
