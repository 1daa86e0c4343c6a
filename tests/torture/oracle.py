"""oracle.py - who sent what, what was acknowledged, what arrived.

Nothing of the program is used here. Every point has an id, a connection and a
number, and its line is a function of the id; so the stand-in InfluxDB knows
every byte that it may be given. The lines are full of what could be mistaken
for a frame of the journal, for a comment, or for the end of a string.
"""

import collections
import contextlib
import gzip
import http.server
import re
import socket
import socketserver
import threading
import time
import urllib.parse

import patience

START_NS = 1_700_000_000_000_000_000
NUMBERS = 1_000_000_000  # of one connection
LONGEST_ANSWER_S = 30  # the gateway's own limit is 5 s; a busy machine adds to it
PATIENCE_S = 120

# Text that a careless reader would trip over.
NASTY = (
    '#f 1 1 40 0 deadbeef #seg 1 1 0000000000000000 \\" , = "quoted" \\\\ #f '
    "torture,c=0,n=1 s=\"forged\",i=1i 1700000000000000001 #f 99999 1 10 99998 "
    "00000000 ends with a backslash \\ and 'ticks' {json: [1, 2]} \u00e4\u20ac"
) * 40
LENGTHS = (3, 17, 40, 80, 120, 200, 333, 5, 60, 1000)


