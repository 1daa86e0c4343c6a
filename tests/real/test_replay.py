"""InfluxDB has lost what it took; the journal still has it."""

import subprocess

import servers
from test_influxdb import NATIVE, START, config, settled

POINTS = 500


def test_a_window_that_influxdb_lost_is_sent_again(influx, gateway):
    text = config(influx, NATIVE).replace("routes =", 'journal = { keep = "24h" },\nroutes =')
    moon = gateway(text)
    for at in range(0, POINTS, 50):
        body = "".join(f"m,n={n} v={n}i {START + n}\n" for n in range(at, at + 50))
        assert moon.post("/write", body, "text/plain").status == 204
    settled(moon)
    before = influx.points("m")
    assert len(before) == POINTS
    influx.query('DROP DATABASE "iot"')
    influx.create("iot")
    assert influx.points("m") == []

    assert moon.stop()[0] == 0
    command = [servers.MOONLINE, "journal", "replay", "-c", str(moon.folder / "moonline.lua"),
               "--from", str(START), "--to", str(START + POINTS - 100), "db"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"db: {POINTS - 100} points are journalled again")
    moon.start()
    servers.wait_for(lambda: len(influx.points("m")) >= POINTS - 100, "the window is back")
    assert influx.points("m") == before[: POINTS - 100]
