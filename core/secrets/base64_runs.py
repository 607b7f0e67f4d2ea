"""What Base64 in a text stands for, wrapped over lines or not."""

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

# How a line of it may end and the next begin: in a list of strings, a quoted answer, a
# diff, a comment.
BREAK = r"[\"']?[ \t,+\\]*+\r?\n[ \t>|#*\"'+-]*+"
# Its first line has 16 letters or more, which 12 characters take.
LETTER = r"[A-Za-z0-9+/_-]"
RUN = re.compile(rf"{LETTER}{{16,}}+(?:{BREAK}{LETTER}{{2,}}+)*+={{0,2}}")
BETWEEN = re.compile(BREAK)
OTHERS = re.compile(r"[^A-Za-z0-9+/]+")
STANDARD = str.maketrans("-_", "+/")
# Stands between two runs: one group of it, at least, is decoded to NUL bytes.
GAP = "AAAAAAAA"
ALIGNMENTS = 4
# What may be text. Nothing else that Base64 could stand for is looked at.
WORDS = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}"
    rb"|[\xf0-\xf4][\x80-\xbf]{3}){8,}+"
)
# The same as some systems write it, in UTF-16.
WIDE = re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00){8,}+")
SEPARATOR = "\n;;\n"


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
