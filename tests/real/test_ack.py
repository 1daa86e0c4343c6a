"""ack = "written": the sender is answered when InfluxDB has the points."""

import threading
import time

import servers
from test_influxdb import START, config

ROUTES = """
{ path = "/write", line_protocol = true, ack = "written" },
{ path = "/brief", line_protocol = true, ack = "written", ack_timeout = "200ms", reply = { status = 201 } },
{ path = "/stored", line_protocol = true },
"""


def line(number, value="1i"):
    return f"m,n={number} v={value} {START + number}\n"


def test_the_answer_comes_when_the_point_can_be_read(influx, gateway):
    moon = gateway(config(influx, ROUTES))
    for number in range(5):
        assert moon.post("/write", line(number)).status == 204
        assert influx.count("m", "v") == number + 1


def test_a_refusal_is_told_with_the_reason(influx, gateway):
    moon = gateway(config(influx, ROUTES))
    assert moon.post("/write", line(1)).status == 204
    answer = moon.post("/write", line(2) + line(3, '"text"') + line(4))
    assert answer.status == 400, answer.body
    said = answer.json["error"]
    assert "1 of 3 points refused and kept as dead letters" in said and "field type conflict" in said
    servers.wait_for(lambda: influx.count("m", "v") == 3, "the good ones")
    code, listed = servers_dead(moon)
    assert code == 0 and "field type conflict" in listed


def servers_dead(moon):
    import subprocess

    done = subprocess.run(
        [servers.MOONLINE, "dead", "ls", "-c", "moonline.lua"], cwd=moon.folder, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_after_the_time_limit_it_is_504_and_on_its_way(influx, gateway):
    moon = gateway(config(influx, ROUTES))
    influx.kill()
    answer = moon.post("/brief", line(1))
    assert answer.status == 504
    assert b"in the journal and on their way" in answer.body
    influx.start()
    servers.wait_for(lambda: influx.count("m", "v") == 1, "the point")
    assert moon.post("/brief", line(2)).status in (201, 504)


def test_a_stop_does_not_wait_for_a_server_that_is_away(influx, gateway):
    moon = gateway(config(influx, ROUTES))
    influx.kill()
    answers = []
    sender = threading.Thread(target=lambda: answers.append(moon.post("/write", line(1))))
    sender.start()
    servers.wait_for(lambda: moon.metrics().get('moonline_output_pending_points{output="db"}') == 1, "the point")
    moon.stop()
    sender.join()
    assert answers[0].status == 504 and b"stopping" in answers[0].body


def test_many_wait_at_once(influx, gateway):
    """As many senders as threads allow; each answer is true when it comes."""
    moon = gateway(config(influx, ROUTES.replace("db", "db")))
    senders, each = 200, 5
    answers = []
    lock = threading.Lock()

    def send(sender):
        for i in range(each):
            answer = moon.post("/write", line(sender * each + i))
            with lock:
                answers.append(answer.status)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(senders)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{senders * each} answered in {time.monotonic() - began:.2f} s")
    assert answers == [204] * (senders * each)
    assert influx.count("m", "v") == senders * each
    batches = moon.metrics()['moonline_output_batches_total{output="db"}']
    assert batches < senders * each / 2, "they share batches"
