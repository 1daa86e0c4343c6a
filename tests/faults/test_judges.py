"""Who judges the gateway is lied to, and has to notice. Each server here says
one thing and does another, as no gateway could make it; what the judge must say
stands beside it."""

import pytest

import strict_lines
from fake_influx import accept
from rig import points

COUNT = 60


def loses_a_line(talk):
    talk.store(talk.lines()[:-1])
    talk.answer(204)


def loses_all(talk):
    talk.answer(204)


def stores_twice(talk):
    talk.store()
    talk.store()
    talk.answer(204)


def stores_backwards(talk):
    talk.store(talk.lines()[::-1])
    talk.answer(204)


def stores_an_old_value_last(talk):
    lines = talk.lines()
    talk.store([*lines, lines[0]])
    talk.answer(204)


def invents_a_line(talk):
    talk.store([*talk.lines(), b"faults,s=1 n=1i 1"])
    talk.answer(204)


def gets_rubbish(talk):
    talk.store([*talk.lines(), b"faults,s=1, n=1i 1"])
    talk.answer(204)


LIES = [
    (loses_a_line, "still not"), (loses_all, "still not"), (stores_twice, "came twice"), (stores_backwards, "out of order"),
    (stores_an_old_value_last, "came twice"), (invents_a_line, "should not be"), (gets_rubbish, "no line protocol"),
]


@pytest.mark.parametrize("lie, word", LIES, ids=lambda x: getattr(x, "__name__", ""))
def test_a_lie_is_noticed(rig, fake, lie, word):
    fake.rule = lie
    fake.patience_s = 1
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    with pytest.raises(AssertionError, match=word):
        moon.judge()


def test_what_came_twice_in_order_is_no_excuse_for_an_old_value(rig, fake):
    """The same series and time: the first value is stored again at the end."""
    fake.rule = stores_an_old_value_last
    moon = rig()
    lines = [f"same n={n}i 17".encode() for n in range(3)]
    moon.send(lines)
    with pytest.raises(AssertionError, match="not the last value"):
        moon.judge(may_repeat=lines)


def test_the_truth_is_believed(rig, fake):
    fake.rule = accept
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    moon.judge()


GOOD = [b"m v=1 1", b'm,a=b v=1i,s="x \\" y" 17', b"m\\ x,a=b\\,c v=true -5", b"m,a=c\\d v=-1.5e+10,w=7u 1", "m,ä=ö v=1 1".encode()]
BAD = [
    b"", b"m v=1", b"# m v=1 1", b" m v=1 1", b"m v=1 1 ", b"m  v=1 1", b"m v=1  1", b"m v=1\t1", b"m,b=1,a=2 v=1 1", b"m,a=1,a=2 v=1 1",
    b"m v=.5 1", b"m v=1. 1", b"m v=+1 1", b"m v=01 1", b"m v=NaN 1", b"m v=1e 1", b"m,a= v=1 1", b"m,=a v=1 1", b"m, v=1 1", b"m,a v=1 1",
    b'm v="a 1', b'm v="a"b 1', b'm v="a\nb" 1', b"m v=t 1", b"m v=1, 1", b"m,a=b\\ v=1 1", b"m v=1 99999999999999999999", b"m v=1 1.5",
    b"m v=1 9223372036854775807", b",a=b v=1 1", b"m,a=b=c v=1 1", b"m,a=\xff v=1 1", b"m v=1 1\r", b"_m v=1 1", b"m 1",
]


@pytest.mark.parametrize("line", GOOD)
def test_the_reader_takes_what_every_server_takes(line):
    strict_lines.read(line)


@pytest.mark.parametrize("line", BAD)
def test_the_reader_refuses_what_some_server_refuses(line):
    with pytest.raises(strict_lines.NotALine):
        strict_lines.read(line)


def test_a_body_ends_with_its_last_line():
    assert strict_lines.split(b"m v=1 1\nm v=2 2\n") == [b"m v=1 1", b"m v=2 2"]
    with pytest.raises(strict_lines.NotALine):
        strict_lines.split(b"m v=1 1")
