"""parts.py - what the benchmark is put together from: servers as processes,
wrk, the disk, and counting what really arrived.

A server here is something that listens on 127.0.0.1 and can be asked what it
cost (CPU and memory of the process and its children, from /proc) and how many
points it has stored. Everything that goes wrong raises Failure: a benchmark
that goes on after an error measures the error.
"""

import http.client
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
START_S = 10
STOP_S = 10
DRAIN_S = 60


class Failure(Exception):
    """What was measured is not what was meant to be measured."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what, seconds, is_so):
    """Asks is_so() again and again until it is true."""
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            raise Failure(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def family(pid):
    """A process and its children, as nginx has them."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        if int(after_name[1]) == pid:
            found.append(int(stat.parent.name))
    return found


class Server:
    """A process that listens on a port; a context manager."""

    def __init__(self, command, port, env=None, cwd=None):
        self.command = [str(part) for part in command]
        self.port = port
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.log = b""

    def __enter__(self):
        # A file and not a pipe: nobody reads while it runs.
        self.errors = open(Path(self.cwd) / f"log-{self.port}", "w+b")
        self.process = subprocess.Popen(
            self.command, env=self.env, cwd=self.cwd,
            stdout=subprocess.PIPE, stderr=self.errors)
        wait_for(f"{self.command[0]} to listen", START_S, self.is_up)
        return self

    def is_up(self):
        if self.process.poll() is not None:
            raise Failure(f"{self.command[0]} ended at once:\n{self.said()}")
        return is_listening(self.port)

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-2000:]

    def stop(self):
        """SIGTERM; what it printed on stdout."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.communicate(timeout=STOP_S)[0].decode()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise Failure(f"{self.command[0]} did not stop in {STOP_S} s")

    def __exit__(self, kind, value, traceback):
        if self.process.poll() is None:
            if kind is None:
                self.stop()
            else:
                self.process.kill()
                self.process.communicate()
        self.errors.close()

    def cpu_s(self):
        """User and system time so far, all threads, children too."""
        ticks = 0
        for pid in family(self.process.pid):
            stat = Path(f"/proc/{pid}/stat").read_text()
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
        return ticks / TICKS

    def memory_bytes(self, name):
        """VmRSS: now; VmHWM: the most it ever was; RssAnon: its own."""
        total = 0
        for pid in family(self.process.pid):
            status = Path(f"/proc/{pid}/status").read_text()
            total += 1024 * int(re.search(rf"{name}:\s+(\d+)", status)[1])
        return total

    def ask(self, method, path, body=None):
        """One request; the body of a 2xx answer, else Failure."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=10)
        connection.request(method, path, body,
                           {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        if not 200 <= answer.status < 300:
            raise Failure(f"{self.command[0]} answered {method} {path} with "
                          f"{answer.status}: {text}")
        return text


class LineFile:
    """A file of lines that somebody else appends to, counted as it grows."""

    def __init__(self, path):
        self.file = open(path, "rb")
        self.count = 0

    def lines(self):
        while block := self.file.read(1 << 20):
            self.count += block.count(b"\n")
        return self.count

    def last(self):
        self.file.seek(0)
        return self.file.read().decode().rstrip("\n").rpartition("\n")[2]

    def close(self):
        self.file.close()


@dataclass
class Load:
    """What wrk saw."""
    requests: int
    seconds: float
    p50_us: int
    p99_us: int


def wrk(port, path, body, connections, seconds):
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
               "--timeout", "10s", "-s", HERE / "post.lua",
               f"http://127.0.0.1:{port}{path}", "--", body]
    done = subprocess.run([str(part) for part in command],
                          capture_output=True, text=True)
    report = re.search(r"^bench((?: \d+){6})$", done.stdout, re.M)
    if done.returncode != 0 or report is None:
        raise Failure(f"wrk: {done.stdout}{done.stderr}")
    requests, us, p50, p99, broken, refused = map(int, report[1].split())
    if broken or refused or not requests:
        raise Failure(f"wrk on {path}, {connections} connections: {requests} "
                      f"answers, {refused} of them errors, {broken} broken "
                      f"connections")
    return Load(requests, us / 1e6, p50, p99)


def busy_s():
    """All processors: user, nice, system and interrupts; not idle, not stolen.
    Interrupts too, since a process is charged for those that come meanwhile."""
    line = Path("/proc/stat").read_text().splitlines()[0].split()
    return sum(map(int, line[1:4] + line[6:8])) / TICKS


def children_s():
    """Of children that have ended, as wrk has."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def sync_ms(folder, times=300):
    """The median of an append of a line and its fdatasync."""
    path = folder / "sync-probe"
    took = []
    with open(path, "wb", buffering=0) as probe:
        for _ in range(times):
            begin = time.perf_counter()
            probe.write(b"x" * 300)
            os.fdatasync(probe.fileno())
            took.append(time.perf_counter() - begin)
    path.unlink()
    return statistics.median(took) * 1e3


def meaning(line):
    """A line without escapes as something to compare: the order of fields is
    free, 7.50 is 7.5."""
    series, fields, stamp = line.split(" ")

    def value(text):
        return float(text) if text[-1] not in "ieu\"" else text

    pairs = (field.split("=") for field in fields.split(","))
    return (sorted(series.split(",")),
            {name: value(text) for name, text in pairs}, int(stamp))
