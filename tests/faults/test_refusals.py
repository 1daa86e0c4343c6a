"""U6: the server refuses lines. The good ones are written, the bad ones are
dead with the server's own reason, and nothing waits behind them."""

import math
import re

import pytest

import answers
import faults
from rig import point, points

COUNT = 100


def is_bad(line):
    return b",kind=bad," in line


def why(line):
    """What only this line is refused for."""
    return f"no room for number {re.search(rb' n=([0-9]+)i', line)[1].decode()} today"


def bad_ones(lines, reason=why):
    return {line: reason(line) for line in lines if is_bad(line)}


def mixed(count, bad, start=0):
    return [point(n, kind="bad" if n - start in bad else "good") for n in range(start, start + count)]


CASES = [(api, refusal) for api, refusals in answers.BY_API.items() for refusal in refusals]


def through(rig, fake, api, refusal, lines, reason=why):
    fake.rule = answers.refusing(refusal, is_bad, why)
    moon = rig(api=api)
    moon.send(lines, at_once=len(lines))
    moon.judge(refused=bad_ones(lines, reason), may_repeat=lines if refusal in answers.REPEATS else ())
    return moon


@pytest.mark.parametrize("api, refusal", CASES, ids=lambda x: getattr(x, "__name__", x))
@pytest.mark.parametrize("bad", [(0,), (COUNT - 1,), (0, 1, 50, COUNT - 1)], ids=["first", "last", "some"])
def test_u6_bad_lines_are_dead_and_good_ones_written(rig, fake, api, refusal, bad):
    moon = through(rig, fake, api, refusal, mixed(COUNT, bad))
    more = points(COUNT, COUNT)
    moon.send(more, at_once=10)
    fake.wait_stored(more)
    moon.wait_well()


@pytest.mark.parametrize("api, refusal", CASES, ids=lambda x: getattr(x, "__name__", x))
def test_u6_all_lines_are_bad(rig, fake, api, refusal):
    """Where the server has one reason for all of them, so have the letters."""
    lines = mixed(20, range(20))
    reason = (lambda line: why(lines[0])) if refusal in answers.ONE_REASON else why
    moon = through(rig, fake, api, refusal, lines, reason)
    assert not fake.stored
    moon.send(points(20, 100))
    fake.wait_stored(points(20, 100))


@pytest.mark.parametrize("api, refusal", CASES, ids=lambda x: getattr(x, "__name__", x))
def test_u6_one_bad_line_in_every_write_does_not_stop_the_stream(rig, fake, api, refusal):
    lines = [line for start in range(0, 400, 20) for line in mixed(20, (7,), start)]
    fake.rule = answers.refusing(refusal, is_bad, why)
    moon = rig(api=api)
    moon.send(lines, at_once=20)
    moon.judge(refused=bad_ones(lines), may_repeat=lines if refusal in answers.REPEATS else ())
    assert moon.value("failing") == 0


@pytest.mark.parametrize("refusal", [answers.v1_engine, answers.mute], ids=lambda x: x.__name__)
def test_u6_what_may_pass_and_never_does_is_taken_apart(rig, fake, refusal):
    """A 500, or a 400 in nobody's words: after eight tries, while a write of
    nothing is taken, the lines are to blame."""
    fake.patience_s = 180
    through(rig, fake, "v1", refusal, mixed(COUNT, (13, 70)))


def test_u6_a_400_that_will_pass_is_no_refusal(rig, fake):
    """InfluxDB 3 up to 3.10 on the v2 path, when its disk had an error."""
    text = "write buffer error: error from wal: error from object store"
    fake.plan += [faults.v2_error(400, "invalid", text)] * 3
    moon = rig()
    moon.send(points(COUNT), at_once=COUNT)
    moon.judge()
    assert not moon.letters()
    assert fake.writes == 4


def test_u6_the_same_line_refused_again_is_one_letter(rig, fake):
    """The gateway is killed before it knows that it was settled."""
    lines = mixed(COUNT, (1, 50))
    moon = through(rig, fake, "v2", answers.v2_parse, lines)
    moon.kill()
    for path in moon.folder.glob("data/journal/db/cursor*"):
        path.unlink()
    moon.start()
    moon.judge(refused=bad_ones(lines), may_repeat=lines)


def test_u6_a_refused_line_and_lost_replies(rig, fake):
    """The network fails while the bad lines are looked for."""
    lines = mixed(COUNT, (3, 60, 61))
    rule = answers.refusing(answers.v3_compat, is_bad, why)
    fake.rule = rule
    for action in (faults.reset_unstored, rule, faults.later(503), faults.reset_after_headers, rule, faults.cut_error) * 2:
        fake.plan.append(action)
    moon = rig()
    moon.send(lines, at_once=COUNT)
    moon.judge(refused=bad_ones(lines))


@pytest.mark.parametrize("count", [1, 5, 50])
def test_u6_requests_to_find_bad_lines_among_five_thousand(rig, fake, count):
    """k bad lines of n cost about k * log2(n / k) requests, where the server
    writes nothing and names nothing; twice of that at most, and k more."""
    total = 5000
    bad = {(2 * n + 1) * total // (2 * count) for n in range(count)}
    lines = mixed(total, bad)
    fake.rule = answers.refusing(answers.v3_compat, is_bad, why)
    # While nobody is there they come together in one write.
    moon = rig(more='batch_lines = 5000, batch_bytes = "8MB"', first_down=True)
    moon.send(lines, at_once=total)
    fake.up()
    moon.judge(refused=bad_ones(lines))
    writes = fake.writes
    least = count * math.log2(total / count)
    print(f"U6: {count} bad lines of {total} cost {writes} requests (k*log2(n/k) = {least:.0f})")
    assert writes <= 2 * least + 2 * count + 10
