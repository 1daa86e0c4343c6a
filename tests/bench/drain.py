"""drain.py - how fast a backlog leaves the journal, for each level of gzip and
each size of a batch, beside what reading it and compressing alone would take.

The same backlog for each figure: a copy of the folder whose files are links.
raw is a server that only reads and says 204; sink is moonline sink, which reads
each line strictly. Figures are medians of runs that take turns.
"""

import shutil
import statistics
import subprocess
from pathlib import Path

from parts import HERE, Failure, Server, free_port

ROOT = HERE.parent.parent
LEVELS = (0, 1, 6)
MANY = 10**6
BATCHES = (("1,000 lines", 1000, 64 * 10**6), ("5,000 lines", 5000, 64 * 10**6),
           ("20,000 lines", 20000, 64 * 10**6), ("1 MB", MANY, 10**6),
           ("4 MB", MANY, 4 * 10**6))


def compile_program(build, sh):
    program = build / "drain"
    flags = sh("pkg-config", "--cflags", "--libs", "libcurl", "gnutls",
               "zlib").split()
    sh("ninja", "-C", build, "moonline-core")
    sh("cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
       "-I", ROOT / "src", "-o", program, HERE / "drain.c",
       build / "libmoonline-core.a", "-Wl,--wrap=gzip_deflate", *flags, "-lm",
       "-pthread")
    return program


def run(program, *arguments):
    done = subprocess.run([program, *map(str, arguments)], capture_output=True,
                          text=True)
    if done.returncode != 0:
        raise Failure(f"drain {arguments}: {done.stderr}")
    return [float(part) for part in done.stdout.split()]


class Raw:
    def __init__(self, program):
        self.process = subprocess.Popen([program, "raw"], text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        port = int(self.process.stdout.readline())
        self.url = f"http://127.0.0.1:{port}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def with_copy(backlog, act):
    copy = backlog.with_name("copy")
    subprocess.run(["cp", "-al", backlog, copy], check=True)
    try:
        return act(copy)
    finally:
        shutil.rmtree(copy)


def samples(program, backlog, urls, rounds, say):
    """(what, level, batch): a list of (lines/s, MB/s)."""
    found = {}
    for turn in range(rounds):
        for level in LEVELS:
            for name, lines, size in BATCHES:
                for what, url in (("limit", None), *urls.items()):
                    say(f"round {turn + 1} of {rounds}: {what}, level {level},"
                        f" {name}")
                    verb = ("limit",) if url is None else ("relay",)
                    more = () if url is None else (url,)
                    seconds, points, size_out = with_copy(
                        backlog, lambda copy: run(program, *verb, copy, level,
                                                  lines, size, *more))
                    found.setdefault((what, level, name), []).append(
                        (points / seconds, size_out / seconds / 1e6, points))
    say("")
    counts = {sample[2] for key in found for sample in found[key]}
    if len(counts) != 1:
        raise Failure(f"not all of the backlog went out: {counts}")
    return found


def median(found, what, level, name, which):
    return statistics.median(s[which] for s in found[what, level, name])


def print_table(found):
    print(f"{'gzip':5} {'batch':13} {'limit MB/s':>10}"
          f" {'raw MB/s':>9} {'lines/s':>10} {'of limit':>8}"
          f" {'sink MB/s':>9} {'lines/s':>10} {'of limit':>8}")
    for level in LEVELS:
        for name, _, _ in BATCHES:
            limit = median(found, "limit", level, name, 1)
            cells = []
            for what in ("raw", "sink"):
                rate = median(found, what, level, name, 1)
                cells.append(f"{rate:9,.0f}"
                             f" {median(found, what, level, name, 0):10,.0f}"
                             f" {rate / limit:8.2f}")
            print(f"{level or 'off':5} {name:13} {limit:10,.0f}"
                  f" {' '.join(cells)}")


def print_drain(program, place, moonline, size, rounds, say):
    """place: where the backlog may lie."""
    backlog = place.work / "backlog"
    shutil.rmtree(backlog, ignore_errors=True)
    run(program, "fill", backlog, size)
    raw, port = Raw(program), free_port()
    with Server([moonline, "sink", "--listen", f"127.0.0.1:{port}",
                 "/dev/null"], port, cwd=place.work):
        found = samples(program, backlog,
                        {"raw": raw.url, "sink": f"http://127.0.0.1:{port}"},
                        rounds, say)
    raw.stop()
    print(f"a backlog of {size / 1e6:,.0f} MB of lines, one request in flight")
    print_table(found)
    shutil.rmtree(backlog)
