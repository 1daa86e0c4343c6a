"""fake_influx.py - a stand-in InfluxDB that does as it is told, badly.

Every write takes the next action of the plan; when that is empty, the rule. An
action is called with a Talk, before the body is read: it may read the body,
store its lines, answer, or do to the connection what networks do. Writes without
a body, by which a gateway asks whether it may write, get the rule and leave the
plan alone.

What is stored is read by strict_lines first. What must never be, such as a line
that is none, a body with two gzip members, or a request to a host that should
get none, goes to `wrong`.
"""

import collections
import socket
import struct
import threading
import time
import urllib.parse
import zlib

import patience
import strict_lines

HEAD_BYTES = 64 << 10
SLOW_S = 0.5  # an answer that takes longer may be given up
SO_RESET = struct.pack("ii", 1, 0)


class Gone(Exception):
    """The connection ends, from whichever side."""


class Talk:
    """One request, and what can be done about it."""

    def __init__(self, fake, connection, rest, head):
        self.fake = fake
        self.connection = connection
        self.rest = rest
        self.begin = time.monotonic()
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        parts = urllib.parse.urlsplit(self.target)
        self.path = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.length = int(self.headers.get("content-length", 0))
        self.is_gzip = self.headers.get("content-encoding") == "gzip"
        self.body = None
        self.number = 0  # of the write, from 1
        self.action = ""
        self.was_stored = 0
        self.is_lost = False  # the gateway cannot know what was stored

    # ---- what comes ----

    def read(self, length=None):
        """So many bytes of the body as sent; all of it without a number."""
        wanted = self.length if length is None else length
        while len(self.rest) < wanted:
            self.rest += self._receive()
        return self.rest[:wanted]

    def _receive(self):
        try:
            got = self.connection.recv(1 << 20)
        except OSError as why:
            raise Gone(str(why)) from why
        if not got:
            raise Gone("closed by the gateway")
        return got

    def lines(self):
        """The lines of the body, inflated."""
        if self.body is None:
            body = self.read()
            if self.is_gzip:
                inflate = zlib.decompressobj(31)
                body = inflate.decompress(body)
                if not inflate.eof or inflate.unused_data:
                    self.fake.complain("a body that is not one gzip member")
            self.body = body
        if not self.body:
            return []
        try:
            return strict_lines.split(self.body)
        except strict_lines.NotALine as why:
            self.fake.complain(str(why))
            return []

    # ---- what is done ----

    def store(self, lines=None):
        """These lines; of its own all but those that the server refuses."""
        if lines is None:
            lines = [line for line in self.lines() if not self.fake.refuses(line)]
        self.was_stored = len(lines)
        self.fake.store(self, lines)

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError as why:
            raise Gone(str(why)) from why

    def answer(self, status, body=b"", headers=(), is_read=True):
        if is_read:
            self.read()
        self.send(head_of(status, (*headers, *(() if status == 204 else (f"Content-Length: {len(body)}",)))) + body)
        if "Connection: close" in headers:
            raise Gone("said so")

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, SO_RESET)
        raise Gone("reset")

    def close(self):
        raise Gone("closed")

    def hang(self):
        """Until the gateway has had enough."""
        while True:
            self._receive()


def head_of(status, headers=()):
    return f"HTTP/1.1 {status} Said\r\n{''.join(f'{header}{chr(13)}{chr(10)}' for header in headers)}\r\n".encode()


def accept(talk):
    if talk.fake.refusal and talk.length:
        return talk.fake.refusal(talk)
    talk.store()
    return talk.answer(204)


