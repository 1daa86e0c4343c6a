"""The shipped scripts: what their opening comments tell people to paste works."""

import pathlib
import re

import pytest
from gateway import run
from servers import Gateway

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
HELPERS = {"alerts.lua", "apart.lua", "entries.lua", "lorawan.lua", "units.lua"}
SHIPPED = sorted(p for p in SCRIPTS.glob("*.lua") if p.name not in HELPERS)


def opening(path):
    """The comment that a script begins with, without its dashes."""
    lines = path.read_text().split("\n")
    count = next(i for i, line in enumerate(lines) if not line.startswith("--"))
    return "\n".join(line[2:] for line in lines[:count])


def route_of(path):
    return re.search(r"^ *(\{ path = .*?\} \},)$", opening(path), re.M | re.S)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_the_route_to_paste_is_a_route(path, tmp_path):
    route = route_of(path)
    assert route, "no route to paste"
    assert f'script = "{path.stem}"' in route[1]
    assert "verify" in route[1]
    secrets = re.findall(r'env "(\w+)"', route[1])
    config = tmp_path / "moonline.lua"
    config.write_text('return { listen = "127.0.0.1:0", routes = {\n%s\n}}' % route[1])
    code, out, err = run("check", "-c", str(config), cwd=tmp_path, env={name: "s3cret" for name in secrets})
    assert code == 0, err
    assert "1 route, 1 script" in out + err


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_the_opening_names_what_is_stored(path):
    """Each measurement of the recorded tests stands in the comment."""
    recorded = path.with_suffix(".http").read_text()
    expected = re.findall(r"^(\w+),(?:\\.|\S)+ \w+=", recorded, re.M)
    assert expected
    for measurement in set(expected):
        assert re.search(rf"^ +{measurement}\b", opening(path), re.M), measurement


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_its_recorded_requests_pass(path):
    code, out, _ = run("test", str(path.with_suffix(".http")), cwd=SCRIPTS)
    assert code == 0, out
    passed = int(re.search(r"^(\d+) passed, 0 failed", out, re.M)[1])
    assert passed == len(re.findall(r"^### expect", path.with_suffix(".http").read_text(), re.M))


def test_a_hostile_name_in_a_form_holds_up_nobody(tmp_path):
    """A name that Lua's own matcher looks at for 20 s; each sender waits."""
    config = """
return {
  listen = "127.0.0.1:{port}", admin = "127.0.0.1:{admin}", data = "{data}",
  outputs = { paper = { file = "points.lp" } },
  routes = { { path = "/ecowitt", script = "ecowitt" } },
  limits = { time = "10s" }, -- so that the matcher's own budget is what ends it
}
"""
    form = "application/x-www-form-urlencoded"
    with Gateway(tmp_path, config) as gateway:
        hostile = gateway.post("/ecowitt", "a" + "1" * 60000 + "!=1", form)
        assert hostile.status == 200  # as ecowitt's stations want it; it is kept
        assert "takes too long" in gateway.said()
        assert gateway.post("/ecowitt", "tempf=68&dateutc=now", form).status == 200
        assert gateway.stop()[0] == 0
