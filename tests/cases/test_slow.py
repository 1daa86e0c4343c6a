"""A script that runs into its limit again and again: its requests go on beside
the others', each with its own answer, over reloads and a stop."""

import selectors
import signal
import socket
import threading

from gateway import Gateway
from servers import wait_for

CONFIG = """
return {
  listen = "127.0.0.1:0", admin = "127.0.0.1:0",
  outputs = { paper = { file = "points.lp", flush = "10ms" } },
  routes = {
    { path = "/slow", script = "slow.lua" },
    { path = "/refuse", script = "slow.lua", on_error = "refuse" },
    { path = "/fine", script = "fine.lua" },
  },
}
"""

SLOW = """
return function(req)
  if req.form.id == "no" then return nil, "not wanted" end
  if req.form.loop then while true do end end
  return point("slow", { id = req.form.id }, { x = 1 })
end
"""
FINE = 'return function(req) return point("fine", { id = req.form.id }, { x = 1 }) end'


def points(folder):
    path = folder / "points.lp"
    return path.read_text().splitlines() if path.exists() else []


def start(folder):
    (folder / "slow.lua").write_text(SLOW)
    (folder / "fine.lua").write_text(FINE)
    return Gateway(folder, CONFIG)


def test_each_ending_is_as_it_would_be(tmp_path):
    with start(tmp_path) as gateway:
        for _ in range(3):  # from the second on beside the worker
            assert gateway.post("/slow", "loop=1")[0] == 202
            assert gateway.post("/refuse", "loop=1")[0] == 500
            assert gateway.post("/slow", "id=a")[0] == 204
            assert gateway.post("/slow", "id=no")[0] == 422
            assert gateway.post("/fine", "id=b")[0] == 204
        wait_for(lambda: len(points(tmp_path)) == 6, "all points")
        letters = list((tmp_path / "moonline-data" / "dead" / "requests").glob("*.http"))
        assert len(letters) == 1, "three times the same one"


def test_many_at_once_each_get_their_own_answer(tmp_path):
    statuses = []
    with start(tmp_path) as gateway:
        gateway.post("/slow", "loop=1")

        def send(sender):
            for i in range(20):
                statuses.append(gateway.post("/slow", f"id={sender}x{i}")[0])
                statuses.append(gateway.post("/fine", f"id={sender}x{i}")[0])
                if i % 5 == 0:
                    gateway.post("/slow", "loop=1")

        senders = [threading.Thread(target=send, args=(n,)) for n in range(6)]
        for sender in senders:
            sender.start()
        for _ in range(5):
            gateway.process.send_signal(signal.SIGHUP)
        for sender in senders:
            sender.join()
        assert statuses == [204] * 240
        wait_for(lambda: len(points(tmp_path)) == 240, "all points")
        assert len(set(points(tmp_path))) == 240


def test_a_stop_in_between_loses_nothing(tmp_path):
    answers = {}
    with start(tmp_path) as gateway:
        gateway.post("/slow", "loop=1")

        def send(number):
            for i in range(1000):
                tag = f"{number}x{i}"
                try:
                    answers[tag] = gateway.post("/slow", f"id={tag}" + ("&loop=1" if i % 3 == 0 else ""))[0]
                except OSError:
                    return

        senders = [threading.Thread(target=send, args=(n,)) for n in range(4)]
        for sender in senders:
            sender.start()
        wait_for(lambda: len(answers) > 50, "some answers")
        assert gateway.end(signal.SIGTERM) == 0
        for sender in senders:
            sender.join()
    acked = {tag for tag, status in answers.items() if status == 204}
    with Gateway(tmp_path, CONFIG):
        wait_for(lambda: acked <= {line.split(" ")[0].split("id=")[1] for line in points(tmp_path)}, "every acknowledged point")


def test_who_finds_too_many_waiting_is_told_so(tmp_path):
    body = b"loop=1"
    head = "POST /refuse HTTP/1.1\r\nHost: m\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\n"
    config = CONFIG.replace('on_error = "refuse"', 'on_error = "refuse", limits = { time = "1s" }')
    (tmp_path / "slow.lua").write_text(SLOW)
    (tmp_path / "fine.lua").write_text(FINE)
    with Gateway(tmp_path, config) as gateway, selectors.DefaultSelector() as answered:
        assert gateway.post("/refuse", "loop=1")[0] == 500
        for _ in range(550):  # five hundred may wait, and one is run
            sender = socket.create_connection(("127.0.0.1", gateway.port))
            sender.sendall(head.encode() + body)
            answered.register(sender, selectors.EVENT_READ)
        answer = b""
        while b" 503 " not in answer:
            sender = answered.select(300)[0][0].fileobj
            answer = sender.recv(4096)
            answered.unregister(sender)
            sender.close()
        assert b"many requests wait for this route's slow script" in answer
        assert gateway.post("/fine", "id=b")[0] == 204
        for key in list(answered.get_map().values()):
            key.fileobj.close()


def unread_bytes(port):
    """That the gateway, or the system for it, has got and not read."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[4].split(":")[1], 16) for row in rows if row[3] == "01" and row[1].endswith(f":{port:04X}"))


def test_who_waits_when_it_stops_is_told_so(tmp_path):
    body = "loop=1"
    head = "POST /refuse HTTP/1.1\r\nHost: m\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\n"
    senders = []
    with start(tmp_path) as gateway:
        assert gateway.post("/refuse", body)[0] == 500
        for _ in range(400):  # eight seconds of work, and a stop may take two
            sender = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
            sender.sendall((head + body).encode())
            senders.append(sender)
        senders[0].recv(4096)
        wait_for(lambda: unread_bytes(gateway.port) == 0, "all are read", 60)
        assert gateway.end(signal.SIGTERM) == 0
        answers = [sender.recv(4096) for sender in senders[1:]]
        for sender in senders:
            sender.close()
        told = [answer for answer in answers if b" 503 " in answer and b"the gateway is stopping" in answer]
        assert len(told) > 200, "not many were run before"
        assert b"" not in answers, "nobody is left without an answer"
