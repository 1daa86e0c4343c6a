"""D15, D17: a great backlog, and a long time."""

import contextlib
import shutil
import time

import disks
import oracle
import patience
import row_calls
import stand as stands
from kit import Result, judge, require, settle

READY_S = 1.0
RSS_BYTES = 64 << 20
CONNECTIONS = 3


class Counting:
    """A stand-in for a ledger where lines are only counted, and summed."""

    outputs = ("a",)

    def __init__(self):
        self.ledger = oracle.Ledger(1)
        self.changed = self.ledger.changed
        self.bytes = 0
        self.lines = 0
        self.wrong = self.ledger.wrong
        self.complain = self.ledger.complain

    def arrive(self, _output, lines):
        with self.changed:
            self.lines += len(lines)
            self.bytes += sum(map(len, lines)) + len(lines)
            self.changed.notify_all()


def post(stand, body):
    """Until it is taken; True: at once."""
    tries = 0
    while True:
        tries += 1
        status = 0
        with contextlib.closing(oracle.Caller(stand.port)) as caller:
            lost = patience.Lost()
            try:
                status = caller.post("/w", body)
            except OSError as why:
                require(lost.time(), f"no answer: {why!r}\n{stand.tail()}")
        if status == 204:
            return tries == 1
        require(status in (0, 503) and tries < 50, f"status {status}\n{stand.tail()}")


def d15(context):
    """backlog"""
    wanted = context.of(128 << 20, 20 << 30)
    folder = context.folder("backlog")
    require(shutil.disk_usage(folder).free > 2 * wanted + (2 << 30), "not enough space on the disk of /tmp")
    ledger = Counting()
    body = b"".join(oracle.line_of(0, n) + b"\n" for n in range(1, 997) if n % 10 == 9) * 16
    points = body.count(b"\n")
    with oracle.FakeInflux(ledger) as fake, stands.Stand(folder, fake, segment="8MiB", max_bytes="40GB") as stand:
        fake.status = 503
        stand.start()
        posts = 0
        is_once = True
        while posts * len(body) < wanted:
            is_once &= post(stand, body)
            posts += 1
        stand.kill()
        begin = time.monotonic()
        stand.start()
        ready_s = time.monotonic() - begin
        require(context.quick or ready_s < READY_S, f"ready after {ready_s:.2f} s")
        fake.status = 204
        begin, until = time.monotonic(), patience.now() + 60 + wanted / (2 << 20)
        lost = patience.Lost()
        rss = 0
        while not ledger.ledger.wait(lambda: ledger.lines >= posts * points, 0.2):
            rss = max(rss, stand.rss_bytes())
            require(patience.now() < until, f"{ledger.lines} of {posts * points} lines\n{stand.tail()}")
        drain_s = time.monotonic() - begin
        rss = max(rss, stand.rss_bytes())
        require(rss < RSS_BYTES, f"{rss >> 20} MiB of memory")
        # What was refused or came late may come twice.
        require(ledger.lines == posts * points or not is_once or lost.time(),
                f"{ledger.lines} lines, {posts * points} were sent")
        require(not ledger.wrong, f"{ledger.wrong}")
        stand.stop()
    return Result(
        posts, 0,
        f"{posts * len(body) >> 20} MiB, ready after {ready_s * 1000:.0f} ms, {rss >> 20} MiB of memory,"
        f" drained at {posts * len(body) / drain_s / 1e6:.0f} MB/s into a server in Python",
    )


def faults_of(stand, fake, place, switch):
    """One after the other, each with its end; the first two end the process."""

    def kill():
        stand.kill()
        stand.start()

    def server_away():
        fake.status = 503

    def server_back():
        fake.status = 204

    return (
        ("kill -9", kill, lambda: None),
        ("stop", lambda: stand.stop() and None, stand.start),
        ("server away", server_away, server_back),
        ("disk full", lambda: disks.fill(place), (place / "hog").unlink),
        ("disk fails", switch.touch, switch.unlink),
    )


def slope(samples):
    """Bytes an hour, by least squares over the least of each half minute: what
    a fault needs for a while is no growth."""
    least = {}
    for at, size in samples:
        least[at // 30] = min(size, least.get(at // 30, size))
    points = [(30 * at, size) for at, size in least.items()]
    n = len(points)
    mean_t = sum(t for t, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    over = sum((t - mean_t) * (y - mean_y) for t, y in points)
    under = sum((t - mean_t) ** 2 for t, _ in points)
    return over / under * 3600 if under else 0.0


class Soak:
    def __init__(self, context, stand, fake, ledger):
        self.context, self.stand, self.fake, self.ledger = context, stand, fake, ledger
        self.every = 1.5 if context.quick else 5
        self.rng = context.random()
        self.done = []
        self.files = 0
        self.samples = []

    def sample(self):
        self.samples.append((time.monotonic(), self.stand.rss_bytes()))

    def run(self, faults, seconds):
        """A fault every few seconds, with its end; each of them at least once."""
        stand, ledger = self.stand, self.ledger
        end = time.monotonic() + seconds
        turn = 0
        while time.monotonic() < end or turn < len(faults):
            begin = time.monotonic()
            name, begin_it, end_it = faults[turn % len(faults)]
            turn += 1
            begin_it()
            ledger.pause(self.rng.uniform(0.2, self.every / 2))
            end_it()
            self.done.append(name)
            require(ledger.wait_for_acks(50), f"after {name}: no points are taken\n{stand.tail()}")
            self.sample()
            while time.monotonic() < begin + self.every:
                ledger.pause(0.2)
                self.sample()
            self.files = max(self.files, stand.open_files())
            require(not ledger.wrong, f"after {name}: {ledger.wrong[:3]}\n{stand.tail()}")
            self.context.note(1, "faults")
        require(self.files < 60, f"{self.files} open files")


def d17(context):
    """soak, a fault every 5 s"""
    seconds = context.of(15, 1800)
    with disks.Disks(context) as stack:
        place = stack.ext4(context.folder("images"), 512 << 20)
        library, switch = row_calls.build_shim(context), context.folder("switch") / "failing"
        ledger = oracle.Ledger(CONNECTIONS)
        with oracle.FakeInflux(ledger) as fake, stands.Stand(
            context.folder("gateway"), fake, data=place / "data", segment="1MiB"
        ) as stand:
            stand.env = {
                "LD_PRELOAD": str(library), "SHIM_UNDER": str(stand.data), "SHIM_CALLS": "write,fdatasync",
                "SHIM_N": "1", "SHIM_ACT": "5", "SHIM_LOG": str(context.folder("switch") / "fired"),
                "SHIM_WHILE": str(switch),
            }
            stand.start()
            faults = faults_of(stand, fake, place, switch)
            soak = Soak(context, stand, fake, ledger)
            with oracle.Driver(ledger, stand, pause_s=0.005):
                soak.run(faults, seconds / 2)
                # One life, for its memory: faults that a process outlives.
                soak.samples.clear()
                soak.run(faults[2:], seconds / 2)
            settle(stand, ledger)
            judge(ledger, stand)
    # What a start allocates is no growth.
    samples = soak.samples[len(soak.samples) // 4 :]
    growth = slope(samples)
    is_long = seconds >= 600
    require(not is_long or growth < 1 << 20, f"memory grows by {growth / 1e6:.1f} MB an hour")
    return Result(
        len(soak.done), 0,
        f"{seconds} s, {len(soak.done)} faults, {ledger.acked_count} points acknowledged, at most {soak.files} open files,"
        f" {max(size for _, size in samples) >> 20} MiB of memory" + (f", {growth / 1e6:+.1f} MB an hour" if is_long else ""),
    )
