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


def damage(context, case, what, quick_frames, full_frames):
    """Of a segment of so many frames, 94 bytes each, everywhere."""
    frames = context.of(quick_frames, full_frames)
    said = run_test(context, "test_segment", {"TORTURE_FRAMES": str(frames), "TORTURE_ONLY": case})
    count = count_of(said, what)
    return Result(count, 0, f"{count} {what}: {passed(said, case)}")


def crash(context, part):
    """seeds, power cuts, points acknowledged, reported lost"""
    first, seeds = part
    said = run_test(context, "test_crash", {"CRASH_FIRST": str(first), "CRASH_SEEDS": str(seeds)})
    found = re.search(r"(\d+) seeds, (\d+) power cuts, (\d+) points acknowledged, +(\d+) reported lost", said)
    require(found, f"it does not say what it did: {said[-500:]}")
    context.note(seeds, context.of(20_000, 1_000_000))
    return tuple(int(number) for number in found.groups())


def d1(context):
    """crash at any operation"""
    seeds = context.of(20_000, 1_000_000)
    batch = 50_000
    parts = [(first, min(batch, seeds + 1 - first)) for first in range(1, seeds + 1, batch)]
    found = [crash(context, part) for part in parts]
    count, cuts, points, reported = (sum(column) for column in zip(*found))
    return Result(count, 0, f"{count} seeds, {cuts} power cuts, {points} points acknowledged;"
                            f" {reported} delivered ones were missed by the reader")


def d8(context):
    """cut at every byte"""
    return damage(context, "a_cut_at_any_byte_keeps_the_frames_before_it", "cuts", 100, 2800)


def d9(context):
    """flip every bit"""
    passed(run_test(context, "test_tail"), "any_bit_of_a_segment_costs_one_point_at_most")
    return damage(context, "a_flipped_bit_costs_one_frame_at_most", "flips", 100, 700)


def d10(context):
    """bad blocks"""
    return damage(context, "damaged_blocks_cost_the_frames_they_touch", "blocks", 100, 2800)


def d11(context):
    """cursor damaged"""
    said = run_test(context, "test_tail")
    count = count_of(said, "cursors")
    cases = passed(said, "no_cursor_passes_over_a_frame"), passed(run_test(context, "test_segment"), "a_cursor_is_whole_or_nothing")
    return Result(count, 0, f"{count} cursors, cut or with a bit flipped anywhere, missing, far ahead, of another journal: {'; '.join(cases)}")


def d12(context):
    """forged frames"""
    count = context.of(10_000, 1_000_000)
    case = "forged_frames_never_count"
    said = run_test(context, "test_segment", {"TORTURE_FORGERIES": str(count), "TORTURE_ONLY": case})
    return Result(count_of(said, "forgeries"), 0, f"{count} segments with forgeries: {passed(said, case)}")
