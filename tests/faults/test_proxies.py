"""U10: what stands between a gateway and InfluxDB has its own ideas."""

import pytest

import faults
from fake_influx import Fake, accept
from rig import TOKEN, now, points

COUNT = 400


def test_u10_a_page_is_no_success(rig, fake):
    fake.rule = faults.html_page
    moon = rig()
    moon.send(points(COUNT))
    moon.wait_value("retries_total", 2)
    moon.wait_failing()
    moon.wait_health("200")
    back = now()
    fake.rule = accept
    fake.wait_stored(points(COUNT))
    moon.print_back(back, "U10 a page")
    moon.judge()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_u10_a_redirect_is_not_followed_and_the_token_stays(rig, fake, elsewhere, status):
    """The other host sees not even a connection; see `elsewhere`."""
    fake.rule = faults.redirect(status, elsewhere.url)
    moon = rig()
    moon.send(points(COUNT))
    moon.wait_value("retries_total", 2)
    moon.wait_failing()
    moon.wait_health(str(status))
    fake.rule = accept
    moon.judge()
    assert all(TOKEN not in talk.target for talk in fake.requests)


def test_u10_two_servers_and_only_one_of_them_fails(rig, fake):
    """Each output has a connection, a back-off and a backlog of its own."""
    with Fake() as other:
        fake.rule = faults.html_page
        moon = rig()
        moon.end()
        text = (moon.folder / "moonline.lua").read_text()
        more = f'other = {{ url = "{other.url}", org = "o", bucket = "b", flush = "5ms" }},\n    paper = {{'
        text = text.replace("paper = {", more, 1).replace('output = { "db",', 'output = { "db", "other",')
        (moon.folder / "moonline.lua").write_text(text)
        moon.start()
        lines = points(COUNT)
        moon.send(lines, at_once=20)
        other.wait_stored(lines)
        assert other.stored == lines and not other.wrong
        assert moon.value("failing", "other") == 0
        fake.rule = accept
        moon.judge()
