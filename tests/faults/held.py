"""held.py - a server that an operator must mend."""

from fake_influx import accept
from rig import now, points

COUNT = 200


def mended(rig, fake, wrong, mend=None, **options):
    """Held while the server says so; goes through by itself when mended."""
    fake.rule = wrong
    moon = rig(**options)
    moon.send(points(COUNT), at_once=50)
    moon.wait_value("retries_total", 2)
    health = moon.wait_failing()
    assert not fake.stored
    moon.send(points(COUNT, COUNT), at_once=50)
    back = now()
    if mend:
        mend(moon)
    else:
        fake.rule = accept
    fake.wait_stored(points(COUNT))
    moon.print_back(back, f"U7 {wrong.name}")
    moon.judge()
    moon.wait_well()
    return health
