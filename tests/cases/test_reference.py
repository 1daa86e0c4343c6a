"""scripts/README.md: every example in it is run, and gives what it shows."""

import re
import shlex

import pytest
from gateway import TOP, run

TEXT = (TOP / "scripts" / "README.md").read_text()
BLOCKS = re.findall(r"^```lua\n(.*?)^```\n(?:```\n(.*?)^```\n)?", TEXT, re.M | re.S)
CALLS = [code for code, _ in BLOCKS if "-->" in code]
SCRIPTS = [(code, shown) for code, shown in BLOCKS if "-->" not in code]

# Each line's results as the page shows them, or the error; a line of its own.
SHOW = """
local function shown(x)
  if x == nil then return "nil" end
  if x == json.null then return "json.null" end
  return json.encode(x)
end
local function results(ok, ...)
  if not ok then return "error: " .. tostring((...)) end
  local out = {}
  for i = 1, select("#", ...) do out[i] = shown((select(i, ...))) end
  return table.concat(out, ", ")
end
return function(req)
"""


def arguments(code):
    """What the first line says about the request; `-d ''` without."""
    first = re.match(r"-- moonline try (.*)\n", code)
    return shlex.split(first[1]) if first else ["-d", ""]


def line_by_line(tmp_path, code):
    """Pairs of what is shown and what came."""
    lines = [line for line in code.splitlines() if "-->" in line]
    calls = "".join("print(%d, results(pcall(function() return %s end)))\n" % (i, line.split("-->")[0]) for i, line in enumerate(lines))
    (tmp_path / "t.lua").write_text(f"{SHOW}{calls}end\n")
    _, _, err = run("try", "-s", "t.lua", *arguments(code), cwd=tmp_path)
    came = dict(re.findall(r"^t\.lua:\d+: (\d+) ?(.*)$", err, re.M))
    assert len(came) == len(lines), err
    return [(line, came[str(i)]) for i, line in enumerate(lines)]


@pytest.mark.parametrize("code", CALLS, ids=lambda code: code.split("\n")[-2].split("(")[0].strip())
def test_each_line_gives_what_it_shows(tmp_path, code):
    for line, came in line_by_line(tmp_path, code):
        wanted = line.split("-->")[1].strip()
        if wanted.startswith("error: "):
            assert came.startswith("error: ") and wanted[7:] in came, line
        else:
            assert came == wanted, line


@pytest.mark.parametrize("code, shown", SCRIPTS, ids=["first", "points"])
def test_each_script_gives_the_points_that_are_shown(tmp_path, code, shown):
    (tmp_path / "t.lua").write_text(code)
    status, out, err = run("try", "-s", "t.lua", *arguments(code), cwd=tmp_path)
    assert status == 0, err
    assert shown in (out, out + err)


def test_the_recorded_tests_that_are_shown_pass(tmp_path):
    (tmp_path / "tank.lua").write_text(SCRIPTS[0][0])
    (tmp_path / "tank_shown.http").write_text(re.search(r"^```http\n(.*?)^```$", TEXT, re.M | re.S)[1])
    (tmp_path / "level.json").write_text('{"level":"61.5","at":1767323045}')
    assert run("test", cwd=tmp_path) == (0, "2 passed, 0 failed\n", "")
    (tmp_path / "level.json").write_text('{"level":"61.6","at":1767323045}')
    assert run("test", cwd=tmp_path)[0] == 1


def test_every_mark_of_a_recorded_test_is_in_the_table():
    """And the other way round: the program knows what the table has."""
    known = set(re.findall(r'TEXT\("(@\w+)"\)', (TOP / "src" / "trial_file.c").read_text()))
    assert known == set(re.findall(r"`# (@\w+)", TEXT)) and len(known) == 8


def test_an_example_that_is_wrong_is_found(tmp_path):
    (_, came), (_, raised) = line_by_line(tmp_path, "number('1') --> 2\nint(2.5) --> 2\n")
    assert came == "1"
    assert raised == "error: t.lua:15: int(2.5): has a fraction; use round()"


def test_every_function_of_ours_has_a_heading_and_an_example():
    """But for those that show nothing by what they return."""
    names = {name for line in re.findall(r"^### (.*)$", TEXT, re.M) for name in re.findall(r"`([\w.]+)[({]", line)}
    assert len(names) > 40
    examples = "\n".join(code for code, _ in BLOCKS)
    silent = {"emit", "reply", "keep", "require", "log.info", "log.warn", "log.error", "error"}
    assert {name for name in names - silent if not re.search(rf"(?<![\w.]){re.escape(name)}\b", examples)} == set()


def test_the_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)h][^)]*)\)", TEXT):
        if link.startswith("#"):
            titles = [re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in re.findall(r"^## (.*)$", TEXT, re.M)]
            assert link[1:] in titles, link
        else:
            assert (TOP / "scripts" / link).exists(), link


def test_the_readme_points_here():
    assert "scripts/README.md" in (TOP / "README.md").read_text()


def test_each_shape_has_a_row_and_recorded_tests():
    folder = TOP / "examples" / "shapes"
    scripts = {path.stem for path in folder.glob("*.lua")}
    assert scripts == {path.stem for path in folder.glob("*.http")}
    assert scripts == set(re.findall(r"\]\((\w+)\.lua\) \|$", (folder / "README.md").read_text(), re.M))
    assert len(scripts) >= 18


def test_each_shape_is_a_small_script_that_says_what_it_is_for():
    for path in (TOP / "examples" / "shapes").glob("*.lua"):
        lines = path.read_text().splitlines()
        assert lines[0].startswith("-- "), path
        assert 5 <= len(lines) <= 25, path


def test_the_recorded_tests_of_the_shapes_pass(tmp_path):
    code, out, _ = run("test", str(TOP / "examples" / "shapes"), cwd=tmp_path)
    assert code == 0, out
    assert int(re.match(r"(\d+) passed, 0 failed", out)[1]) > 50
