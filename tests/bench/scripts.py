"""scripts.py - what the guard around a script costs, in one table.

Each payload is run through its script by scripts.c: with all limits and with
none, with Lua's incremental and its generational collector. The four take
turns, many times, and the table shows medians: a slow moment of the machine
hits all of them.
"""

import json
import statistics
import subprocess
from pathlib import Path

from parts import HERE, Failure

ROOT = HERE.parent.parent
ALLOWED = 0.05

# Forty-four fields in a loop: what a count hook costs most.
FIELDS = """
return function(req)
  local fields = {}
  for name, value in pairs(req.json) do
    if name ~= "id" then fields[name] = number(value) end
  end
  return point("weather", { id = req.json.id }, fields)
end
"""


def compile_program(build, sh):
    program = build / "scripts"
    flags = sh("pkg-config", "--cflags", "--libs", "lua5.4", "gnutls",
               "zlib").split()
    sh("ninja", "-C", build, "moonline-core")
    wraps = [f"-Wl,--wrap=lua_{name}"
             for name in ("newstate", "getallocf", "sethook")]
    sh("cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror",
       "-I", ROOT / "src", "-o", program, HERE / "scripts.c",
       build / "libmoonline-core.a", *wraps, *flags, "-lm", "-pthread")
    return program


def payloads(work, readings):
    """Name, script, body, runs a measurement."""
    fields = work / "fields.lua"
    fields.write_text(FIELDS)
    station = work / "station.json"
    station.write_text(json.dumps(
        {"id": "ridge", **{f"f{i}": str(i * 1.25) for i in range(44)}}))
    return [("uplink, 1 point", ROOT / "scripts/thethingsstack.lua",
             HERE / "uplink.json", 20000),
            ("44 fields of text", fields, station, 10000),
            ("1,000 readings", HERE / "readings.lua", readings, 100)]


def run(program, script, body, runs, collector, limits):
    done = subprocess.run([program, script, body, str(runs), collector,
                           limits], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(done.stderr)
    ns, points = done.stdout.split()
    return float(ns), int(points)


def measure(program, script, body, runs, rounds):
    kinds = [(collector, limits) for collector in ("inc", "gen")
             for limits in ("limits", "none")]
    samples = {kind: [] for kind in kinds}
    points = 0
    for _ in range(rounds):
        for kind in kinds:
            ns, points = run(program, script, body, runs, *kind)
            samples[kind].append(ns)
    return {kind: statistics.median(samples[kind]) for kind in kinds}, points


def print_scripts(program, work, readings, rounds=15):
    """The worst share of the guard among the payloads."""
    print("one run of a script, JSON decoded, CPU microseconds")
    print(f"{'':18} {'no limits':>10} {'all limits':>10} {'guard':>7}"
          f" {'generational':>13} {'points/s':>10}")
    worst = 0.0
    for name, script, body, runs in payloads(Path(work), readings):
        took, points = measure(program, script, body, runs, rounds)
        guard = took["inc", "limits"] / took["inc", "none"] - 1
        worst = max(worst, guard)
        print(f"{name:18} {took['inc', 'none'] / 1e3:10.2f}"
              f" {took['inc', 'limits'] / 1e3:10.2f} {guard:7.1%}"
              f" {took['gen', 'limits'] / 1e3:13.2f}"
              f" {points * 1e9 / took['inc', 'limits']:10,.0f}")
    return worst
