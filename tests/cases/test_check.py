"""`moonline check`: all mistakes at once, and what the first request would find."""

import pytest

from gateway import TOP, run

FINE = """
return {
  outputs = { o = { file = "points.lp" } },
  routes = { { path = "/w/:at", script = "w.lua" } },
}
"""

SCRIPT = 'return function(req) return point("w", { at = req.params.at }, { t = number(req.form.t) }) end\n'


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    (tmp_path / "moonline.lua").write_text(FINE)
    (tmp_path / "w.lua").write_text(SCRIPT)
    return tmp_path


def check(folder, env=None):
    """Exit code, stdout, and the lines of stderr."""
    code, out, said = run("check", cwd=folder, env=env)
    return code, out, said.splitlines()


def test_every_mistake_is_told_in_the_order_of_the_file(folder):
    (folder / "moonline.lua").write_text(
        """return {
  listen = "nowhere",
  worker = 3,
  outputs = {
    a = { url = "http://127.0.0.1:1", org = "x" },
    b = { file = "x", flush = "soon", url = env "NOT_SET_AT_ALL" },
    c = { file = "y" },
  },
  default_output = "d",
  limits = { body = "huge", depht = 3 },
  routes = {
    { path = "/a", script = "absent.lua", method = "BREW", verify = { scheme = "bearrer" } },
    { path = "/b", scrpt = "w.lua" },
    { path = "/c", script = "w.lua", output = { "a", "z" }, verify = false },
    { path = "/c", script = "w.lua", output = "a" },
    { path = "/e", script = "ecowit", output = "a", reply = { status = 404 } },
  },
  journal = { max = file "absent.txt" },
}
"""
    )
    code, out, said = check(folder)
    assert (code, out) == (78, "")
    wanted = [
        ("2", "is no address like"),
        ("3", "unknown option `worker` (did you mean `workers`?)"),
        ("5", "needs `org` and `bucket` (v2)"),
        ("6", "the environment variable NOT_SET_AT_ALL is not set"),
        ("9", 'there is no output "d"'),
        ("10", "`body` must be a size"),
        ("10", "unknown option `depht` (did you mean `depth`?)"),
        ("12", 'no such method "BREW"'),
        ("12", "there is no script absent.lua"),
        ("12", "`scheme` must be one of"),
        ("13", "unknown option `scrpt` (did you mean `script`?)"),
        ("14", 'there is no output "z"'),
        ("15", 'is the same as "/c" (moonline.lua:14)'),
        ("16", '(did you mean "ecowitt"?)'),
        ("16", "`status` must be from 200 to 299"),
        ("18", "file absent.txt: No such file or directory"),
    ]
    assert sorted(wanted, key=lambda pair: int(pair[0])) == wanted
    assert [line.split(":")[1] for line in said] == [line for line, _ in wanted]
    for line, part in wanted:
        assert [text for text in said if text.startswith(f"moonline.lua:{line}: ") and part in text], (part, said)
    assert not [line for line in said if "needs `script`" in line]


def test_no_route_at_all_is_a_warning(folder):
    (folder / "moonline.lua").write_text("return { routes = {} }\n")
    code, out, said = check(folder)
    assert code == 0 and "0 routes" in out
    assert "warning: `routes` is empty: whoever posts gets a 404" in said


def test_serve_tells_them_all_too(folder):
    (folder / "moonline.lua").write_text("return {\n  a1 = 1,\n  b1 = 1,\n  routes = {},\n}\n")
    code, _, said = run("serve", cwd=folder)
    assert code == 78
    assert said == "moonline.lua:2: unknown option `a1`\nmoonline.lua:3: unknown option `b1`\n"


def test_twenty_mistakes_are_enough(folder):
    (folder / "moonline.lua").write_text("return {\n" + "".join(f"  nonsense{n} = 1,\n" for n in range(30)) + "  routes = {},\n}\n")
    code, _, said = check(folder)
    assert code == 78
    assert len(said) == 21
    assert said[0].startswith("moonline.lua:2: ") and said[19].startswith("moonline.lua:21: ")
    assert said[20] == "these are the first 20; there may be more"


@pytest.mark.parametrize(
    "options",
    [
        'output = env "HUSH"',
        'script = env "HUSH"',
        'method = env "HUSH"',
        'limits = { body = env "HUSH" }',
        'tags = { [env "HUSH"] = true, [2] = 1 }',
        'script = "w.lua", verify = { scheme = "header", name = env "HUSH" .. ":", value = "x" }',
        'script = "w.lua", verify = { allow = { env "HUSH" } }',
        'script = "w.lua", vars = error("no " .. env "HUSH")',
    ],
)
@pytest.mark.parametrize("value", ["hush-hush-hush", "hush" * 40, "hu"])
def test_what_the_environment_says_is_never_quoted(folder, options, value):
    script = "" if "script" in options else 'script = "w.lua", '
    (folder / "moonline.lua").write_text(FINE.replace('script = "w.lua"', script + options))
    code, _, said = check(folder, {"HUSH": value})
    assert code == 78
    assert not [line for line in said if "hush" in line or '"hu"' in line], said


