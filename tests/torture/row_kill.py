"""D3: kill -9 at any moment under load: in a start, and while the cursor is
written and segments are deleted, once a second."""

import oracle
import stand as stands
from kit import Result, judge, require, settle, share, split

CONNECTIONS = 4
GATEWAYS = 4  # at once


def kill_often(context, cycles):
    """kills of a busy gateway, in its start, points, those that came twice."""
    rng = context.random()
    busy = in_start = 0
    ledger = oracle.Ledger(CONNECTIONS, ("a", "b"))
    with oracle.FakeInflux(ledger) as fake, stands.Stand(context.folder("d3"), fake) as stand:
        with oracle.Driver(ledger, stand):
            for cycle in range(cycles):
                # What was delivered at once proves nothing about the disk.
                fake.status = 503 if cycle % 8 < 5 else 204
                stand.spawn()
                if cycle % 5 == 4:
                    # Within recovery, or just behind it.
                    ledger.pause(rng.uniform(0, 0.02))
                    in_start += stand.port is None
                else:
                    require(stand.wait_ready(), f"it does not start\n{stand.tail()}")
                    before = ledger.acked_count
                    at = rng.uniform(1.0, 1.1) if cycle % 8 == 7 else rng.uniform(0.005, 0.5)
                    ledger.pause(at)
                    if cycle % 2:  # however slow this machine is
                        require(ledger.wait(lambda: ledger.acked_count > before, stands.PATIENCE_S), f"no load\n{stand.tail()}")
                    busy += ledger.acked_count > before
                stand.kill()
                require(not ledger.wrong, f"{ledger.wrong[:3]}\n{stand.tail()}")
                context.note(1, context.of(50, 5000))
            fake.status = 204
            stand.start()
        settle(stand, ledger)
        judge(ledger, stand)
    require(busy > cycles / 4, f"only {busy} of {cycles} kills hit a busy gateway")
    require(ledger.inversions == 0, f"{ledger.inversions} points overtook one of their own sender")
    return busy, in_start, ledger.acked_count, ledger.doubles


def d3(context):
    """kill -9 under load"""
    cycles = context.of(50, 5000)
    found = share(context, kill_often, split(cycles, min(GATEWAYS, cycles)))
    busy, in_start, points, doubles = (sum(column) for column in zip(*found))
    return Result(
        busy, 0,
        f"{cycles} kills ({busy} busy, {in_start} in the start), {points} points acknowledged, {doubles} came twice",
    )
