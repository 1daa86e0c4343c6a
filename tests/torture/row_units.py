"""D1, D8 to D12: what is proved inside one process, by the unit tests; counted
from what they say."""

import os
import re
import subprocess

from kit import CannotTry, Result, require


SAID = {}  # by test and environment: each is run once


def run_test(context, name, env=None, seconds=7200):
    """What the test said."""
    key = (name, *(env or {}).items())
    if key not in SAID:
        test = context.build / name
        if not test.exists():
            raise CannotTry(f"{test} is not built")
        done = subprocess.run(
            [str(test)],
            cwd=context.folder(name),
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        SAID[key] = done.returncode, done.stdout + done.stderr
    code, said = SAID[key]
    require(code == 0, said[-2000:])
    return said


def passed(said, case):
    require(re.search(rf"\[ +OK \] {case}\b", said), f"there is no test {case}")
    return case.replace("_", " ")


def count_of(said, what):
    found = re.search(rf"^{what}: (\d+)", said, re.M)
    require(found, f"it does not say how many {what}")
    return int(found[1])


def damage(context, case, what):
    """Of a segment of 9 or 64 KB, everywhere."""
    frames = 100 if context.quick else 700
    said = run_test(context, "test_segment", {"TORTURE_FRAMES": str(frames)})
    count = count_of(said, what)
    return Result(count, 0, f"{count} {what}: {passed(said, case)}")


def d1(context):
    """crash at any operation"""
    seeds = context.of(20_000, 1_000_000)
    said = run_test(context, "test_crash", {"CRASH_SEEDS": str(seeds)})
    found = re.search(r"(\d+) seeds, (\d+) power cuts, (\d+) points acknowledged, +(\d+) reported lost", said)
    require(found, f"it does not say what it did: {said[-500:]}")
    return Result(int(found[1]), 0, f"{found[1]} seeds, {found[2]} power cuts, {found[3]} points acknowledged")


def d8(context):
    """cut at every byte"""
    return damage(context, "a_cut_at_any_byte_keeps_the_frames_before_it", "cuts")


def d9(context):
    """flip every bit"""
    passed(run_test(context, "test_tail"), "any_bit_of_a_segment_costs_one_point_at_most")
    return damage(context, "a_flipped_bit_costs_one_frame_at_most", "flips")


def d10(context):
    """bad blocks"""
    return damage(context, "damaged_blocks_cost_the_frames_they_touch", "blocks")


def d11(context):
    """cursor damaged"""
    said = passed(run_test(context, "test_tail"), "no_cursor_passes_over_a_frame")
    return Result(1, 0, f"{said}; {passed(run_test(context, 'test_segment'), 'a_cursor_is_whole_or_nothing')}")


def d12(context):
    """forged frames"""
    return Result(1, 0, passed(run_test(context, "test_segment"), "forged_frames_never_count"))
