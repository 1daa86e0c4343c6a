"""abuse.py - what honest senders notice of a script beside theirs that misbehaves.

Two workers, one route with an honest script and one with a script that loops
until its time limit, or fills its memory until that ends it. Honest requests
leave at fixed times over connections that stay open, and a latency counts from
the time when its request should have left: so a sender that was held up does
not ask less often, and hides nothing. Alone and beside the abuse take turns.

What can be expected: the kernel hands a connection to a worker and there it
stays, so about half of the honest ones share the abused worker, and wait for
what is left of the budget of 10 ms whenever they come in the middle of it: at
5 such requests a second 2.5 % of them do. So p99 grows to about the budget,
and not beyond. Where syncs of the disk take as long, nothing is to be seen;
--data in /dev/shm leaves the disk out.
"""

import http.client
import multiprocessing
import shutil
import statistics
import threading
import time

from parts import Failure, Server, free_port

ALLOWED = 0.10   # of p99 more
CONNECTIONS = 16
HONEST_S = 400   # requests a second, of all connections
BUDGET_MS = 10   # the default of limits.time

SCRIPTS = {
    "loop": "return function() while true do end end\n",
    "memory": "return function() local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(99999) .. i end end\n",
}
# Requests of the abuser a second; None: one after the other, without a pause.
LEVELS = (("loop", 5), ("memory", 5), ("loop", None), ("memory", None))


def serve(place, moonline):
    shutil.rmtree(place.data, ignore_errors=True)
    port = free_port()
    routes = ""
    for name, text in SCRIPTS.items():
        (place.work / f"{name}.lua").write_text(text)
        routes += f'{{ path = "/{name}", script = "{name}.lua", verify = false }},\n'
    config = place.work / "abuse-moonline.lua"
    config.write_text(f"""return {{
    listen = "127.0.0.1:{port}", admin = "127.0.0.1:{free_port()}",
    data = "{place.data}", workers = 2,
    outputs = {{ out = {{ file = "/dev/null" }} }},
    routes = {{ {{ path = "/ttn", script = "thethingsstack", verify = false }},
    {routes} }},
}}
""")
    return Server([moonline, "serve", "-c", config], port, cwd=place.work)


def post(connection, path, body):
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def send_honest(port, body, number, seconds, found):
    """One connection: its latencies in ms, from when each should have left."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.connect()
    pause_s = CONNECTIONS / HONEST_S
    due = time.monotonic() + pause_s * number / CONNECTIONS
    end = due + seconds
    while due < end:
        time.sleep(max(0, due - time.monotonic()))
        if post(connection, "/ttn", body) != 204:
            raise Failure("an honest request was not answered with 204")
        found.append((time.monotonic() - due) * 1e3)
        due += pause_s
    connection.close()


def honest(port, body, seconds):
    found = [[] for _ in range(CONNECTIONS)]
    threads = [threading.Thread(target=send_honest, args=(port, body, i, seconds, found[i])) for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    latencies = sorted(sum(found, []))
    if len(latencies) < 0.95 * HONEST_S * seconds:
        raise Failure(f"only {len(latencies)} honest requests were answered")
    return latencies


def abuse(port, path, a_second, is_over, count):
    """A process of its own: the clients must not wait for one another."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while not is_over.wait(1 / a_second if a_second else 0):
        post(connection, path, b"{}")
        with count.get_lock():
            count.value += 1


def one(place, moonline, body, seconds, level):
    """Sorted latencies; requests of the abuser, a second."""
    with serve(place, moonline) as server:
        server.ask("POST", "/ttn", body)
        if level is None:
            return honest(server.port, body, seconds), 0
        is_over, count = multiprocessing.Event(), multiprocessing.Value("i")
        name, a_second = level
        abuser = multiprocessing.Process(target=abuse, args=(server.port, f"/{name}", a_second, is_over, count))
        abuser.start()
        latencies = honest(server.port, body, seconds)
        is_over.set()
        abuser.join()
        if count.value == 0:
            raise Failure(f"nobody abused /{name}")
        return latencies, count.value / seconds


def at(latencies, part):
    return latencies[min(len(latencies) - 1, int(part * len(latencies)))]


def print_abuse(place, moonline, body, args, progress):
    """The median growth of p99 for each level, the greatest; and whether p99
    stayed below what it was alone and the budget together."""
    print("abuse            its requests/s    p50 ms    p90 ms    p99 ms    max ms")
    found = {level: [] for level in (None, *LEVELS)}
    for turn in range(args.rounds):
        for level in found:
            progress(f"round {turn + 1}, {level}")
            found[level].append(one(place, moonline, body, args.seconds, level))
    p99 = {}
    for level, samples in found.items():
        middle = [statistics.median(at(latencies, part) for latencies, _ in samples) for part in (0.5, 0.9, 0.99, 1)]
        p99[level] = middle[2]
        label = "none" if level is None else f"{level[0]}, {'a few' if level[1] else 'no pause'}"
        rate = statistics.median(rate for _, rate in samples)
        print(f"{label:17}{rate:14.1f}" + "".join(f"{ms:10.2f}" for ms in middle))
    growth = max(p99[level] / p99[None] - 1 for level in LEVELS)
    return growth, max(p99[level] for level in LEVELS) - p99[None]
