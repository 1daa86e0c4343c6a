"""abuse.py - what honest senders notice of a script beside theirs that misbehaves.

Two workers, one route with an honest script and one with a script that loops
until its time limit, or fills its memory until that ends it. Honest requests
come from steady.c, at times of chance, and a latency counts from the time when
its request should have left. Alone and beside the abuse take turns.

What is left to see: the first time-out of a script is waited for in its worker
(the next ones run in a lane beside it), and each bad request is a dead letter,
which is a sync of the disk. --data in /dev/shm leaves the disk out.
"""

import shutil
import statistics
import subprocess

from parts import Failure, Server, free_port

ALLOWED = 0.10   # of p99 more
CONNECTIONS = 16
HONEST_S = 1000  # requests a second, of all connections
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


def steady(program, port, path, body, status, connections, a_second, seconds):
    """Starts it. Not in Python: a client that takes as long as a request costs
    honest senders on the same machine more than the gateway does."""
    command = [program, port, path, body, status, connections, a_second, seconds]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def latencies_ms(process):
    """Sorted; when it has ended."""
    out, said = process.communicate()
    if process.returncode != 0 or not out:
        raise Failure(said or "no answers")
    return sorted(int(us) / 1e3 for us in out.split())


def one(place, programs, body, seconds, level):
    """Sorted latencies in ms; requests of the abuser, a second."""
    moonline, client = programs
    with serve(place, moonline) as server:
        server.ask("POST", "/ttn", body.read_bytes())
        abuser = None
        if level:
            name, a_second = level
            abuser = steady(client, server.port, f"/{name}", body, 202, 1, a_second or 0, seconds)
        honest = steady(client, server.port, "/ttn", body, 204, CONNECTIONS, HONEST_S, seconds)
        return latencies_ms(honest), len(latencies_ms(abuser)) / seconds if abuser else 0


def at(latencies, part):
    return latencies[min(len(latencies) - 1, int(part * len(latencies)))]


def print_abuse(place, programs, body, args, progress):
    """The median growth of p99 for each level, the greatest; and whether p99
    stayed below what it was alone and the budget together."""
    print("abuse            its requests/s    p50 ms    p90 ms    p99 ms    max ms")
    found = {level: [] for level in (None, *LEVELS)}
    for turn in range(args.rounds):
        for level in found:
            progress(f"round {turn + 1}, {level}")
            found[level].append(one(place, programs, body, args.seconds, level))
    p99 = {}
    for level, samples in found.items():
        middle = [statistics.median(at(latencies, part) for latencies, _ in samples) for part in (0.5, 0.9, 0.99, 1)]
        p99[level] = middle[2]
        label = "none" if level is None else f"{level[0]}, {'a few' if level[1] else 'no pause'}"
        rate = statistics.median(rate for _, rate in samples)
        print(f"{label:17}{rate:14.1f}" + "".join(f"{ms:10.2f}" for ms in middle))
    growth = max(p99[level] / p99[None] - 1 for level in LEVELS)
    return growth, max(p99[level] for level in LEVELS) - p99[None]
