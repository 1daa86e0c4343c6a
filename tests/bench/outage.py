"""outage.py - what senders notice of it when InfluxDB is away: nothing.

The same load on the same gateway with its InfluxDB there (moonline sink, which
takes its share of the processors) and with nobody at that address from the
start. They take turns; figures are medians.
"""

import shutil
import statistics

from parts import Server, free_port, wrk

ALLOWED = 0.10  # of p99 more in an outage
CONNECTIONS = (4, 16, 64)


def one(place, moonline, gateway, influx_output, case, seconds, is_there):
    port = free_port()
    shutil.rmtree(place.data, ignore_errors=True)
    if not is_there:
        with gateway(place, influx_output(port)) as server:
            return wrk(server.port, case.path, case.body, case.connections, seconds)
    sink = [moonline, "sink", "--listen", f"127.0.0.1:{port}", "/dev/null"]
    with Server(sink, port, cwd=place.work), gateway(place, influx_output(port)) as server:
        return wrk(server.port, case.path, case.body, case.connections, seconds)


def print_outage(place, moonline, gateway, influx_output, cases, args, progress):
    """The greatest growth of p99; below 0 where an outage is a relief."""
    print("connections  InfluxDB      requests/s    p50 ms    p99 ms")
    worst = -1.0
    for case in cases:
        loads = {True: [], False: []}
        for turn in range(args.rounds):
            for is_there in (True, False):
                progress(f"{case.connections} connections, round {turn + 1}, {'there' if is_there else 'away'}")
                loads[is_there].append(one(place, moonline, gateway, influx_output, case, args.seconds, is_there))
        p99 = {}
        for is_there, found in loads.items():
            middle = [statistics.median(figures) for figures in zip(*(
                (load.requests / load.seconds, load.p50_us / 1e3, load.p99_us / 1e3) for load in found))]
            p99[is_there] = middle[2]
            print(f"{case.connections:11}  {'there' if is_there else 'away':8}  {middle[0]:14,.0f}  {middle[1]:8.2f}  {middle[2]:8.2f}")
        worst = max(worst, p99[False] / p99[True] - 1)
    return worst
