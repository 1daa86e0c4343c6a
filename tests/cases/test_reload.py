"""Reload: by SIGHUP, and by itself when a script or a module changes."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import threading

import pytest

from gateway import Gateway
from servers import wait_for

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  outputs = { paper = { file = "points.lp", flush = "10ms" } },
  routes = {
    { path = "/m", script = "m.lua", reply = { status = 200, body = "one" }, vars = { n = "one" } },
  },
}
"""

SCRIPT = """
local unit = require "unit"
return function(req)
  return point("m", { id = req.form.id }, { n = req.vars.n, version = 1, unit = unit })
end
"""


def write(path, text):
    """As an editor does it: a new file, renamed over the old one."""
    beside = path.with_name("." + path.name + ".new")
    beside.write_text(text)
    os.replace(beside, path)


@pytest.fixture(name="folder")
def make_folder(tmp_path):
    write(tmp_path / "m.lua", SCRIPT)
    write(tmp_path / "unit.lua", 'return "C"')
    return tmp_path


def points(folder):
    path = folder / "points.lp"
    return path.read_text().splitlines() if path.exists() else []


def stored(folder, tag):
    """The one point with this id, once it is there."""
    line = wait_for(lambda: [p for p in points(folder) if p.startswith(f"m,id={tag} ")], f"a point {tag}")
    return line[0].split(" ")[1]


def metric(gateway, name):
    _, _, text = gateway.ask("GET", "/metrics", port=gateway.admin_port)
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def test_a_script_that_is_saved_is_in_use_at_once(folder):
    with Gateway(folder, CONFIG) as gateway:
        assert gateway.post("/m", "id=a")[0] == 200
        assert 'version=1' in stored(folder, "a")
        write(folder / "m.lua", SCRIPT.replace("version = 1", "version = 2"))
        gateway.log.wait_for(r"info reload: moonline.lua and its scripts, in \d+ ms")
        assert gateway.post("/m", "id=b")[0] == 200
        assert "version=2" in stored(folder, "b")
        assert metric(gateway, "moonline_reloads_total") == 1
        assert metric(gateway, "moonline_config_last_reload_successful") == 1


def test_a_reload_keeps_the_store_and_a_restart_does_not(folder):
    counting = SCRIPT.replace("version = 1", "version = store.incr('n')")
    write(folder / "m.lua", counting)
    with Gateway(folder, CONFIG) as gateway:
        assert gateway.post("/m", "id=a")[0] == 200
        write(folder / "m.lua", counting.replace("incr('n')", "incr('n', 10)"))
        gateway.log.wait_for(r"info reload: moonline.lua and its scripts, in \d+ ms")
        assert gateway.post("/m", "id=b")[0] == 200
        assert "version=11" in stored(folder, "b")
    with Gateway(folder, CONFIG) as gateway:
        assert gateway.post("/m", "id=c")[0] == 200
        assert "version=10" in stored(folder, "c")


def test_a_script_that_is_written_in_place_counts_when_it_is_closed(folder):
    with Gateway(folder, CONFIG) as gateway:
        with open(folder / "m.lua", "w") as file:
            file.write("return function(req) return point('m', { id = req.form.id }, { half")
            file.flush()
            assert gateway.post("/m", "id=a")[0] == 200
            file.write("= 1 }) end")
        gateway.log.wait_for("info reload")
        gateway.post("/m", "id=b")
        assert stored(folder, "a").startswith('n="one"')
        assert stored(folder, "b") == "half=1"


def test_a_module_that_is_saved_counts_too(folder):
    with Gateway(folder, CONFIG) as gateway:
        gateway.post("/m", "id=a")
        assert 'unit="C"' in stored(folder, "a")
        write(folder / "unit.lua", 'return "F"')
        gateway.log.wait_for("info reload")
        gateway.post("/m", "id=b")
        assert 'unit="F"' in stored(folder, "b")


def test_sighup_reads_routes_limits_and_secrets_again(folder):
    with Gateway(folder, CONFIG, {"FIRST": "old-secret"}) as gateway:
        config = CONFIG.replace(
            'vars = { n = "one" }',
            'vars = { n = "two" }, limits = { body = 100 }, verify = { scheme = "bearer", secret = "new-secret" }',
        ).replace('"/m"', '"/n"')
        write(folder / "moonline.lua", config)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("info reload")
        assert gateway.post("/m", "id=a")[0] == 404
        assert gateway.post("/n", "id=a")[0] == 401
        key = {"Authorization": "Bearer new-secret"}
        assert gateway.post("/n", "id=a", key)[0] == 200
        assert gateway.post("/n", "id=" + "a" * 200, key)[0] == 413
        assert 'n="two"' in stored(folder, "a")


