"""rig.py - a gateway between senders and a server that fails, and the judges.

Every line that is posted goes to two outputs: `db`, the server of the test, and
`paper`, a file. Whatever the server does, the paper has every line once and in
order: that is "other outputs are untouched".
"""

import collections
import pathlib
import re
import subprocess

import patience
import servers

TOKEN = "the-token-that-nobody-may-see-0123456789"
DATABASE = {
    "v1": 'database = "iot", api = "v1", user = "writer", password = ',
    "v2": 'org = "acme", bucket = "iot", token = ',
    "v3": 'database = "iot", api = "v3", token = ',
}
CONFIG = """return {{
  listen = "127.0.0.1:{{port}}", admin = "127.0.0.1:{{admin}}", data = "{{data}}",
  outputs = {{
    db = {{ url = "{url}", {database}{token}, flush = "5ms"{more} }},
    paper = {{ file = "paper.lp", flush = "5ms" }},
  }},
  routes = {{ {{ path = "/w", line_protocol = true, verify = false, output = {{ "db", "paper" }} }} }},
  journal = {{ min_free = "64KiB"{journal} }},
}}
"""
START = 1_700_000_000_000_000_000
NEVER_SAID = ("Sanitizer", "runtime error", "Assertion", "were acknowledged and cannot be read")
BACK_S = 2.0  # delivery is to be back in this time; printed, judged by BACK_MOST_S
BACK_MOST_S = 20.0


def point(number, series=None, kind="good"):
    """The line of a point; few series, many points of each."""
    return f'faults,kind={kind},s={number % 7 if series is None else series} n={number}i,t="a \\"b\\" {number}" {START + number}'.encode()


def points(count, start=0):
    return [point(number) for number in range(start, start + count)]


