"""`moonline journal ls | verify | cat | replay`: beside a gateway whose output is down,
after it, and after damage that the test makes itself."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading

import patience
import pytest
from gateway import BINARY, PATIENCE_S, SOCKET_S, Gateway, environment, run

NS = 1767323045000000000
POINTS = 200
PAD = "x" * 1000  # so that the points fill several segments

CONFIG = """return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  journal = { segment = "64KiB", min_free = 1, keep = "%s" },
  outputs = { %s },
  default_output = "influx",
  routes = { { path = "/write", line_protocol = true } },
}
"""


def influx(port):
    return f'influx = {{ url = "http://127.0.0.1:{port}", database = "iot" }}'


PAPER = 'influx = { file = "paper.lp" }'


def line(number):
    return f'm,n={number} pad="{PAD}" {NS + number}\n'


LINES = [line(number) for number in range(1, POINTS + 1)]


@pytest.fixture(name="down")
def an_address_where_nobody_answers():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # never listens
        yield influx(taken.getsockname()[1])


def gateway(folder, outputs, keep="0s"):
    return Gateway(folder, CONFIG % (keep, outputs), {"MOONLINE_BENCH": "1"})


def fill(folder, outputs, keep="0s"):
    running = gateway(folder, outputs, keep)
    for at in range(0, POINTS, 10):
        status, _, text = running.post("/write", "".join(LINES[at : at + 10]))
        assert status == 204, text
    return running


def journal(folder, *arguments):
    return run("journal", *arguments, cwd=folder, env={"MOONLINE_BENCH": "1"})


def segments(folder, output="influx"):
    return sorted(pathlib.Path(folder, "moonline-data", "journal", output).glob("*.lp"))


def snapshot(folder):
    files = pathlib.Path(folder, "moonline-data").rglob("*")
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in files}


@pytest.fixture(name="full")
def a_stopped_gateway_that_delivered_nothing(tmp_path, down):
    with fill(tmp_path, down) as running:
        running.end(signal.SIGKILL)
    assert len(segments(tmp_path)) >= 3
    return tmp_path


def flip(path, needle):
    """Spoils the first byte of needle; its offset."""
    content = bytearray(path.read_bytes())
    at = content.index(needle.encode())
    content[at] ^= 1
    path.write_bytes(content)
    return at


# ---------------------------------------------------------------- all well --


def test_all_three_look_while_the_gateway_runs(tmp_path, down):
    with fill(tmp_path, down) as running:
        before = snapshot(tmp_path)
        code, out, err = journal(tmp_path, "ls")
        assert (code, err) == (0, "")
        assert re.search(rf"^influx +{POINTS} +\d+  2026-01-02T03:04:05.000Z +\S+  -$", out, re.M), out
        code, out, err = journal(tmp_path, "verify")
        assert (code, err) == (0, "")
        assert f"{POINTS} points good, 0 acknowledged ones missing: fine\n" in out
        assert journal(tmp_path, "cat", "influx") == (0, "".join(LINES), "")
        assert snapshot(tmp_path) == before
        status, _, _ = running.post("/write", line(POINTS + 1))
        assert status == 204
        code, out, _ = journal(tmp_path, "cat")
        assert (code, out.count("\n")) == (0, POINTS + 1)


def test_ls_tells_every_segment(full):
    code, out, err = journal(full, "ls", "influx")
    assert (code, err) == (0, "")
    table = out.split("\n\n")[1].splitlines()[1:]
    rows = [row.split() for row in table]
    assert [row[1] for row in rows] == [path.name for path in segments(full)]
    assert [int(row[2]) for row in rows] == [path.stat().st_size for path in segments(full)]
    assert int(rows[0][3]) == 1 and int(rows[-1][4]) == POINTS
    for row, following in zip(rows, rows[1:]):
        assert int(row[4]) + 1 == int(following[3])
    assert sum(int(row[5]) for row in rows) == POINTS
    assert {row[6] for row in rows} == {"waits"}


def test_columns_stand_below_each_other(full):
    for table in journal(full, "ls")[1].split("\n\n"):
        head, *rows = table.splitlines()
        for title in ("BYTES", "CURSOR", "LAST"):
            if title in head:
                end = head.index(title) + len(title)
                assert all(row[end - 1] != " " and row[end : end + 1] in ("", " ") for row in rows), table


def test_what_is_delivered_is_settled(tmp_path):
    with fill(tmp_path, PAPER, "1h") as running:
        assert running.end(signal.SIGTERM) == 0
    delivered = pathlib.Path(tmp_path, "paper.lp").read_text()
    assert delivered == "".join(LINES)
    out = journal(tmp_path, "ls")[1]
    assert re.search(rf"^influx +0 +\d+  - +{POINTS + 1}  -$", out, re.M), out
    assert "waits" not in out and out.count(" settled\n") == len(segments(tmp_path))
    assert journal(tmp_path, "cat") == (0, "", "")
    assert journal(tmp_path, "cat", "--all") == (0, delivered, "")
    assert journal(tmp_path, "verify")[0] == 0


def test_an_output_that_nobody_names_is_listed_too(full):
    (full / "moonline.lua").write_text((CONFIG % ("0s", 'other = { file = "-" }')).replace('"influx"', '"other"'))
    code, out, _ = journal(full, "ls")
    assert code == 0
    assert re.search(r"^influx .*\(not in the configuration\)$", out, re.M), out
    assert re.search(r"^other +0 +0 .*\(no journal yet\)$", out, re.M), out
    assert journal(full, "cat", "influx")[1] == "".join(LINES)
    assert journal(full, "cat", "other") == (0, "", "")
    assert journal(full, "verify", "other") == (0, "other: no journal yet\n", "")
    (full / "moonline-data" / "journal" / "elder").mkdir()
    (full / "moonline-data" / "journal" / "README").write_text("not an output")
    code, _, err = journal(full, "cat")
    assert (code, err) == (64, "cat of which output? other, elder, influx\n")


def test_a_folder_is_enough(full):
    os.rename(full / "moonline.lua", full / "away.lua")
    assert journal(full, "cat", "--data", "moonline-data")[1] == "".join(LINES)
    assert "not in the configuration" not in journal(full, "ls", "--data", "moonline-data")[1]
    assert journal(full, "verify", "-c", "away.lua")[0] == 0


def test_who_looks_need_not_know_the_secrets(full):
    config = (full / "moonline.lua").read_text()
    (full / "moonline.lua").write_text('local secret = env "NOT_THERE"\n' + config)
    assert journal(full, "cat", "influx") == (0, "".join(LINES), "")
    assert journal(full, "verify")[0] == 0


def test_segments_may_come_and_go_while_one_looks(tmp_path):
    """Looks again and again, beside a gateway that writes, delivers and deletes."""
    with gateway(tmp_path, PAPER) as running:
        stops = threading.Event()

        def send():
            while not stops.is_set():
                assert running.post("/write", "".join(LINES[:50]))[0] == 204

        sender = threading.Thread(target=send)
        sender.start()
        seen = set()
        try:
            for _ in range(20):
                for verb in ("ls", "verify", "cat"):
                    code, out, err = journal(tmp_path, verb)
                    assert (code, err) == (0, ""), out
                seen.update(path.name for path in segments(tmp_path))
            oldest = pathlib.Path(tmp_path, "moonline-data", "journal", "influx", min(seen))
            deadline = patience.now() + PATIENCE_S
            while oldest.exists() and patience.now() < deadline:
                journal(tmp_path, "verify")
        finally:
            stops.set()
            sender.join()
        assert len(seen) > 3 and not oldest.exists()


# ------------------------------------------------------------------ damage --


def test_a_flipped_byte_is_found_and_costs_its_frame(full):
    path = segments(full)[1]
    first = int(path.name[:20])
    flip(path, f"n={first} ")
    header = re.search(rf"#f {first} (\d+) (\d+) \d+ \w+\n".encode(), path.read_bytes())
    points = int(header[1])
    length = header.end() - header.start() + int(header[2])
    code, out, _ = journal(full, "verify")
    assert code == 1
    assert f"points {first} to {first + points - 1} were acknowledged and cannot be read\n" in out
    assert f"{length} bytes at offset {header.start()} are unreadable\n" in out
    assert f"{POINTS - points} points good, {points} acknowledged ones missing: DAMAGED\n" in out
    code, out, err = journal(full, "cat", "influx")
    assert out == "".join(LINES[: first - 1] + LINES[first - 1 + points :])
    assert (code, err) == (1, f"influx: points {first} to {first + points - 1} were acknowledged and cannot be read\n")


def test_a_torn_end_is_no_damage(full):
    with open(segments(full)[-1], "ab") as newest:
        newest.write(b"#f 201 1 1")
    code, out, _ = journal(full, "verify")
    assert code == 0
    assert "10 bytes at offset" in out and "a torn end, never acknowledged" in out


def test_a_segment_that_was_deleted_by_hand_is_missed(full):
    paths = segments(full)
    first, end = int(paths[1].name[:20]), int(paths[2].name[:20])
    paths[1].unlink()
    code, out, _ = journal(full, "verify")
    assert code == 1
    assert f"points {first} to {end - 1} were acknowledged and cannot be read" in out


def test_a_missing_first_segment_was_settled(full):
    segments(full)[0].unlink()
    assert journal(full, "verify")[0] == 0
    first = int(segments(full)[0].name[:20])
    assert journal(full, "cat")[1] == "".join(LINES[first - 1 :])


def test_a_segment_that_does_not_open_is_told_and_the_rest_given(full):
    paths = segments(full)
    end = int(paths[1].name[:20])
    paths[0].unlink()
    paths[0].symlink_to(paths[0].name)
    code, out, err = journal(full, "verify")
    assert (code, err) == (1, "")
    assert re.search(rf"^influx/{paths[0].name}: opening \S+: Too many levels of symbolic links$", out, re.M), out
    assert f"{POINTS - end + 1} points good" in out
    code, out, err = journal(full, "cat")
    assert (code, out) == (1, "".join(LINES[end - 1 :]))
    assert "Too many levels" in err


def test_without_the_end_nothing_is_said_of_an_output(full):
    newest = segments(full)[-1]
    newest.unlink()
    newest.symlink_to(newest.name)
    for verb in ("ls", "verify", "cat"):
        code, out, err = journal(full, verb)
        assert code == 1 and "points good" not in out and "pad=" not in out
        assert "Too many levels" in err


def test_what_is_in_quarantine_is_counted(full):
    folder = full / "moonline-data" / "journal" / "influx" / "quarantine"
    folder.mkdir()
    (folder / "a.lp").write_text("12345")
    assert "  5 bytes in 1 file\n" in journal(full, "ls")[1]


# ---------------------------------------------------------------- messages --


@pytest.mark.parametrize(
    "arguments",
    [[], ["show"], ["ls", "a", "b"], ["ls", "--all"], ["cat", "--nothing"], ["ls", "-c", "a", "--data", "b"]],
)
def test_wrong_arguments_are_usage(full, arguments):
    code, out, err = journal(full, *arguments)
    assert (code, out) == (64, "")
    assert "usage: moonline journal ls" in err


def test_without_a_configuration_it_says_so(tmp_path):
    code, out, err = journal(tmp_path, "ls")
    assert (code, out) == (78, "")
    assert err.startswith("no configuration: ")


def test_without_a_journal_it_says_so(tmp_path):
    (tmp_path / "moonline.lua").write_text(CONFIG % ("0s", PAPER))
    for verb in ("ls", "verify", "cat"):
        code, out, err = journal(tmp_path, verb)
        assert (code, out) == (1, "")
        assert re.fullmatch(r"no journal in \S*moonline-data/journal: No such file or directory\n", err)


def test_an_unknown_output_is_told_with_those_there_are(full):
    for verb in ("ls", "verify", "cat"):
        code, out, err = journal(full, verb, "inlfux")
        assert (code, out) == (64, "")
        assert "no output `inlfux` in " in err and err.endswith("; there is influx\n")


def test_a_reader_that_goes_away_ends_it_quietly(full):
    for handler in (signal.SIG_DFL, signal.SIG_IGN):
        process = subprocess.Popen(
            [BINARY, "journal", "cat"],
            cwd=full,
            env=environment({"MOONLINE_BENCH": "1"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            restore_signals=False,
            preexec_fn=lambda handler=handler: signal.signal(signal.SIGPIPE, handler),
        )
        assert process.stdout.readline().decode() == LINES[0]
        process.stdout.close()
        assert process.stderr.read() == b""
        assert patience.wait_end(process, PATIENCE_S) == 0


def test_a_full_disk_behind_stdout_is_told(full):
    with open("/dev/full", "wb") as nowhere:
        done = subprocess.run(
            [BINARY, "journal", "cat"],
            cwd=full,
            env=environment({"MOONLINE_BENCH": "1"}),
            stdout=nowhere,
            stderr=subprocess.PIPE,
            timeout=SOCKET_S,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"writing to stdout: No space left on device\n"


# ------------------------------------------------------------------ replay --


def wait_for_lines(paper, count):
    def text():
        return paper.read_text() if paper.exists() else ""

    patience.wait_until(lambda: text().count("\n") >= count, text, PATIENCE_S)


@pytest.fixture(name="kept")
def a_stopped_gateway_that_keeps_what_it_delivered(tmp_path):
    with fill(tmp_path, PAPER, keep="24h") as running:
        paper = tmp_path / "paper.lp"
        wait_for_lines(paper, POINTS)
        assert running.end(signal.SIGTERM) == 0
    paper.unlink()
    return tmp_path


def delivered(folder, count):
    """What a gateway writes that is started now."""
    with gateway(folder, PAPER, "24h") as running:
        paper = folder / "paper.lp"
        wait_for_lines(paper, count)
        assert running.end(signal.SIGTERM) == 0
    return paper.read_text().splitlines(keepends=True)


def test_replay_delivers_again_what_was_kept(kept):
    code, out, err = journal(kept, "replay", "influx")
    assert (code, err) == (0, "")
    assert out == f"influx: {POINTS} points are journalled again; they are delivered when the gateway runs\n"
    assert delivered(kept, POINTS) == LINES


def test_replay_takes_only_the_window(kept):
    begin = "2026-01-02T03:04:05.000000051Z"
    code, out, _ = journal(kept, "replay", "--from", begin, "--to", str(NS + 61), "influx")
    assert (code, out.split()[1]) == (0, "10")
    assert delivered(kept, 10) == LINES[50:60]


def test_replay_leaves_out_what_waits(full):
    code, out, _ = journal(full, "replay", "influx")
    assert (code, out.split()[1]) == (0, "0")


def test_replay_beside_a_gateway_says_what_to_do(tmp_path, down):
    with fill(tmp_path, down):
        before = snapshot(tmp_path)
        code, out, err = journal(tmp_path, "replay", "influx")
        assert (code, out) == (1, "")
        assert "another process" in err and "stop the gateway" in err
        assert snapshot(tmp_path) == before


def test_replay_says_what_it_could_not_read(kept):
    flip(segments(kept)[0], LINES[3])
    code, out, err = journal(kept, "replay", "influx")
    assert code == 1
    assert 0 < int(out.split()[1]) < POINTS
    assert "could not be read" in err


def test_replay_into_a_full_journal_says_how_far_it_came(kept):
    config = (kept / "moonline.lua").read_text()
    (kept / "moonline.lua").write_text(config.replace("min_free = 1", 'min_free = "900TB"'))
    code, out, err = journal(kept, "replay", "influx")
    assert (code, out.split()[1]) == (1, "0")
    assert "free" in err and "twice is harmless" in err


@pytest.mark.parametrize(
    "arguments", [("replay",), ("replay", "--from", "noon", "influx"), ("cat", "--from", "2026-01-01", "influx"), ("replay", "other")]
)
def test_replay_must_be_told_what(kept, arguments):
    code, out, err = journal(kept, *arguments)
    assert (code, out) == (64, "")
    assert err
