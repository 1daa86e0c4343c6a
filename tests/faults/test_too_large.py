"""U8: 413, and how much fits."""

import faults
from rig import points

COUNT = 400


def test_u8_a_batch_that_is_too_large_is_halved_until_it_fits(rig, fake):
    lines = points(COUNT)
    whole = sum(len(line) + 1 for line in lines)
    fake.rule = faults.too_large(whole // 6)
    moon = rig(more="gzip = false")
    moon.send(lines, at_once=COUNT)
    moon.judge()


def test_u8_the_size_that_fits_is_remembered(rig, fake):
    lines = points(COUNT)
    most = sum(len(line) + 1 for line in lines) // 6
    fake.rule = faults.too_large(most, says_close=False)
    moon = rig(more="gzip = false")
    moon.send(lines, at_once=COUNT)
    moon.wait_done()
    refused = sum(talk.length > most for talk in fake.requests)
    moon.send(points(COUNT, COUNT), at_once=COUNT)
    moon.judge()
    again = sum(talk.length > most for talk in fake.requests) - refused
    print(f"U8: refused {refused} times at first, {again} after")
    assert again < refused


def test_u8_one_line_that_is_too_large_is_refused_for_good(rig, fake):
    lines = points(10)
    huge = b'faults,kind=huge t="' + b"z" * 30000 + b'" 1700000000000000000'
    fake.rule = faults.too_large(20000)
    moon = rig(more="gzip = false")
    moon.send([*lines[:5], huge, *lines[5:]], at_once=100)
    moon.judge(refused={huge: "413"})
