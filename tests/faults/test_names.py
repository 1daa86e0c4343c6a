"""U14: the server's name is unknown, or means another host now.

Not for a build with sanitizers, which libnss-wrapper does not go with.
"""

import os
import pathlib
import shutil

from rig import now, points

COUNT = 200
NSS_WRAPPER = "libnss_wrapper.so"


def wrapper():
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"):
        if pathlib.Path(folder, NSS_WRAPPER).exists():
            return str(pathlib.Path(folder, NSS_WRAPPER))
    raise AssertionError("libnss-wrapper is missing; tests/run installs it")


def test_u14_a_name_that_vanishes_and_returns_elsewhere(rig, fake, tmp_path):
    """A file of names, which the gateway's own look-ups read."""
    hosts = tmp_path / "hosts"
    versions = []

    def names(address):
        """In place of the old one at once: no half of it is ever read."""
        beside = tmp_path / "hosts.new"
        beside.write_text(f"{address} influx.test\n" if address else "127.0.0.9 another.test\n")
        versions.append(beside)
        os.utime(beside, (10 * len(versions), 10 * len(versions)))
        shutil.move(beside, hosts)

    names("")
    moon = rig(
        url=f"http://influx.test:{fake.port}",
        environment={"LD_PRELOAD": wrapper(), "NSS_WRAPPER_HOSTS": str(hosts)},
    )
    moon.send(points(COUNT))
    moon.wait_value("retries_total", 2)
    moon.wait_failing()
    moon.wait_health("influx.test")
    back = now()
    names("127.0.0.1")
    fake.wait_stored(points(COUNT))
    moon.print_back(back, "U14 the name is known")
    moon.wait_done()

    fake.down()
    names("127.0.0.2")
    moon.send(points(COUNT, COUNT))
    moon.wait_value("failing", 1)
    back = now()
    fake.up("127.0.0.2")
    fake.wait_stored(points(COUNT, COUNT))
    moon.print_back(back, "U14 the name has another address")
    moon.judge()