class Fake:
    """Listens on a free port of 127.0.0.1 from the start to close()."""

    def __init__(self, rule=accept, tls=None, is_foreign=False):
        self.plan = collections.deque()
        self.rule = rule
        self.tls = tls
        self.is_foreign = is_foreign  # nothing may come here
        self.changed = threading.Condition()
        self.requests = []  # every Talk that had a head
        self.patience_s = 120
        self.stored = []  # lines, as they came
        self.copies = collections.Counter()
        self.arrived_at = 0.0  # the last of them
        self.on_store = None  # called with (talk, lines) under the lock
        self.refuses = lambda line: False  # which are never stored
        self.refusal = None  # the action that accepts what may be stored
        self.wrong = []
        self.connections = set()
        self.connects = 0
        self.writes = 0
        self.resets = 0  # so many connections are reset as they come
        self.port = 0
        self.host = "127.0.0.1"
        self.listener = None
        self.ending = threading.Event()
        self.up()

    # ---- its life ----

    def up(self, host=None):
        self.host = host or self.host
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self._listen, args=(listener,), daemon=True).start()
        return self

    def down(self):
        """As if it were not there: what is open is reset, new ones refused."""
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        with self.changed:
            connections = list(self.connections)
        for connection in connections:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, SO_RESET)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.down()

    def pause(self, seconds):
        """Between the bytes of a slow answer."""
        if self.ending.wait(seconds):
            raise Gone("the test is over")

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    # ---- what it is told, and tells ----

    def complain(self, what):
        with self.changed:
            if len(self.wrong) < 20:
                self.wrong.append(what)
            self.changed.notify_all()

    def store(self, talk, lines):
        for line in lines:
            try:
                strict_lines.read(line)
            except strict_lines.NotALine as why:
                self.complain(str(why))
        with self.changed:
            self.stored += lines
            self.copies.update(lines)
            self.arrived_at = patience.now()
            if self.on_store:
                self.on_store(talk, lines)
            self.changed.notify_all()

    def wait(self, condition, what, seconds=None):
        """Until condition() holds; it is asked whenever something came."""
        seconds = seconds or self.patience_s
        with self.changed:
            assert patience.wait_on(self.changed, condition, seconds), f"after {seconds} s still not: {what}; {self.told()}"

    def told(self):
        """The last requests, for a message."""
        return "; ".join(f"{talk.action or '?'} {talk.length} B" for talk in self.requests[-8:]) or "no request"

    def wait_stored(self, lines, seconds=None):
        """Each of these is stored at least once."""
        missing = set(lines)

        def are_there():
            missing.difference_update([line for line in missing if line in self.copies])
            return not missing

        self.wait(are_there, f"{len(lines)} lines stored", seconds)

    def wait_writes(self, count, seconds=None):
        self.wait(lambda: self.writes >= count, f"{count} writes, now {self.writes}", seconds)

    def wait_plan(self, seconds=120):
        self.wait(lambda: not self.plan, f"the plan is done, left: {len(self.plan)}", seconds)

    # ---- one connection ----

    def _listen(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.changed:
                self.connects += 1
                is_reset = self.resets > 0
                self.resets -= is_reset
                if not is_reset:
                    self.connections.add(connection)
            if is_reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, SO_RESET)
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain):
        connection = plain
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.tls:
                connection = self.tls(plain)
            rest = b""
            while True:
                rest = self._request(connection, rest)
        except (Gone, OSError):
            pass
        except Exception as why:  # noqa: BLE001 the test itself is wrong
            self.complain(f"the fake: {why!r} at {why.__traceback__.tb_next and why.__traceback__.tb_next.tb_lineno}")
        finally:
            with self.changed:
                self.connections.discard(plain)
                self.changed.notify_all()
            connection.close()
            plain.close()

    def _request(self, connection, rest):
        """Reads a head, acts; gives the bytes behind the body."""
        while b"\r\n\r\n" not in rest:
            got = connection.recv(1 << 20)
            if not got:
                raise Gone("closed between requests")
            rest += got
            if len(rest) > HEAD_BYTES and b"\r\n\r\n" not in rest:
                self.complain("a head without end")
                raise Gone("head")
        head, rest = rest.split(b"\r\n\r\n", 1)
        talk = Talk(self, connection, rest, head)
        action = self._choose(talk)
        talk.action = getattr(action, "name", None) or action.__name__
        talk.is_lost = getattr(action, "loses", False)
        try:
            action(talk)
        except (Gone, OSError):
            talk.is_lost = True
            raise
        finally:
            talk.is_lost |= time.monotonic() - talk.begin > SLOW_S
        rest = talk.read() and talk.rest[talk.length :] if talk.length else talk.rest
        talk.rest, talk.body = b"", None  # it is remembered, its bytes are not
        return rest

    def _choose(self, talk):
        with self.changed:
            if self.is_foreign:
                self.wrong.append(f"a request to another host: {talk.method} {talk.target}")
            action = self.rule
            if talk.length:
                self.writes += 1
                talk.number = self.writes
                if self.plan:
                    action = self.plan.popleft()
            self.requests.append(talk)
            self.changed.notify_all()
        return action

