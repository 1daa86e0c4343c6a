"""caller.py - one keep-alive connection to post on, as plain as can be."""

import re
import socket

LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class Caller:
    def __init__(self, port, seconds=300):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def post(self, target, body):
        """The status. OSError: no answer, and the connection is of no use."""
        head = f"POST {target} HTTP/1.1\r\nHost: t\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            self.socket.sendall(head.encode() + body)
            return self._answer()
        except OSError:
            self.socket.close()
            raise

    def _answer(self):
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        length = LENGTH.search(head)
        length = int(length[1]) if length else 0
        while len(self.rest) < length:
            self._more()
        self.rest = self.rest[length:]
        return int(head.split()[1])

    def _more(self):
        got = self.socket.recv(65536)
        if not got:
            raise ConnectionError("closed before an answer")
        self.rest += got
