"""U4, U5: the server says later."""

import pytest

import faults
from fake_influx import accept
from rig import points

COUNT = 200


def gaps(fake):
    """Seconds between one write and the next."""
    begins = [talk.begin for talk in fake.requests if talk.length]
    return [later - sooner for sooner, later in zip(begins, begins[1:])]


def asked(fake):
    """Seconds between one request of any kind and the next."""
    begins = [talk.begin for talk in fake.requests]
    return [later - sooner for sooner, later in zip(begins, begins[1:])]


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_u4_retry_after_is_obeyed(rig, fake, status, form):
    """Nothing is asked sooner, though the server would take it."""
    said = "2" if form == "seconds" else faults.http_date(3)
    fake.plan.append(faults.later(status, said))
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    moon.judge()
    assert min(asked(fake)[:1]) > 1.5


@pytest.mark.parametrize("status", [429, 503])
def test_u4_without_retry_after_the_gateway_waits_by_itself(rig, fake, status):
    fake.plan += [faults.later(status)] * 5
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    moon.judge()
    assert fake.writes == 6


@pytest.mark.parametrize("said", [*faults.ABSURD, "a date of yesterday"])
def test_u4_an_absurd_retry_after_neither_stops_nor_floods(rig, fake, said):
    """It is capped at ten minutes, and the log says until when; what is no
    number of seconds and no date is as if nothing had been said."""
    said = faults.http_date(-86400) if said.startswith("a date") else said
    fake.plan.append(faults.later(503, said))
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    fake.wait_writes(1)
    found = moon.wait_log(r"next try in (\d+\.\d+) s")
    assert float(found[1]) <= 600
    if float(found[1]) < 20:
        moon.judge()
    moon.end()


@pytest.mark.parametrize("status", [500, 502, 504])
def test_u5_a_burst_of_errors_passes(rig, fake, status):
    fake.plan += [faults.answer(f"{status}", status, b"upstream is not well", ("Content-Type: text/html",), probes=True)] * 5
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    moon.wait_failing()
    moon.judge()
    assert fake.writes == 6


def test_u5_all_of_them_in_turn(rig, fake):
    for status in (500, 502, 503, 504):
        fake.plan += [faults.answer(f"{status}", status, b"", probes=True), accept]
    moon = rig()
    for turn in range(8):
        moon.send(points(50, turn * 50))
        fake.wait_writes(turn + 1)
    moon.judge()
