"""D16: memory runs out, at every allocation.

A life is: a start, a post of every kind, delivery, the admin port, a stop. The
n-th allocation of the process fails (heap.c), for every n until a life ends
without one that failed. Then the gateway has gone on, and said 500 or 503 where
it must, or it has stopped with 71 or, before it was ready, with a message; it
never crashes, and what it acknowledged arrives, from the next life if need be.

A leak would be small in one life. So there is also a long life in which each
so-many-th allocation fails, except those that may stop it (xcalloc and its
kin): as many blocks are in use after it as before.
"""

import gzip
import json
import mmap
import os
import re
import struct
import subprocess
import pathlib
import urllib.parse

import oracle
import stand as stands
from kit import CannotTry, Result, judge, require, settle, share

PARTS = 3
NONE_LEFT = 5  # lives in a row in which nothing failed
STOPPED = 71
IN_THE_START = (STOPPED, 70, 78)
COUNT, FAIL_AT, EVERY, SPARE, SPARE_LEN, FAILED, BLOCKS, BYTES = range(8)
WORDS = 8
POINTS = 2
PRIMES = (7, 31, 101, 211, 499)

ROUTES = """
    {{ path = "/json", script = "any.lua", verify = false, output = "a" }},
    {{ path = "/form", script = "any.lua", verify = false, output = "a", method = {{ "POST", "GET" }} }},
    {{ path = "/fails", script = "fails.lua", verify = false, output = "a", method = {{ "POST", "GET" }} }},
"""
ANY = """
return function(req)
  local p = req.json or { req.form.c and req.form or req.query }
  for _, x in ipairs(p) do
    emit("torture", { c = x.c, k = "a b,c=d", n = x.n },
      { b = true, f = number(x.n) + 0.5, i = int(x.n), s = x.s }, time.parse(x.t))
  end
end
"""
FAILS = "return function(req) error('on purpose: ' .. #req.body) end\n"