@pytest.mark.parametrize(
    "file, text, why",
    [
        ("m.lua", "return function(req) retrun 1 end", r"m.lua:1: "),
        ("m.lua", "return 1", r"m.lua"),
        ("unit.lua", "error('no')", r"unit.lua:1: no"),
        ("moonline.lua", CONFIG.replace("reply", "rpely"), r"moonline.lua:6: .*did you mean `reply`"),
    ],
)
def test_a_reading_with_a_mistake_leaves_the_old_one_in_place(folder, file, text, why):
    with Gateway(folder, CONFIG) as gateway:
        before = (folder / file).read_text()
        write(folder / file, text)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for(f"error reload: .*{why}.*; everything stays as it was")
        assert gateway.post("/m", "id=a")[0] == 200
        assert "version=1" in stored(folder, "a")
        status, _, health = gateway.ask("GET", "/health", port=gateway.admin_port)
        assert status == 503 and "the reload at" in json.loads(health)["reasons"][0]
        assert metric(gateway, "moonline_config_last_reload_successful") == 0
        assert metric(gateway, "moonline_reload_failures_total") >= 1
        write(folder / file, before)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("info reload")
        assert gateway.ask("GET", "/health", port=gateway.admin_port)[0] == 200


def stand_in(kind):
    def replace(path):
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "link to itself":
            path.symlink_to(path.name)
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "100 MB":
            with path.open("wb") as file:
                file.truncate(100_000_000)
        elif kind == "endless":
            path.write_text("while true do pcall(function() while true do end end) end")
        elif kind == "device":
            path.symlink_to("/dev/zero")

    return replace


@pytest.mark.parametrize("kind", ["folder", "link to itself", "pipe", "100 MB", "endless", "device", "nothing"])
@pytest.mark.parametrize("file", ["m.lua", "unit.lua", "moonline.lua"])
def test_whatever_stands_where_a_file_was_harms_nothing(folder, file, kind):
    with Gateway(folder, CONFIG) as gateway:
        stand_in(kind)(folder / file)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("error reload: .*; everything stays as it was")
        assert gateway.post("/m", "id=a")[0] == 200
        assert "version=1" in stored(folder, "a")
        assert gateway.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("name", ["m.http", "body"])
def test_a_pipe_among_the_recorded_tests_harms_nothing(folder, name):
    with Gateway(folder, CONFIG.replace("return {", "return { test_on_reload = true,", 1)) as gateway:
        os.mkfifo(folder / name)
        if name == "body":
            write(folder / "m.http", "### one\nPOST /m\n\n< ./body\n\n### expect 200\n")
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("error reload: .*cannot be read .*is not a file")
        assert gateway.end(signal.SIGTERM) == 0


def test_a_folder_that_is_changed_over_counts(folder):
    """As a deployment does it: the new folder is made beside the old one, or in its place."""
    (folder / "now").mkdir()
    (folder / "next").mkdir()
    for name in ("m.lua", "unit.lua"):
        os.replace(folder / name, folder / "now" / name)
    write(folder / "next" / "unit.lua", 'return "F"')
    write(folder / "next" / "m.lua", SCRIPT)
    with Gateway(folder, CONFIG.replace("m.lua", "now/m.lua")) as gateway:
        (folder / "now").rename(folder / "old")
        gateway.log.wait_for("error reload: .*there is no script now/m.lua")
        (folder / "next").rename(folder / "now")
        gateway.log.wait_for("info reload")
        gateway.post("/m", "id=a")
        assert 'unit="F"' in stored(folder, "a")
        write(folder / "now" / "unit.lua", 'return "K"')
        wait_for(lambda: metric(gateway, "moonline_reloads_total") == 2, "the folder is watched")


TEST = """
### the version that there is to be
POST /m

id=a

### expect 200
m,id=a n="one",version=2,unit="C"
"""


def test_a_name_that_is_not_there_is_told_and_the_script_is_in_use(folder):
    write(folder / "m.lua", "return function(req) if req.form.odd then pint() end return point('m', {}, { n = 1 }) end")
    with Gateway(folder, CONFIG) as gateway:
        gateway.log.wait_for(r"warn script: m\.lua:1: there is no global pint")
        write(folder / "m.lua", "\nreturn function(req) return point('m', { id = req.form.id }, { n = tme }) end")
        gateway.log.wait_for(r"warn script: m\.lua:2: there is no global tme \(did you mean time\?\)")
        gateway.log.wait_for("info reload: ")


def test_recorded_tests_beside_a_script_can_hold_a_reload_back(folder):
    config = CONFIG.replace("return {", "return { test_on_reload = true,", 1)
    write(folder / "m_first.http", TEST)
    write(folder / "other.http", TEST)
    with Gateway(folder, config) as gateway:
        write(folder / "m.lua", SCRIPT.replace("version = 1", "version = 3"))
        said = gateway.log.wait_for("error reload: 1 of 1 recorded tests beside the scripts failed .`moonline test` shows them.: (.*)")[1]
        assert "m_first.http:2 the version that there is to be | - m" in said and "version=3" in said
        assert "  " not in said and "\\t" not in said
        gateway.post("/m", "id=a")
        assert "version=1" in stored(folder, "a")
        write(folder / "m.lua", SCRIPT.replace("version = 1", "version = 2"))
        gateway.log.wait_for("info reload")
        gateway.post("/m", "id=b")
        assert "version=2" in stored(folder, "b")


