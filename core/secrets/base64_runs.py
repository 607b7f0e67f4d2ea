"""What Base64 in a text stands for, wrapped over lines or not."""

import binascii
import functools
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import re2

# How a line of it may end and the next begin: in a list of strings, a quoted answer, a
# diff, a comment.
BREAK = r"[\"']?[ \t,+\\]*+\r?\n[ \t>|#*\"'+-]*+"
# Its first line has 16 letters or more, which 12 characters take. No group is
# possessive: before 3.11.5 Python keeps of such a one what it tried in vain,
# https://github.com/python/cpython/issues/106052.
LETTER = r"[A-Za-z0-9+/_-]"
RUN = re.compile(rf"{LETTER}{{16,}}+(?:{BREAK}{LETTER}{{2,}}+)*={{0,2}}")
BETWEEN = re.compile(BREAK)
OTHERS = re.compile(r"[^A-Za-z0-9+/]+")
STANDARD = str.maketrans("-_", "+/")
# Stands between two runs: one group of it, at least, is decoded to NUL bytes.
GAP = "AAAAAAAA"
ALIGNMENTS = 4
# What may be text. Nothing else that Base64 could stand for is looked at.
ASCII = rb"[\t\n\r\x20-\x7e]"
BEYOND = rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
SOME_WORDS = b"(?:" + ASCII + b"|" + BEYOND + b"){8}"
WORDS = re.compile(SOME_WORDS + b"(?:" + ASCII + b"++|" + BEYOND + b")*")
# The same as some systems write it, in UTF-16.
SOME_WIDE = b"(?:" + ASCII + rb"\x00){8}"
WIDE = re.compile(SOME_WIDE + b"(?:" + ASCII + rb"\x00)*")
SEPARATOR = "\n;;\n"
# Of the runs in bytes all but their letters becomes blank.
BLANK = bytes(code if re.fullmatch(LETTER, chr(code)) else 0x20 for code in range(256))
STANDARD_BYTES = bytes.maketrans(b"-_", b"+/")
SHORTEST_RUN = 16


@dataclass(frozen=True, slots=True)
class Decoded:
    """All texts that were in Base64; each part of them stands for a whole run."""

    text: str
    starts: list[int]
    spans: list[tuple[int, int]]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Return from where to where the runs go that a part was decoded from."""
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, max(start, end - 1)) - 1
        found = self.spans[first : last + 1]
        return min(one[0] for one in found), max(one[1] for one in found)


def decoded(text: str, seen: set[str]) -> Decoded | None:
    """Return what the Base64 in a text stands for, None when that is no text.

    Runs that were `seen` are passed over; those that are found are added to them.
    """
    runs, starts, at = list[str](), list[int](), 0
    spans = list[tuple[int, int]]()
    for span, run in _runs(text, seen):
        starts.append(at)
        spans.append(span)
        runs += (run, GAP)
        at += len(run) + len(GAP)
    joined = "".join(runs).translate(STANDARD)
    texts, text_starts, text_spans, at = list[str](), list[int](), [], 0
    for place, words in _words(joined):
        texts.append(words)
        text_starts.append(at)
        text_spans.append(spans[bisect_right(starts, place) - 1])
        at += len(words) + len(SEPARATOR)
    if not texts:
        return None
    return Decoded(SEPARATOR.join(texts), text_starts, text_spans)


def runs_that_hide(data: bytes) -> list[bytes]:
    """Return those runs that stand for text, in bytes where no run is wrapped.

    It is what `decoded` looks for, many times as fast: of text it tells no more than
    that it is there.
    """
    words = data.translate(BLANK).split()
    # Each once, in their order.
    runs = [*dict.fromkeys([one for one in words if len(one) >= SHORTEST_RUN])]
    gap = GAP.encode()
    starts = [0, *accumulate(map(len(gap).__add__, map(len, runs)))]
    joined = gap.join([*runs, b""]).translate(STANDARD_BYTES)
    hidden = set[int]()
    for shift in range(ALIGNMENTS):
        whole = (len(joined) - shift) // 4 * 4
        decoded = binascii.a2b_base64(joined[shift : shift + whole])
        for match in _any_words().finditer(decoded):
            first, last = (shift + place * 4 // 3 for place in match.span())
            begin, end = bisect_right(starts, first) - 1, bisect_right(starts, last)
            hidden.update(range(max(0, begin), min(end, len(runs))))
    return [runs[at] for at in sorted(hidden)]


@functools.cache
def _any_words() -> Any:
    """Return what finds the beginnings of WORDS and WIDE; RE2 does so far faster."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    return re2.compile(SOME_WORDS + b"|" + SOME_WIDE, options)


def _runs(text: str, seen: set[str]) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield each run with its place, its lines joined: as they are, and unprefixed."""
    for match in RUN.finditer(text):
        run = match[0]
        if run in seen:
            continue
        seen.add(run)
        span = match.span()
        if "\n" not in run:
            yield span, run.rstrip("=")
            continue
        whole = OTHERS.sub("", run.translate(STANDARD))
        yield span, whole
        bare = OTHERS.sub("", BETWEEN.sub("", run).translate(STANDARD))
        if bare != whole:
            yield span, bare


def _words(joined: str) -> Iterator[tuple[int, str]]:
    """Yield what may be text, and where in the joined runs it begins."""
    if not joined:
        return
    for shift in range(ALIGNMENTS):
        data = _bytes(joined[shift:])
        for match in WORDS.finditer(data):
            yield shift + match.start() * 4 // 3, match[0].decode("utf-8", "replace")
        for match in WIDE.finditer(data):
            yield shift + match.start() * 4 // 3, match[0].decode("utf-16-le")


def _bytes(joined: str) -> bytes:
    whole = len(joined) // 4 * 4
    return binascii.a2b_base64(joined[:whole])