class Page:
    """What heap.c counts, and what it is told."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(bytes(8 * WORDS))
        with open(path, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)

    def __getitem__(self, word):
        return struct.unpack_from("q", self.map, 8 * word)[0]

    def __setitem__(self, word, value):
        struct.pack_into("q", self.map, 8 * word, value)

    def reset(self):
        for word in range(WORDS):
            self[word] = 0


def build_library(context):
    library = context.folder("lib") / "heap.so"
    source = pathlib.Path(__file__).with_name("heap.c")
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as why:
        raise CannotTry(f"no C compiler: {why}") from why
    require(done.returncode == 0, done.stderr)
    return library


def where_it_may_stop():
    """Where in the program xcalloc and its kin are; first byte, how many."""
    try:
        names = subprocess.run(["nm", "-S", stands.BINARY], capture_output=True, text=True, check=False).stdout
    except OSError as why:
        raise CannotTry(f"no nm: {why}") from why
    found = re.findall(r"^([0-9a-f]+) ([0-9a-f]+) T (x(?:given|calloc|realloc|strn?dup))$", names, re.M)
    require(found, "no xcalloc in the program's names")
    begin = min(int(at, 16) for at, _, _ in found)
    end = max(int(at, 16) + int(size, 16) for at, size, _ in found)
    require(end - begin < 4096, "xcalloc and its kin do not stand together")
    return begin, end - begin


def parts_of(ledger, connection, number):
    """A point as a script gets it."""
    line = oracle.line_of(connection, number).decode()
    text = re.search(r's="(.*)" (\d+)$', line)
    return {"c": str(connection), "n": str(number), "s": re.sub(r"\\(.)", r"\1", text[1]), "t": text[2]}


def requests_of(ledger):
    """Each kind of post that stores points: method, target, headers, body, and
    the points; one connection of the ledger each."""
    lines = oracle.body_of
    for connection, kind in enumerate(("lines", "gzip", "chunked", "json", "form", "query")):
        numbers = ledger.take(connection, POINTS if connection < 4 else 1)
        if kind == "query" and numbers[0] % 997 == 0:
            continue  # too long for a request line
        points = [parts_of(ledger, connection, number) for number in numbers]
        if kind == "lines":
            yield connection, numbers, "POST", "/w", {}, lines(connection, numbers)
        elif kind == "gzip":
            yield connection, numbers, "POST", "/w", {"Content-Encoding": "gzip"}, gzip.compress(lines(connection, numbers))
        elif kind == "chunked":
            yield connection, numbers, "POST", "/w", {"Transfer-Encoding": "chunked"}, lines(connection, numbers)
        elif kind == "json":
            yield connection, numbers, "POST", "/json", {"Content-Type": "application/json"}, json.dumps(points).encode()
        elif kind == "form":
            yield (connection, numbers, "POST", "/form", {"Content-Type": "application/x-www-form-urlencoded"},
                   urllib.parse.urlencode(points[0]).encode())
        else:
            yield connection, numbers, "GET", "/form?" + urllib.parse.urlencode(points[0]), {}, b""


# Those that store nothing, and what they may be answered besides 500 and 503.
OTHERS = (
    ("POST", "/json", {"Content-Type": "application/json"}, b'[{"c": ]', 400),
    ("POST", "/w", {}, b"torture,c=0 no=", 400),
    ("POST", "/nowhere", {}, b"x", 404),
    ("GET", "/fails", {}, b"", 500),
    ("GET", "/ping", {}, b"", 204),
)


class OneMore(oracle.Caller):
    """A Caller for any request."""

    def ask(self, method, target, headers, body):
        head = f"{method} {target} HTTP/1.1\r\nHost: t\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if headers.get("Transfer-Encoding"):
            half = len(body) // 2
            body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:])) + b"0\r\n\r\n"
        elif method == "POST":
            head += f"Content-Length: {len(body)}\r\n"
        self.socket.sendall(head.encode() + b"\r\n" + body)
        return self.answer()


def post_all(ledger, stand):
    """Every kind once. False: a connection broke."""
    is_whole = True
    jobs = [(job, None) for job in requests_of(ledger)]
    jobs += [((None, (), *other[:4]), other[4]) for other in OTHERS]
    caller = None
    for (connection, numbers, method, target, headers, body), wanted in jobs:
        try:
            caller = caller or OneMore(stand.port or 1)
            status = caller.ask(method, target, headers, body)
        except OSError:
            is_whole, caller = False, caller.close() if caller else None
            if not stand.port:
                return False
            continue
        ledger.statuses[status] += 1
        if connection is not None and status == 204:
            ledger.ack(connection, numbers)
        elif status not in (500, 503, wanted if wanted else 503, 202 if target.startswith(("/json", "/form", "/fails")) else 503):
            said = [line for line in stand.log if f"{status} to" in line]
            ledger.complain(f"status {status} for {method} {target[:20]} {headers}: {said[-1:]}")
    if caller:
        caller.close()
    return is_whole


def stuck(ledger, stand):
    raise AssertionError(f"no longer delivers: {ledger.wrong[:3] or ledger.lost()[:3]}\n{stand.tail()}\n{stand.stacks()}")


def has_died(stand):
    return not stand.is_alive()


class Gateway:
    """One part's gateway, with its own page and its own ledger, life by life."""

    def __init__(self, context, library, kinds=6):
        folder = context.folder("gateway")
        (folder / "any.lua").write_text(ANY)
        (folder / "fails.lua").write_text(FAILS)
        self.ledger = oracle.Ledger(kinds)
        self.fake = oracle.FakeInflux(self.ledger)
        # libcurl drops the query of a URL when there is no memory for it.
        self.fake.knows_others = False
        self.page = Page(folder / "page")
        self.stand = stands.Stand(folder, self.fake, more_routes=ROUTES)
        self.env = {"LD_PRELOAD": str(library), "HEAP_PAGE": str(self.page.path)}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stand.kill()
        self.fake.__exit__()

    def life(self, n):
        """With the n-th failing; how it ended, or None: none failed. Then all
        must have gone on; the machine may be why it did not, once or twice."""
        for _ in range(3):
            ending = self.one_life(n)
            if self.page[FAILED]:
                return ending
            if ending == "went on":
                return None
        raise AssertionError(f"{ending} though nothing failed\n{self.stand.tail()}")

    def one_life(self, n):
        stand, ledger = self.stand, self.ledger
        self.page.reset()
        self.page[FAIL_AT] = n
        stand.log.clear()
        stand.spawn(self.env)
        if not stand.wait_ready():
            code = stand.wait_end()
            require(code in IN_THE_START, f"exit code {code} in the start\n{stand.tail()}")
            stands.wait_until(lambda: stand.log, "it says why it does not start")
            ending = "exit 71" if code == STOPPED else "did not start"
        else:
            ending = self.use()
        if ledger.missing:
            stand.start()
            settle(stand, ledger)
            judge(ledger, stand)
        if ledger.wrong:
            judge(ledger, stand)
        return ending

    def all_is_taken(self):
        before = self.ledger.acked_count
        return post_all(self.ledger, self.stand) and self.ledger.acked_count - before >= 4 * POINTS

    def use(self):
        stand, ledger = self.stand, self.ledger
        refused = ledger.statuses[500] + ledger.statuses[503]
        is_whole = post_all(ledger, stand)
        refused = ledger.statuses[500] + ledger.statuses[503] - refused
        try:
            stand.ask("/metrics")
            is_well = stand.ask("/health")[0] in (200, 503)
        except OSError:
            is_well = False
        ledger.wait(lambda: ledger.missing == 0 or has_died(stand), stands.PATIENCE_S)
        if has_died(stand):
            code = stand.wait_end()
            require(code == STOPPED, f"it ended with {code}\n{stand.tail()}")
            return "exit 71"
        if ledger.missing:
            stuck(ledger, stand)
        # And goes on: what was refused was this once, in there or in here.
        goes_on = any(stand.is_alive() and self.all_is_taken() for _ in range(5))
        if not goes_on and stand.has_ended(STOPPED):
            return "exit 71"
        require(goes_on, f"does not go on\n{stand.tail()}")
        code = stand.stop()
        require(code in (0, STOPPED), f"exit code {code} after SIGTERM\n{stand.tail()}")
        return "went on" if is_whole and is_well and refused <= 1 else "refused or closed"


