"""U1, U2, U3, U9, U12: the connection fails, and nothing is lost for it."""

import pytest

import faults
from fake_influx import accept
from rig import now, point, points

COUNT = 300


def through(rig, fake, action, more='timeout = "2s"', start=0, may_repeat=False):
    """Points, the first write of which meets the fault, and more after it."""
    moon = rig(more=more)
    before = points(COUNT, start)
    fake.plan.append(action)
    moon.send(before, at_once=COUNT)
    fake.wait_plan()
    fake.wait_stored(before)
    moon.send(points(COUNT, start + COUNT), at_once=50)
    moon.judge(may_repeat=before if may_repeat else ())
    assert fake.writes >= 2
    return moon


def test_u1_a_server_that_refuses_is_waited_for(rig, fake):
    moon = rig()
    moon.send(points(COUNT))
    moon.wait_done()
    fake.down()
    moon.send(points(COUNT, COUNT), at_once=20)
    moon.wait_value("retries_total", 6)  # waits have grown by then
    moon.wait_failing()
    moon.wait_health("127.0.0.1")
    moon.send(points(COUNT, 2 * COUNT), at_once=20)
    back = now()
    fake.up()
    fake.wait_stored(points(COUNT, COUNT))
    moon.print_back(back, "U1 refused")
    moon.judge()
    moon.wait_well()
    moon.wait_log("delivers again")


@pytest.mark.parametrize("action", [faults.hang_at_once, faults.hang_after_reading, faults.hang_after_storing], ids=faults.name_of)
def test_u2_a_server_that_hangs_is_left(rig, fake, action):
    through(rig, fake, action, may_repeat=action in faults.LOSSY)


def test_u2_a_server_that_hangs_for_long_is_asked_until_it_answers(rig, fake):
    fake.rule = faults.hang_at_once
    moon = rig(more='timeout = "2s"')
    moon.send(points(COUNT))
    moon.wait_value("retries_total", 3)
    moon.wait_failing()
    back = now()
    fake.rule = accept
    fake.wait_stored(points(COUNT))
    moon.print_back(back, "U2 hangs")
    moon.judge()


RESETS = [
    faults.reset_connects, faults.reset_after_headers, faults.reset_in_body, faults.reset_unstored,
    faults.reset_stored, faults.close_stored, faults.cut_reply, faults.cut_error,
]


@pytest.mark.parametrize("action", RESETS, ids=faults.name_of)
def test_u3_a_connection_that_breaks_loses_nothing(rig, fake, action):
    """Twice comes only what the server had stored before the reply was lost."""
    through(rig, fake, action, may_repeat=action in faults.LOSSY)


def test_u3_every_second_reply_is_lost(rig, fake):
    """Copies and originals, in order, and the last value of a time wins."""
    for _ in range(6):
        fake.plan += [faults.reset_stored, accept, faults.reset_unstored, accept]
    moon = rig()
    for turn in range(24):
        moon.send([f"faults,kind=same n={turn * 10 + n}i 1700000000000000{n:03d}".encode() for n in range(10)])
        fake.wait_writes(turn + 1)
    fake.wait_plan()
    moon.judge(may_repeat=moon.posted)


def test_u3_a_connection_that_the_server_closed_between_writes(rig, fake):
    """No write is lost for it, and none sent twice."""
    fake.rule = faults.one_connection
    moon = rig()
    for start in range(0, 200, 10):
        moon.send(points(10, start))
        fake.wait_stored(points(10, start))
    moon.judge()


@pytest.mark.parametrize("action", [faults.drip, faults.drip_stored], ids=faults.name_of)
def test_u9_a_reply_that_comes_byte_by_byte_is_given_up(rig, fake, action):
    through(rig, fake, action, may_repeat=action in faults.LOSSY)


def test_u9_a_slow_reply_that_ends_is_an_answer(rig, fake):
    through(rig, fake, faults.drip_fast, more='timeout = "20s"')


ENDLESS = [faults.endless_body(200), faults.endless_body(400), faults.endless_body(500), faults.endless_header, faults.one_long_header,
           faults.huge_error]


@pytest.mark.parametrize("action", ENDLESS, ids=faults.name_of)
def test_u12_an_answer_without_end_is_cut_and_memory_stays_small(rig, fake, action):
    """What counts is the status, if one came: a 400 whose text never ends names
    no line, so the batch is taken apart, and all of it is written."""
    moon = rig(more='timeout = "5s"')
    moon.send([point(0)])
    fake.wait_stored([point(0)])
    before = moon.most_memory_bytes()
    fake.plan.append(action)
    lines = points(COUNT, 1)
    moon.send(lines, at_once=COUNT)
    fake.wait_plan()
    fake.wait_stored(lines)
    moon.judge()
    grown = moon.most_memory_bytes() - before
    print(f"U12 {faults.name_of(action)}: {grown / 1e6:.1f} MB more")
    assert grown < 16 << 20
