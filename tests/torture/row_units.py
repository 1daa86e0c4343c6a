"""D1, D8 to D12: what is proved inside one process, by the unit tests; counted
from what they say."""

import os
import re
import subprocess

from kit import CannotTry, Result, require


def run_test(context, name, pattern="*", env=None, seconds=7200):
    """What the test said."""
    test = context.build / name
    if not test.exists():
        raise CannotTry(f"{test} is not built")
    done = subprocess.run(
        [str(test)],
        cwd=context.folder(name),
        env={**os.environ, "CMOCKA_TEST_FILTER": pattern, **(env or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    said = done.stdout + done.stderr
    require(done.returncode == 0, said[-2000:])
    return said


def one(context, name, case):
    said = run_test(context, name)
    require(re.search(rf"\[ +OK \] {case}\b", said), f"{name} has no test {case}")
    return Result(1, 0, f"{name}: {case.replace('_', ' ')}")


def d1(context):
    """crash at any operation"""
    seeds = context.of(20_000, 1_000_000)
    said = run_test(context, "test_crash", env={"CRASH_SEEDS": str(seeds)})
    found = re.search(r"(\d+) seeds, (\d+) power cuts, (\d+) points acknowledged, +(\d+) reported lost", said)
    require(found, f"it does not say what it did: {said[-500:]}")
    return Result(int(found[1]), 0, f"{found[1]} seeds, {found[2]} power cuts, {found[3]} points acknowledged")


def d8(context):
    """cut at every byte"""
    return one(context, "test_segment", "a_cut_at_any_byte_keeps_the_frames_before_it")


def d9(context):
    """flip every bit"""
    one(context, "test_tail", "any_bit_of_a_segment_costs_one_point_at_most")
    return one(context, "test_segment", "a_flipped_bit_costs_one_frame_at_most")


def d10(context):
    """bad blocks"""
    return one(context, "test_segment", "damaged_blocks_cost_the_frames_they_touch")


def d11(context):
    """cursor damaged"""
    one(context, "test_segment", "a_cursor_is_whole_or_nothing")
    return one(context, "test_tail", "no_cursor_passes_over_a_frame")


def d12(context):
    """forged frames"""
    return one(context, "test_segment", "forged_frames_never_count")
