"""What real servers refuse until somebody mends it: kept, shown, and then
through by itself."""

import base64

import pytest

import servers
from test_influxdb import NATIVE, START, config

COUNT = 50


def post_some(moon, start=0):
    for n in range(start, start + COUNT):
        assert moon.post("/write", f"m,host=a v={n}i {START + n}\n", "text/plain").status == 204


def assert_held(moon, *words):
    servers.wait_for(lambda: moon.metrics()['moonline_output_retries_total{output="db"}'] >= 1, "it is tried again")
    health = moon.health()
    assert health.status == 503
    for word in words:
        assert word in health.body.decode(), health.body


def assert_all_come(moon, points):
    servers.wait_for(lambda: points() == COUNT, lambda: f"all points\n{moon.said()}")
    servers.wait_for(lambda: moon.health().status == 200, "well again")
    servers.wait_for(lambda: moon.metrics()['moonline_output_pending_points{output="db"}'] == 0, "nothing waits")


def test_a_database_that_is_created_later(tmp_path, gateway):
    with servers.Influx(tmp_path / "influx", database=None) as influx:
        moon = gateway(config(influx, NATIVE))
        post_some(moon)
        assert_held(moon, "404", "database not found", "create it")
        influx.create("iot")
        influx.database = "iot"
        assert_all_come(moon, lambda: influx.count("m", "v"))


def test_a_retention_policy_that_is_created_later(influx, gateway):
    """InfluxDB 1.6 says 500 to that, to a write of nothing too."""
    moon = gateway(config(influx, NATIVE, more=', retention_policy = "later"'))
    post_some(moon)
    assert_held(moon, "500", "retention policy not found")
    influx.query('CREATE RETENTION POLICY "later" ON "iot" DURATION INF REPLICATION 1')

    def count():
        found = influx.query('SELECT COUNT("v") FROM "later"."m"')
        return found[0]["values"][0][1] if found else 0

    assert_all_come(moon, count)


def test_a_password_that_is_corrected_on_the_server(tmp_path, gateway):
    with servers.Influx(tmp_path / "influx", user="writer", password="right-password") as influx:
        moon = gateway(config(influx, NATIVE, more=', user = "writer", password = "a-wrong-password"'))
        post_some(moon)
        assert_held(moon, "401", "authorization failed", "password")
        influx.query("SET PASSWORD FOR writer = 'a-wrong-password'")
        influx.password = "a-wrong-password"
        assert_all_come(moon, lambda: influx.count("m", "v"))
        assert "a-wrong-password" not in moon.said()


def test_a_user_that_may_not_write_yet(tmp_path, gateway):
    with servers.Influx(tmp_path / "influx", user="boss", password="boss-password") as influx:
        influx.query("CREATE USER reader WITH PASSWORD 'reader-password'")
        influx.query("GRANT READ ON iot TO reader")
        moon = gateway(config(influx, NATIVE, more=', user = "reader", password = "reader-password"'))
        post_some(moon)
        assert_held(moon, "403", "not authorized to write")
        influx.query("GRANT ALL ON iot TO reader")
        assert_all_come(moon, lambda: influx.count("m", "v"))


@pytest.mark.parametrize("wrong", ["", ', user = "u", password = "another-password"'], ids=["no password", "a wrong one"])
def test_victoria_metrics_behind_a_password(tmp_path, gateway, wrong):
    """Held while it is wrong; a restart with the right one delivers."""
    secret = "Basic " + base64.b64encode(b"u:right-password").decode()
    folder = tmp_path / "victoria"
    with servers.Victoria(folder, "-httpAuth.username=u", "-httpAuth.password=right-password", headers={"Authorization": secret}) as victoria:
        moon = gateway(config(victoria, NATIVE, more=wrong))
        post_some(moon)
        assert_held(moon, "401")
        moon.kill()
        right = ', user = "u", password = "right-password"'
        moon.configure(config(victoria, NATIVE, more=right))
        moon.start()
        assert_all_come(moon, lambda: COUNT * len(victoria.series('{__name__="m_v"}')))