MISTAKES = """local unit = require "unit"
limit = 5
local function add(a) total = total + a; return pont("x", {}, {}) end
return function(req)
  local j = req.jsn
  req.extra = limit
  local k, t = req.extra, time.prase(json.null)
  for i, v in ipairs({ req = 1, foo = 2 }) do add(v) end
  local again = require("unit")
  repeat local inner = 1 until inner == 1
  goto done
  ::done::
  return add(unit.x) or inner
end
"""


def test_names_that_are_not_there_are_found_before_any_request(folder):
    (folder / "w.lua").write_text(MISTAKES)
    (folder / "unit.lua").write_text("return { x = function(req) return req.anything, nosuch end }\n")
    code, out, said = check(folder)
    assert (code, out) == (78, "")
    assert said == [
        "w.lua:3: global total is set while a request runs: it would be seen by the next one; write local total",
        "w.lua:3: there is no global total",
        "w.lua:3: there is no global pont (did you mean point?)",
        "w.lua:5: req has no jsn (did you mean json?)",
        "w.lua:7: there is no time.prase (did you mean parse?)",
        "w.lua:9: require belongs at the top of the file, not inside a function",
        "w.lua:13: there is no global inner",
        "unit.lua:1: there is no global nosuch",
    ]


def test_points_that_go_nowhere_are_found(folder):
    """At the first request they would be a 204 and nothing stored."""
    (folder / "w.lua").write_text(
        "return function(req)\n"
        "  point('a', {}, { v = 1 })\n"
        "  each(req.json, function(r)\n    return point('b', {}, { v = 1 })\n  end)\n"
        "  each(req.json, function(r) emit('c', {}, { v = 1 }) return r end)\n"
        "  try(function() return point('d', {}, { v = 1 }) end)\n"
        "  local all = each(req.json, function(r) return point('e', {}, { v = 1 }) end)\n"
        "  emit(point('f', {}, { v = 1 }))\n"
        "  return all\nend\n"
    )
    code, _, said = check(folder)
    assert code == 78 and said == [
        "w.lua:2: this point goes nowhere: return it, or say emit(...) in place of point(...)",
        "w.lua:4: this point goes nowhere: `return each(...)` returns what the function does, or say emit(...) in place of return point(...)",
    ]


def test_scripts_that_do_not_load_are_all_told(folder):
    (folder / "moonline.lua").write_text(FINE.replace('"w.lua" }', '"w.lua" }, { path = "/b", script = "b.lua" }'))
    (folder / "w.lua").write_text("return {\n")
    (folder / "b.lua").write_text("return 5\n")
    code, _, said = check(folder)
    assert code == 78
    assert len(said) == 2
    assert said[0].startswith("w.lua:2: ") and "must end with a function" in said[1]


def lua_files():
    for path in [*TOP.glob("scripts/*.lua"), *TOP.glob("examples/**/*.lua")]:
        if path.name != "moonline.lua" and "function(req)" in path.read_text():
            yield path


def test_nothing_is_said_of_what_is_shipped(tmp_path):
    files = list(lua_files())
    assert len(files) >= 7
    routes = ",".join(f'{{ path = "/r{n}", script = "{path}" }}' for n, path in enumerate(files))
    (tmp_path / "moonline.lua").write_text("return { routes = {" + routes + '}, outputs = { o = { file = "x" } } }')
    code, out, said = check(tmp_path)
    mistakes = [line for line in said if not line.startswith("warning: ")]
    assert (code, mistakes) == (0, []), said


def test_the_quickstart_is_fine(tmp_path):
    code, out, said = run("check", "-c", str(TOP / "examples/quickstart/moonline.lua"), cwd=tmp_path)
    assert (code, said) == (0, "")
    assert out.endswith(": fine\n")


def test_what_nothing_reaches_is_a_warning(folder):
    (folder / "moonline.lua").write_text(FINE.replace("return {", 'return { listen = "0.0.0.0:8580",').replace('"w.lua"', '"w.lua", verify = false'))
    (folder / "old.lua").write_text("return function() end\n")
    (folder / "other.lua").write_text("return { routes = {} }\n")
    (folder / "lost.http").write_text("POST /nowhere\n### expect\n")
    (folder / "found.http").write_text("POST /w/1\n### expect\n### next\nGET /w/1\n### expect 405\n")
    (folder / "w.http").write_text("POST /anything\n### expect\n")
    (folder / "odd.http").write_text("what")
    code, out, said = check(folder)
    assert (code, out) == (0, "moonline.lua: 1 route, 1 script, 1 output, 4 warnings\n")
    assert said == [
        "warning: moonline.lua:4: whoever reaches 0.0.0.0:8580 may post to /w/:at (verify = false)",
        "warning: lost.http:1: no script beside it, and no route for /nowhere",
        'warning: odd.http:1: no request line like "POST /path HTTP/1.1"',
        "warning: old.lua: no route uses this script",
    ]