def test_a_long_reason_is_cut_and_not_left_out(folder):
    """Cut in the log's line and in /health, between two characters."""
    config = CONFIG.replace("return {", "return { test_on_reload = true,", 1)
    for shift in range(3):
        (folder / str(shift)).mkdir()
        for name in ("m.lua", "unit.lua"):
            shutil.copy(folder / name, folder / str(shift))
        write(folder / str(shift) / "m_first.http", TEST.replace("the version", "the " + "." * shift + "\u20ac" * 400))
        with Gateway(folder / str(shift), config) as gateway:
            write(folder / str(shift) / "m.lua", SCRIPT.replace("version = 1", "version = 3"))
            said = gateway.log.wait_for("error reload: 1 of 1 recorded tests .*shows them.: FAILED .*m_first.http:2 the (.*); everything stays")[1]
            assert re.fullmatch("[.]*\u20ac{150,200}[.]{3}", said)
            health = gateway.ask("GET", "/health", port=gateway.admin_port)[2]
            assert said in json.loads(health)["reasons"][0]


def test_a_script_may_be_a_link_and_what_it_leads_to_be_saved(folder):
    (folder / "far").mkdir()
    with Gateway(folder, CONFIG) as gateway:
        (folder / "m.lua").rename(folder / "far" / "m.lua")
        gateway.log.wait_for("there is no script m.lua; everything stays")
        (folder / "m.lua").symlink_to("far/m.lua")
        gateway.log.wait_for("info reload: ")
        write(folder / "far" / "m.lua", SCRIPT.replace("version = 1", "version = 7"))
        wait_for(lambda: metric(gateway, "moonline_reloads_total") == 2, "its folder is watched")
        gateway.post("/m", "id=a")
        assert "version=7" in stored(folder, "a")


def test_of_several_mistakes_the_log_tells_one_and_how_many(folder):
    with Gateway(folder, CONFIG) as gateway:
        write(folder / "moonline.lua", CONFIG.replace("return {", "return {\n lissen = 1,\n dta = 2,\n roots = 3,", 1))
        gateway.log.wait_for(r"error reload: \S+:3: unknown option `lissen` \(did you mean `listen`\?\) \(and 2 more: `moonline check` tells all\); everything stays")
        write(folder / "moonline.lua", CONFIG.replace("return {", "return {\n lissen = 1,", 1))
        gateway.log.wait_for(r"`listen`\?\); everything stays as it was")


def test_without_the_option_they_hold_nothing_back(folder):
    write(folder / "m_first.http", TEST)
    with Gateway(folder, CONFIG) as gateway:
        write(folder / "m.lua", SCRIPT.replace("version = 1", "version = 3"))
        gateway.log.wait_for("info reload")


def test_what_needs_a_restart_is_told(folder):
    with Gateway(folder, CONFIG) as gateway:
        config = CONFIG.replace('"10ms"', '"20ms"').replace("return {", 'return { workers = 2, data = "elsewhere",', 1)
        write(folder / "moonline.lua", config.replace('"one" }', '"two" }'))
        gateway.process.send_signal(signal.SIGHUP)
        for name in ("workers", "data", "outputs"):
            gateway.log.wait_for(f"warn reload: moonline.lua: `{name}` has changed, which needs a restart")
        gateway.log.wait_for("info reload")
        gateway.post("/m", "id=a")
        assert 'n="two"' in stored(folder, "a"), "what can change did change"
        assert not (folder / "elsewhere").exists()


def test_an_output_that_is_new_needs_a_restart(folder):
    with Gateway(folder, CONFIG) as gateway:
        config = CONFIG.replace("outputs = {", 'default_output = "paper", outputs = { other = { file = "other.lp" },')
        write(folder / "moonline.lua", config)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.log.wait_for("error reload: .*`outputs` names others than before, which needs a restart")
        assert gateway.post("/m", "id=a")[0] == 200


def test_a_request_that_is_half_read_ends_as_it_began(folder):
    with Gateway(folder, CONFIG) as gateway, socket.create_connection(("127.0.0.1", gateway.port), 300) as half:
        half.sendall(b"POST /m HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\n\r\ni")
        assert gateway.post("/m", "id=b")[2] == "one"
        write(folder / "m.lua", SCRIPT.replace("version = 1", "version = 2"))
        write(folder / "moonline.lua", CONFIG.replace('"one"', '"two"'))
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: gateway.post("/m", "id=c")[2] == "two", "the new answer")
        half.sendall(b"d=a")
        assert b"\r\n\r\none" in half.recv(4096)
        assert 'n="one",unit="C",version=1' in stored(folder, "a")
        gateway.post("/m", "id=d")
        assert 'n="two",unit="C",version=2' in stored(folder, "d")


