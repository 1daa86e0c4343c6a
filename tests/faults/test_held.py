"""U7: what an operator must mend is kept, and shown."""

import pytest

import faults
from fake_influx import accept
from held import COUNT, mended
from rig import points


@pytest.mark.parametrize(
    "status, code, text, word",
    [
        (401, "unauthorized", "unauthorized access", "token"),
        (403, "forbidden", "insufficient permissions for write", "token"),
        (404, "not found", 'bucket "iot" not found', "create it"),
    ],
)
def test_u7_what_an_operator_must_mend_is_held_and_shown(rig, fake, status, code, text, word):
    """The reason and what to do stand in /health; the log says it once."""
    health = mended(rig, fake, faults.v2_error(status, code, text))
    assert str(status) in health and word in health
    assert fake.requests


def test_u7_the_log_is_told_once_a_minute(rig, fake):
    fake.rule = faults.v2_error(401, "unauthorized", "unauthorized access")
    moon = rig()
    moon.send(points(COUNT), at_once=50)
    moon.wait_value("retries_total", 5)
    assert moon.said().count("unauthorized access") == 1 or moon.lost.time()
    fake.rule = accept
    moon.judge()
