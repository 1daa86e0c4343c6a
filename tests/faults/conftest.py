"""A server that fails as it is told, and a gateway in front of it."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import fake_influx  # noqa: E402
import rig as rigs  # noqa: E402


@pytest.fixture
def fake():
    with fake_influx.Fake() as server:
        yield server


@pytest.fixture
def elsewhere():
    """Another host: nothing may ever come here."""
    with fake_influx.Fake(is_foreign=True) as server:
        yield server
        assert not server.wrong and server.connects == 0, server.wrong


@pytest.fixture
def rig(tmp_path, fake):
    """A function that starts a gateway; see rig.Rig."""
    started = []

    def start(**options):
        made = rigs.Rig(tmp_path / f"gateway{len(started)}", fake, **options)
        started.append(made)
        return made

    yield start
    for made in started:
        if made.process is not None:
            made.end()
        assert rigs.TOKEN not in made.said(), "the token is in the log"
        assert not any(word in made.said() for word in rigs.NEVER_SAID), made.said()[-3000:]
