"""The shipped scripts: what their opening comments tell people to paste works."""

import pathlib
import re

import pytest
from gateway import run
from servers import Gateway

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
SHAPES = SCRIPTS.parent / "examples" / "shapes"
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
def test_the_opening_says_where_to_point_the_sender(path):
    """The gateway and the route's path, and each secret that the route asks for."""
    text = re.sub(r"\n *", " ", opening(path).replace(route_of(path)[1], ""))
    start = re.search(r'path = "(.*?)(/:\w+|/\w+/\*rest)?"', route_of(path)[1])[1]
    assert "GATEWAY" in text
    assert start in text
    if "env" in route_of(path)[1]:
        assert "A-LONG-SECRET" in text or "a password" in text


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.lua")), ids=lambda p: p.stem)
def test_it_is_short_and_of_one_style(path):
    """40 lines of code at most: neither empty nor a comment, and not crammed."""
    text = path.read_text()
    lines = text.split("\n")
    code = [line for line in lines if line.strip() and not line.strip().startswith("--")]
    assert len(code) <= 40
    assert max(len(line) for line in lines) <= 120
    assert ";" not in re.sub(r'"[^"]*"|--.*', "", "\n".join(code))
    assert not re.search(r"\t| $|\n\n\n|\n\n\Z", text, re.M)
    if path.name not in HELPERS:
        assert lines[next(i for i, line in enumerate(lines) if not line.startswith("--"))] == ""


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.stem)
def test_its_recorded_requests_pass(path):
    code, out, _ = run("test", str(path.with_suffix(".http")), cwd=SCRIPTS)
    assert code == 0, out
    passed = int(re.search(r"^(\d+) passed, 0 failed", out, re.M)[1])
    assert passed == len(re.findall(r"^### expect", path.with_suffix(".http").read_text(), re.M))


def test_each_shape_is_in_the_table_short_and_tested():
    """examples/shapes: the table names each script, and nothing else."""
    page = (SHAPES / "README.md").read_text()
    scripts = {path.stem for path in SHAPES.glob("*.lua")}
    assert len(scripts) > 15
    assert set(re.findall(r"\[(\w+)\]\(\1\.lua\)", page)) == scripts
    for name in scripts:
        assert len((SHAPES / f"{name}.lua").read_text().splitlines()) <= 25, name
        assert len(re.findall(r"^### expect", (SHAPES / f"{name}.http").read_text(), re.M)) >= 2, name


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