def line_of(connection, number):
    """The line of a point, without the newline."""
    at = (connection * 7919 + number * 31) % (len(NASTY) // 2)
    length = LENGTHS[number % len(LENGTHS)]
    if number % 997 == 0:
        text = NASTY * 4 + str(number)
    else:
        text = NASTY[at : at + length]
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    stamp = START_NS + connection * NUMBERS + number
    return (
        f"torture,c={connection},k=a\\ b\\,c\\=d,n={number}"
        f' b=true,f={number}.5,i={number}i,s="{text}" {stamp}'
    ).encode()


# The oracle's own reading of line protocol: strict, canonical, one line.
NAME = rb"(?:[^,= \\\n\t]|\\[,= ])+"
STRING = rb'"(?:[^"\\\n]|\\["\\])*"'
NUMBER = rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|-?\d+[iu]"
FIELD = NAME + rb"=(?:" + STRING + rb"|true|false|" + NUMBER + rb")"
LINE = re.compile(
    rb"(?!#)(" + NAME + rb")((?:," + NAME + rb"=" + NAME + rb")*) "
    + FIELD + rb"(?:," + FIELD + rb")* (\d+)"
)


class Ledger:
    """Ids: sent, acknowledged, delivered to each output. Thread-safe."""

    def __init__(self, connections, outputs=("a",)):
        self.changed = threading.Condition()
        self.outputs = outputs
        self.sent = [0] * connections
        self.acked = [bytearray() for _ in range(connections)]
        self.arrived = {output: [bytearray() for _ in range(connections)] for output in outputs}
        self.last = {output: [0] * connections for output in outputs}
        self.acked_count = 0
        self.missing = 0  # acknowledged and not arrived, over all outputs
        self.doubles = 0
        self.inversions = 0  # first arrivals of one connection out of order
        self.wrong = []  # what must never happen, the first few
        self.statuses = collections.Counter()
        self.refusals = [0] * connections
        self.slowest_s = 0.0
        self.is_dark = False  # the power is gone: nobody hears an answer
        self.unheard = 0

    def take(self, connection, count):
        """Numbers for the next points of a connection."""
        with self.changed:
            first = self.sent[connection] + 1
            self.sent[connection] += count
            for table in (self.acked, *self.arrived.values()):
                table[connection].extend(bytes(self.sent[connection] + 1 - len(table[connection])))
        return range(first, first + count)

    def ack(self, connection, numbers):
        with self.changed:
            if self.is_dark:
                self.unheard += len(numbers)
                return
            for number in numbers:
                if self.acked[connection][number]:
                    continue
                self.acked[connection][number] = 1
                self.acked_count += 1
                for output in self.outputs:
                    self.missing += not self.arrived[output][connection][number]
            self.changed.notify_all()

    def go_dark(self, is_dark):
        with self.changed:
            self.is_dark = is_dark

    def complain(self, what):
        with self.changed:
            if len(self.wrong) < 20:
                self.wrong.append(what)

    def arrive(self, output, lines):
        """The lines of one write, all or (if one is wrong) none."""
        if output not in self.arrived:
            return self.complain(f"a write for {output!r}")
        ids = []
        for line in lines:
            found = LINE.fullmatch(line)
            if not found:
                return self.complain(f"no line protocol: {line[:200]!r}")
            tags = dict(tag.split(b"=", 1) for tag in re.split(rb"(?<!\\),", found[2])[1:])
            try:
                connection, number = int(tags[b"c"]), int(tags[b"n"])
            except (KeyError, ValueError):
                return self.complain(f"never sent: {line[:200]!r}")
            if connection >= len(self.sent) or not 0 < number <= self.sent[connection]:
                return self.complain(f"never sent: {line[:200]!r}")
            if line != line_of(connection, number):
                return self.complain(f"not as it was sent: {line[:200]!r}")
            ids.append((connection, number))
        with self.changed:
            for connection, number in ids:
                self._arrive(output, connection, number)
            self.changed.notify_all()
        return None

    def _arrive(self, output, connection, number):
        arrived = self.arrived[output][connection]
        if arrived[number]:
            self.doubles += 1
            return
        arrived[number] = 1
        self.missing -= self.acked[connection][number]
        if number < self.last[output][connection]:
            self.inversions += 1
        self.last[output][connection] = max(number, self.last[output][connection])

    def wait(self, condition, seconds):
        """Until condition() of the ledger holds; False after so long."""
        with self.changed:
            return patience.wait_on(self.changed, condition, seconds)

    @staticmethod
    def pause(seconds):
        time.sleep(seconds)

    def wait_for_acks(self, more, seconds=PATIENCE_S):
        until = self.acked_count + more
        return self.wait(lambda: self.acked_count >= until, seconds)

    def wait_for_refusals(self, times=2):
        """Every sender is refused: what it had sent before, and the next."""
        before = list(self.refusals)
        return self.wait(lambda: all(now >= then + times for now, then in zip(self.refusals, before)), PATIENCE_S)

    def lost(self):
        """Every acknowledged point that some output never got."""
        return [
            (output, connection, number)
            for output in self.outputs
            for connection, acked in enumerate(self.acked)
            for number, is_acked in enumerate(acked)
            if is_acked and not self.arrived[output][connection][number]
        ]


class FakeInflux:
    """Takes v2 writes; the bucket is the output's name. What it answers can be
    changed while it runs: status 204, or another for every write."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.status = 204
        self.knows_others = True  # a bucket that nobody asked for: complains
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                self.answer(204 if outer.status == 204 else outer.status)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    self.close_connection = True  # it was killed meanwhile
                    return
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                output = query.get("bucket", [""])[0]
                if not outer.knows_others and output not in outer.ledger.arrived:
                    self.answer(404)
                    return
                if outer.status == 204 and body:
                    outer.take(output, body)
                self.answer(outer.status)

            def answer(self, status):
                text = b"" if status == 204 else b'{"message":"the test says so"}'
                self.send_response_only(status)
                if status != 204:
                    self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # the gateway was killed in the middle

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def take(self, output, body):
        if not body.endswith(b"\n"):
            self.ledger.complain(f"a body without a last newline: {body[-80:]!r}")
        self.ledger.arrive(output, body.removesuffix(b"\n").split(b"\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Caller:
    """One keep-alive connection, as plain as can be."""

    def __init__(self, port, seconds=300):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def post(self, target, body):
        """The status. OSError: no answer."""
        head = f"POST {target} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n"
        self.socket.sendall(head.encode() + body)
        return self.answer()

    def answer(self):
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        while length and len(self.rest) < int(length[1]):
            self._more()
        self.rest = self.rest[int(length[1]) :] if length else b""
        return int(head.split()[1])

    def _more(self):
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("closed before an answer")
        self.rest += got

    def close(self):
        self.socket.close()


def body_of(connection, numbers):
    return b"".join(line_of(connection, number) + b"\n" for number in numbers)


def send(ledger, caller, connection, numbers, target="/w"):
    """Posts these points and notes what became of them; the status."""
    begin = patience.now()
    status = 0
    try:
        status = caller.post(target, body_of(connection, numbers))
    finally:
        took = patience.now() - begin
        with ledger.changed:
            ledger.statuses[status] += 1
            ledger.refusals[connection] += status == 503
            ledger.slowest_s = max(ledger.slowest_s, took)
            ledger.changed.notify_all()
    if status == 204:
        ledger.ack(connection, numbers)
    elif status != 503:
        ledger.complain(f"status {status} for points {connection}/{numbers}")
    if took > LONGEST_ANSWER_S:
        ledger.complain(f"{took:.1f} s until status {status}")
    return status


class Driver:
    """Threads that post point after point to whoever listens now. port() is
    asked for each new connection; None: nobody, wait for up."""

    def __init__(self, ledger, stand, points=3, pause_s=0.0):
        self.ledger = ledger
        self.stand = stand
        self.points = points
        self.pause_s = pause_s
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._run, args=(n,), daemon=True)
            for n in range(len(ledger.sent))
        ]

    def __enter__(self):
        self.stand.is_done = False
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopping.set()
        self.stand.let_go()
        for thread in self.threads:
            if not patience.wait_gone(thread, PATIENCE_S):
                self.ledger.complain("a sender never got its answer")

    def _run(self, connection):
        while not self.stopping.is_set():
            port = self.stand.wait_for_port()
            if port is None:
                continue
            caller = None
            try:
                caller = Caller(port)
                self._post(caller, connection)
            except OSError:
                self.stand.forget(port)
            finally:
                if caller:
                    caller.close()

    def _post(self, caller, connection):
        turn = 0
        while not self.stopping.is_set():
            turn += 1
            numbers = self.ledger.take(connection, 1 + turn % self.points)
            # Half of the refused are sent again, until they are taken.
            while send(self.ledger, caller, connection, numbers) == 503:
                self.stopping.wait(0.02)  # what Retry-After is for
                if turn % 2 or self.stopping.is_set():
                    break
            if self.pause_s:
                self.stopping.wait(self.pause_s)
