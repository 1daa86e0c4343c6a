"""Real servers for real/: one of each kind a test, in a fresh folder."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

import servers  # noqa: E402


@pytest.fixture
def influx(tmp_path):
    with servers.Influx(tmp_path / "influx") as server:
        yield server


@pytest.fixture
def victoria(tmp_path):
    with servers.Victoria(tmp_path / "victoria") as server:
        yield server


@pytest.fixture
def gateway(tmp_path):
    """A function that starts a gateway with this configuration."""
    started = []

    def start(config, files=None, environment=None):
        folder = tmp_path / f"gateway{len(started)}"
        server = servers.Gateway(folder, config, files, environment)
        started.append(server)
        return server.start()

    yield start
    for server in started:
        server.__exit__()
