"""Types that conflict: told at the door, per output, over restarts; what does not fit is a letter that can be replayed."""

import re
import signal

import pytest
from gateway import Gateway, run

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0", data = "data",
  outputs = {
    paper = { file = "points.lp", flush = "10ms", types = TYPES },
    other = { file = "other.lp", flush = "10ms" },
  },
  default_output = "paper",
  routes = {
    { path = "/soil", script = "soil.lua" },
    { path = "/w", line_protocol = true },
    { path = "/both", line_protocol = true, output = { "paper", "other" } },
  },
}
"""
SCRIPT = """return function(req)
  return point("soil", nil, { temperature = req.json.t }, time.s(req.json.at))
end
"""


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    (tmp_path / "soil.lua").write_text(SCRIPT)
    return tmp_path


def start(folder, types='"learn"'):
    return Gateway(folder, CONFIG.replace("TYPES", types))


def lines(folder, name="points.lp"):
    path = folder / name
    return path.read_text().splitlines() if path.exists() else []


def send(moon, path, body):
    status, headers, text = moon.post(path, body)
    assert status == 204, text
    return headers["X-Request-Id"]


def letters(folder):
    """[(name, reason, line)]"""
    found = []
    for path in sorted((folder / "data/dead/points/paper").glob("*.lp")):
        rows = path.read_text().splitlines()
        for head, line in zip(rows, rows[1:]):
            if head.startswith("#dead "):
                found.append((head.split(" ")[1], head.split(" ", 5)[5], line))
    return found


def learnt(folder):
    """{(measurement, field): type}"""
    rows = (folder / "data/types/paper").read_text().splitlines()
    return {tuple(row.split()[:2]): row.split()[2] for row in rows if not row.startswith("#")}


def metric(moon, name):
    text = moon.ask("GET", "/metrics", port=moon.admin_port)[2]
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])


def test_a_sender_that_alternates_keeps_its_numbers(folder):
    with start(folder) as moon:
        ids = [send(moon, "/soil", f'{{"t":{t},"at":{at}}}') for at, t in enumerate(["20", '"n/a"', "20.5"], 1)]
        ids.append(send(moon, "/w", "soil temperature=7i 4000000000"))
        assert metric(moon, 'moonline_output_misfit_points_total{output="paper"}') == 1
        assert moon.end(signal.SIGTERM) == 0
    assert lines(folder) == [f"soil temperature={t} {at}000000000" for at, t in [(1, "20"), (3, "20.5"), (4, "7")]]
    assert learnt(folder) == {("soil", "temperature"): "float"}
    [(name, reason, line)] = letters(folder)
    assert name == f"{ids[1]}.1"
    assert re.fullmatch(r'soil\.temperature is text "n/a", the contract says float \(learnt 20\d\d-[0-9T:.-]+Z\)', reason)
    assert line == 'soil temperature="n/a" 2000000000'


def test_what_was_learnt_is_there_after_kill_9(folder):
    with start(folder) as moon:
        for n in range(50):
            send(moon, "/w", f"m f{n}={n}i 1")
        moon.end(signal.SIGKILL)
    assert learnt(folder) == {("m", f"f{n}"): "int" for n in range(50)}
    with start(folder) as moon:
        for n in range(50):
            send(moon, "/w", f"m f{n}={n}.0 2\nm f{n}=0.5 3")
        moon.end(signal.SIGTERM)
    assert len(letters(folder)) == 50
    assert set(lines(folder)) >= {f"m f{n}={n}i 2" for n in range(50)}


def test_the_file_is_edited_by_hand_to_change_ones_mind(folder):
    with start(folder) as moon:
        send(moon, "/w", 'soil t="n/a" 1')
        send(moon, "/w", "soil t=20 2")
        moon.end(signal.SIGTERM)
    path = folder / "data/types/paper"
    path.write_text("rubbish\n" + path.read_text().replace("soil t string", "soil t float"))
    with start(folder) as moon:
        moon.log.wait_for(r"data/types/paper:1: it is not: measurement field type: \"rubbish\"; the line is skipped")
        code, out, _ = run("dead", "replay", "--all", cwd=folder)
        assert code == 0 and "1 point" in out
        send(moon, "/w", "soil t=21 3")
        moon.end(signal.SIGTERM)
    assert lines(folder)[1:] == ["soil t=20 2", "soil t=21 3"]
    assert letters(folder) == []


def test_a_replay_holds_letters_against_the_types_of_now(folder):
    with start(folder, '{ ["soil.t"] = "float" }') as moon:
        name = send(moon, "/w", 'soil t="21.5" 1\nsoil t="n/a" 2')
        code, _, err = run("dead", "replay", "--all", cwd=folder)
        assert code == 1
        assert f'paper/{name}.1: kept: soil.t is text "21.5", the contract says float (moonline.lua:' in err
        moon.end(signal.SIGTERM)
    config = (folder / "moonline.lua").read_text()
    (folder / "moonline.lua").write_text(config.replace('"float" }', '"float", convert = "text" }'))
    code, out, err = run("dead", "replay", "--all", cwd=folder)
    assert code == 1 and f"paper/{name}.1: 1 point" in out and f"paper/{name}.2: kept" in err
    assert [line for _, _, line in letters(folder)] == ['soil t="n/a" 2']
    assert "  status    -\n  answer id -\n" in run("dead", "show", f"paper/{name}.2", cwd=folder)[2]
    with start(folder, '{ ["soil.t"] = "float" }') as moon:
        moon.end(signal.SIGTERM)
    assert lines(folder) == ["soil t=21.5 1"]


def test_a_point_may_be_dead_for_one_output_only(folder):
    with start(folder, '{ ["soil.t"] = "float" }') as moon:
        send(moon, "/both", "soil t=1i 1\nsoil t=true 2\nsoil t=3 3")
        moon.end(signal.SIGTERM)
    assert lines(folder) == ["soil t=1 1", "soil t=3 3"]
    assert lines(folder, "other.lp") == ["soil t=1i 1", "soil t=true 2", "soil t=3 3"]
    assert [line for _, _, line in letters(folder)] == ["soil t=true 2"]


def test_try_says_what_would_not_be_taken(folder):
    with start(folder) as moon:
        send(moon, "/soil", '{"t":20,"at":1}')
        moon.end(signal.SIGTERM)
    code, out, err = run("try", "-d", '{"t":"n/a","at":2}', "http://127.0.0.1:8580/soil", cwd=folder)
    assert code == 0
    assert out == 'soil temperature="n/a" 2000000000\n'
    assert 'output paper would not take it: soil.temperature is text "n/a", the contract says float (learnt ' in err


def test_check_says_what_is_wrong(folder):
    (folder / "moonline.lua").write_text(CONFIG.replace("TYPES", '{ ["soil.t"] = "flaot" }'))
    code, _, err = run("check", cwd=folder)
    assert code == 78
    assert 'moonline.lua:5: `soil.t` must be "float", "int", "uint", "bool" or "string", not "flaot" (did you mean float?)' in err
