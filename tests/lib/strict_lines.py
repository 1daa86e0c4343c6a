"""strict_lines.py - line protocol, read as strictly as the strictest server.

Shares nothing with the program: it is what judges it. One line at a time, in
the canonical form that every server reads in the same way: no comment, no blank
that is not needed, tags in order and each once, a stamp.
"""

import collections
import re

NAME = rb"(?:[^,= \\\x00-\x1f\x7f]|\\[,= ]|\\(?![,= ]|$))+"
TAG = rb"," + NAME + rb"=" + NAME
STRING = rb'"(?:[^"\\\x00-\x1f\x7f]|\\["\\])*"'
NUMBER = rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
VALUE = rb"(?:" + STRING + rb"|true|false|" + NUMBER + rb"[iu]?)"
FIELD = NAME + rb"=" + VALUE
LINE = re.compile(
    rb"(?P<measurement>(?![#_])" + NAME.replace(b"=", b"") + rb")(?P<tags>(?:" + TAG + rb")*) "
    rb"(?P<fields>" + FIELD + rb"(?:," + FIELD + rb")*) (?P<time>-?[0-9]{1,19})"
)
ONE_TAG = re.compile(rb",(" + NAME + rb")=(" + NAME + rb")")
INT64 = 1 << 63

Line = collections.namedtuple("Line", "series fields time")


class NotALine(ValueError):
    pass


def read(line):
    """Series and fields as bytes, the time as a number. NotALine: why."""
    found = LINE.fullmatch(line)
    if not found:
        raise NotALine(f"no line protocol: {line[:200]!r}")
    keys = [tag[1] for tag in ONE_TAG.finditer(found["tags"])]
    if any(left >= right for left, right in zip(keys, keys[1:])):
        raise NotALine(f"tags out of order: {line[:200]!r}")
    try:
        line.decode()
    except UnicodeDecodeError as why:
        raise NotALine(f"{why}: {line[:200]!r}") from why
    time = int(found["time"])
    if not -INT64 + 2 <= time <= INT64 - 2:
        raise NotALine(f"a time beyond the range: {line[:200]!r}")
    return Line(found["measurement"] + found["tags"], found["fields"], time)


def split(body):
    """The lines of a body: whole ones only, at least one."""
    if not body.endswith(b"\n"):
        raise NotALine(f"the last line does not end: {body[-200:]!r}")
    return body[:-1].split(b"\n")