def lives(context, part):
    """Every PARTS-th n; {ending: count}, the last n."""
    library, step, begin = part
    endings = {}
    with Gateway(context, library) as gateway:
        n, idle = begin, 0
        while idle < NONE_LEFT:
            try:
                ending = gateway.life(n)
            except AssertionError as why:
                raise AssertionError(f"allocation {n}: {why}") from why
            idle = 0 if ending else idle + 1
            if ending:
                endings[ending] = endings.get(ending, 0) + 1
                context.note(1, "every allocation, about 4000")
            # At --quick a sample of the start, where most are, and all behind.
            n += step
        judge(gateway.ledger, gateway.stand)
    return endings, n


def long_life(context, part):
    """Blocks before and after, and how many allocations failed meanwhile."""
    library, rounds = part
    with Gateway(context, library) as gateway:
        page, stand, ledger = gateway.page, gateway.stand, gateway.ledger
        stand.start(gateway.env)
        page[SPARE], page[SPARE_LEN] = where_it_may_stop()

        def quiet(rounds):
            """The fewest blocks at any time: what Lua has not collected yet is no leak."""
            samples = []
            for _ in range(rounds):
                post_all(ledger, stand)
                samples.append(page[BLOCKS])
            if not ledger.wait(lambda: ledger.missing == 0, stands.PATIENCE_S):
                stuck(ledger, stand)
            require(stand.is_alive(), f"it died\n{stand.tail()}")
            for _ in range(20):
                ledger.pause(0.02)
                samples.append(page[BLOCKS])
            return min(samples)

        def fail_often():
            for prime in PRIMES:
                page[EVERY] = prime
                for _ in range(rounds):
                    post_all(ledger, stand)
                page[EVERY] = 0
                quiet(5)

        # A leak goes with the failures, each time; spare exchanges and a larger
        # table come once. How far Lua's collectors go down differs by 150 from
        # one 60 rounds to the next, by 20 from one 240 to the next.
        quiet(20)
        seen = []
        for looks in (240, 240, 480):
            before, failed = quiet(looks), page[FAILED]
            fail_often()
            failed, after = page[FAILED] - failed, quiet(looks)
            require(failed > rounds, f"only {failed} allocations failed")
            seen.append(f"{failed} failed, {before} blocks before, {after} after")
            if after - before < 50 + failed / 50:
                break
        else:
            raise AssertionError("; ".join(seen))
        settle(stand, ledger)
        judge(ledger, stand)
    return before, after, failed


def d16(context):
    """allocation n fails, for every n"""
    library = build_library(context)
    step = 53 if context.quick else 1
    rounds = context.of(20, 1000)
    (before, after, failed), = share(context, long_life, [(library, rounds)])
    found = share(context, lives, [(library, step * PARTS, 1 + step * part) for part in range(PARTS)])
    endings = {}
    for some, _ in found:
        for ending, count in some.items():
            endings[ending] = endings.get(ending, 0) + count
    total = sum(endings.values())
    said = ", ".join(f"{count} {ending}" for ending, count in sorted(endings.items()))
    last = max(n for _, n in found) - step * PARTS * NONE_LEFT
    every = "every" if step == 1 else f"each {step}th"
    return Result(
        total, 0,
        f"{every} allocation up to {last}: {said}; a long life with {failed} failed ones: {before} blocks before,"
        f" {after} after",
    )
