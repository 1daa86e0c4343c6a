"""What the README shows is what happens."""

import re

import pytest
from gateway import TOP, Gateway, run

README = (TOP / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)
SECRETS = {"INFLUX_TOKEN": "t", "P": "p", "NEW": "n", "OLD": "o", "TANK_TOKEN": "tank"}


def block(*parts):
    """The one fenced block that has all of these in it."""
    found = [text for _, text in BLOCKS if all(part in text for part in parts)]
    assert len(found) == 1, f"{len(found)} blocks with {parts}"
    return found[0]


@pytest.fixture(name="here")
def folder(tmp_path):
    (tmp_path / "tank.lua").write_text(block("return function(req)", "tank"))
    return tmp_path


def test_the_whole_configuration_is_taken(here):
    (here / "moonline.lua").write_text(block("listen =", "limits", "journal"))
    code, out, err = run("check", cwd=here, env=SECRETS)
    assert (code, err) == (0, "")
    assert out.endswith(": fine\n")


def test_the_first_configuration_is_taken(here):
    (here / "moonline.lua").write_text(block('path = "/tank"', "TANK_TOKEN"))
    assert run("check", cwd=here, env=SECRETS)[0] == 0
    code, _, err = run("check", cwd=here)
    assert code == 78
    assert re.match(r"moonline.lua:\d+: the environment variable \w+ is not set\n", err)


def test_the_first_script_gives_the_point_that_is_shown(here):
    line = re.search(r"moonline try -s tank.lua -d '(.*)'", README)[1]
    code, out, err = run("try", "-s", "tank.lua", "-d", line, cwd=here)
    assert code == 0
    assert f"```\n{out}{err}```" in README


def test_the_first_curl_line_for_it_is_taken(here):
    (here / "moonline.lua").write_text(block('path = "/tank"', "TANK_TOKEN"))
    header, line = re.search(r"^curl -i http://127.0.0.1:8580/tank -H '(.*?)' -d '(.*?)'", README, re.M).groups()
    secret = re.search(r"TANK_TOKEN=(\S+)", README)[1]
    code, _, err = run("try", "-H", header, "-d", line, "http://127.0.0.1:8580/tank", cwd=here, env={**SECRETS, "TANK_TOKEN": secret})
    assert code == 0
    assert "401" not in err


def test_the_recorded_test_passes(here):
    (here / "tank.http").write_text(block("### expect", "tank"))
    assert run("test", cwd=here) == (0, "1 passed, 0 failed\n", "")


def test_the_first_curl_line_prints_what_is_shown(tmp_path):
    """The ecowitt line of the first screen, through the quickstart's file."""
    body = re.search(r"/ecowitt/garden -d '(.*)'", README)[1]
    shown = re.search(r"^(weather,station=garden \S+ \d+) ", README, re.M)[1]
    config = (TOP / "examples" / "quickstart" / "moonline.lua").read_text()
    ports = {"MOONLINE_LISTEN": "127.0.0.1:0", "MOONLINE_ADMIN": "127.0.0.1:0"}
    with Gateway(tmp_path, config, ports) as gateway:
        status, _, _ = gateway.post("/ecowitt/garden", body, {"Content-Type": "application/x-www-form-urlencoded"})
        assert str(status) in re.search(r"^HTTP/1.1 (\d+)", README, re.M)[1]
        gateway.out.wait_for("^" + re.escape(shown) + "$")


def test_every_function_and_key_it_names_is_there(here):
    """A script that touches each name of the two tables."""
    keys, functions = first_cells("in `req` | is"), first_cells("functions | for")
    assert len(keys) == 20
    assert len(functions) > 30
    touched = "".join(f'if {name} == nil then error("no {name}") end\n' for name in functions)
    touched += "return function(req)\n" + "".join(f"local {key} = req.{key}\n" for key in keys) + "end\n"
    (here / "one.lua").write_text(touched)
    code, _, err = run("try", "-s", "one.lua", cwd=here)
    assert code == 0, err


def first_cells(header):
    """The names in the first cells of the table that begins so."""
    rows = README.split(f"| {header} |\n", 1)[1].split("\n\n")[0]
    return [name for cell in re.findall(r"^\| (`.*?) \|", rows, re.M) for name in re.findall(r"`([\w.]+)`", cell)]