def test_readings_good_and_bad_never_mix(folder):
    """Script, module and configuration change together, or not at all; whatever goes wrong on the way."""
    config = CONFIG.replace("return {", "return { workers = 2, test_on_reload = true,", 1)
    script = SCRIPT.replace("version = 1", "version = @").replace("unit = unit", "unit = unit, wait = math.sin(1)")
    recorded = '### one\nPOST /m\n\nid=a\n\n### expect 200\nm,id=a n="@",version=@,unit="@",wait=0.8414709848078965\n'

    def edition(number):
        write(folder / "m.lua", script.replace("@", str(number)))
        write(folder / "unit.lua", f'return "{number}"')
        write(folder / "m_one.http", recorded.replace("@", str(number)))
        write(folder / "moonline.lua", config.replace('n = "one"', f'n = "{number}"'))

    mistakes = [
        lambda: write(folder / "m.lua", "return function(req) retrun end"),
        lambda: write(folder / "unit.lua", "error('no')"),
        lambda: write(folder / "m_one.http", recorded.replace("@", "wrong")),
        lambda: write(folder / "moonline.lua", "return { rpely = 1 }"),
    ]
    stop = threading.Event()
    statuses = [0, 0, 0]
    edition(0)
    with Gateway(folder, (folder / "moonline.lua").read_text()) as gateway:

        def send(number):
            for i in range(1_000_000):
                if stop.is_set():
                    return
                assert gateway.post("/m", f"id={number}x{i}")[0] == 200
                statuses[number] += 1

        senders = [threading.Thread(target=send, args=(number,)) for number in range(3)]
        for sender in senders:
            sender.start()
        for i in range(1, 21):
            before = metric(gateway, "moonline_reload_failures_total")
            edition(i)
            mistakes[i % 4]()
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda: metric(gateway, "moonline_reload_failures_total") > before, f"mistake {i}")
            edition(i)
            gateway.process.send_signal(signal.SIGHUP)
            wait_for(lambda: gateway.post("/m", "id=ask")[0] == 200 and f"version={i}," in "".join(points(folder)[-1:]), f"edition {i}")
        stop.set()
        for sender in senders:
            sender.join()
        assert all(statuses)
        for line in points(folder):
            fields = dict(pair.split("=") for pair in line.split(" ")[1].split(","))
            assert fields["n"] == fields["unit"] == f'"{fields["version"]}"', line


def test_no_request_is_refused_or_run_half_on_each(folder):
    """Reloads while four senders post: each answer and its point are of one reading."""
    config = CONFIG.replace("listen", "workers = 2, listen")
    stop = threading.Event()
    answers = [[], [], [], []]
    with Gateway(folder, config) as gateway:

        def send(number):
            for i in range(1_000_000):
                if stop.is_set():
                    return
                tag = f"{number}x{i}"
                answers[number].append((tag, *gateway.post("/m", f"id={tag}")))

        senders = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for sender in senders:
            sender.start()
        for i in range(40):
            write(folder / "moonline.lua", config.replace('"one"', f'"v{i}"'))
            gateway.process.send_signal(signal.SIGHUP)
            done = i + 1
            wait_for(lambda: metric(gateway, "moonline_reloads_total") >= done, f"reload {done}")
        stop.set()
        for sender in senders:
            sender.join()
        told = {tag: body for each in answers for tag, status, _, body in each if status == 200}
        assert len(told) == sum(len(each) for each in answers), "every request is answered"
        assert len(set(told.values())) > 5, "the reloads fell between the requests"
        wait_for(lambda: len(points(folder)) == len(told), "all points")
        for line in points(folder):
            tag = line.split(" ")[0].split("id=")[1]
            assert f'n="{told[tag]}"' in line, line


def cpu_ticks(process):
    """Of the main thread."""
    fields = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11])


def test_a_stop_does_not_wait_for_a_reload(folder):
    """Sixty tests of a second each, of a script that ends none of them."""
    config = CONFIG.replace("return {", 'return { test_on_reload = true, limits = { time = "1s" },', 1)
    with Gateway(folder, config) as gateway:
        before = cpu_ticks(gateway.process)
        (folder / "m.http").write_text("### t\nPOST /m HTTP/1.1\n\nx\n\n### expect 204\n\n" * 60)
        write(folder / "m.lua", "return function(req) while true do end end")
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: cpu_ticks(gateway.process) > before + 20, "a reload under way")
        assert gateway.end(signal.SIGTERM) == 0