class Rig(servers.Gateway):
    def __init__(self, folder, fake, api="v2", more="", journal="", token=None, files=None, url=None, environment=None, first_down=False):
        self.fake = fake
        self.lost = patience.Lost()
        if first_down:
            fake.down()
        self.posted = []
        self.refused = set()
        config = CONFIG.format(
            url=url or fake.url, database=DATABASE[api], token=token or f'"{TOKEN}"', more=f", {more}" if more else "", journal=journal
        )
        super().__init__(folder, config, files, {"MOONLINE_BENCH": "1", **(environment or {})})
        self.start()

    # ---- what goes in ----

    def send(self, lines, at_once=1000):
        """Posts them, all are acknowledged; so many lines a request."""
        for begin in range(0, len(lines), at_once):
            part = lines[begin : begin + at_once]
            answer = self.post("/w", b"\n".join(part) + b"\n", "text/plain")
            assert answer.status == 204, (answer.status, answer.body)
            self.posted += part

    # ---- what it says ----

    def value(self, name, output="db"):
        return self.metrics()[f'moonline_output_{name}{{output="{output}"}}']

    def wait_value(self, name, least, output="db"):
        servers.wait_for(lambda: self.value(name, output) >= least, f"{name} of {output} is {least} at least\n{self.said()[-2000:]}")

    def wait_log(self, pattern, seconds=servers.DEADLINE_S):
        return servers.wait_for(lambda: re.search(pattern, self.said()), f"the log says {pattern}\n{self.said()[-2000:]}", seconds)

    def wait_failing(self):
        self.wait_value("failing", 1)
        health = self.health()
        assert health.status == 503 and b"output db" in health.body, health.body
        return health.body.decode()

    def wait_health(self, word):
        """It says this reason, whatever it was before."""
        servers.wait_for(lambda: word in self.health().body.decode().lower(), lambda: f"{word} in {self.health().body}")

    def most_memory_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10

    def paper(self):
        path = self.folder / "paper.lp"
        return path.read_bytes().splitlines() if path.exists() else []

    def letters(self):
        """{line: [(name, status, reason)]} of the points that db refused. Of
        letters of one name, which a kill may leave in two files, the latest
        counts."""
        latest = {}
        for path in pathlib.Path(self.folder, "data", "dead", "points", "db").glob("*.lp"):
            head = None
            for line in path.read_bytes().splitlines():
                if line.startswith(b"#dead "):
                    _, name, at, status, _, reason = line.decode().split(" ", 5)
                    head = (at, name, status, reason)
                elif not line.startswith(b"#"):
                    latest[head[1]] = max((*head, line), latest.get(head[1], ("",)))
        found = collections.defaultdict(list)
        for _, name, status, reason, line in latest.values():
            found[line].append((name, status, reason))
        return found

    def dead_ls(self):
        done = subprocess.run(
            [servers.MOONLINE, "dead", "ls", "-c", str(self.folder / "moonline.lua")],
            capture_output=True, text=True, timeout=300, check=False, env=self.environment(),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # ---- the judges ----

    def wait_done(self, seconds=servers.DEADLINE_S):
        """Nothing waits for db."""
        try:
            servers.wait_for(lambda: self.value("pending_points") == 0, "nothing waits for db", seconds)
        except AssertionError as why:
            raise AssertionError(f"{why}; {self.fake.told()}\n{self.said()[-3000:]}") from why

    def judge(self, refused=(), may_repeat=()):
        """What holds after every fault: nothing that was acknowledged is lost,
        only may_repeat came twice (or what may not be known to have arrived when
        the machine stands still), each series is in order, the last value of
        each time is the last that was acknowledged, what is refused is dead
        with its reason, and nothing else was touched."""
        fake = self.fake
        refused = dict(refused)
        good = [line for line in self.posted if line not in refused]
        fake.wait_stored(good)
        self.wait_done()
        assert not fake.wrong, fake.wrong
        unknown = set(fake.copies) - set(good)
        assert not unknown, f"stored, though {list(unknown)[:2]} should not be"
        doubles = {line for line, count in fake.copies.items() if count > 1} - set(may_repeat)
        assert not doubles or self.lost.time(), f"{len(doubles)} lines came twice, such as {min(doubles)}"
        self._judge_order(good)
        self._judge_refused(refused)
        servers.wait_for(lambda: len(self.paper()) >= len(self.posted), "the other output has all")
        assert self.paper() == self.posted, "the other output is touched"
        assert self.value("retries_total", "paper") == 0
        self._judge_secrets()

    def _judge_order(self, good):
        first, last = {}, {}
        for line in self.fake.stored:
            series, _, time_of = _place(line)
            last[series, time_of] = line
            first.setdefault(series, {}).setdefault(line)
        want, final = {}, {}
        for line in good:
            series, _, time_of = _place(line)
            final[series, time_of] = line
            want.setdefault(series, {}).setdefault(line)
        for series, lines in want.items():
            assert list(first[series]) == list(lines), f"out of order: {series}"
        wrong = [key for key, line in final.items() if last[key] != line]
        assert not wrong, f"not the last value: {wrong[:3]}"

    def _judge_refused(self, refused):
        if not refused:
            return
        letters = self.letters()
        assert set(letters) == set(refused), f"dead: {len(letters)}, refused: {len(refused)}"
        listed = self.dead_ls()
        for line, why in refused.items():
            assert len(letters[line]) == 1, f"dead twice: {letters[line]}"
            name, _, reason = letters[line][0]
            assert why in reason, f"{line}: {reason}, not {why}"
            assert name in listed and why in listed, listed

    def _judge_secrets(self):
        said = self.said()
        assert TOKEN not in said, "the token is in the log"
        assert TOKEN not in self.health().body.decode()
        assert not any(word in said for word in NEVER_SAID), said[-3000:]

    def print_back(self, since, what):
        """How long after `since` the first line arrived."""
        took = self.fake.arrived_at - since
        print(f"{what}: delivered {took:.2f} s after it was back (aim {BACK_S:.0f} s)")
        assert took < BACK_MOST_S

    def end(self):
        """SIGTERM ends it, whatever the server does."""
        code, took = self.stop()
        assert code == 0, self.said()[-3000:]
        assert took < 10


def _place(line):
    key, rest = line.split(b" ", 1)
    fields, stamp = rest.rsplit(b" ", 1)
    return key, fields, stamp


def now():
    """As fake_influx has it."""
    return patience.now()
