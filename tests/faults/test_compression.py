"""U11: a server, or what stands before it, that does not take gzip."""

import pytest

import faults
from rig import point, points

COUNT = 400


@pytest.mark.parametrize("kind", faults.GZIP_ANSWERS)
def test_u11_where_gzip_is_refused_the_lines_go_as_they_are(rig, fake, kind):
    fake.rule = faults.no_gzip(*faults.GZIP_ANSWERS[kind])
    moon = rig(api="v1" if "v1" in kind else "v2")
    moon.send(points(COUNT), at_once=100)
    moon.judge()
    assert any(talk.is_gzip for talk in fake.requests)
    moon.send([point(COUNT)])
    moon.judge()


def test_u11_gzip_is_one_member_and_comes_in_time(rig, fake):
    """What the fake complains of would be here."""
    moon = rig()
    moon.send(points(COUNT), at_once=100)
    moon.judge()
    assert all(talk.is_gzip for talk in fake.requests if talk.length)
