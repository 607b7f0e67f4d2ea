"""Escapes one stretch of Markdown prose so that it can only be read, never act."""

import bisect
import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.entities import html5

from typing_extensions import override

from core.review.invisible import strip_invisible

Span = tuple[int, int]

# An address that shows where it leads: http(s), a host with a dot, nothing to escape.
PATH_CHARACTER = r"(?:[A-Za-z0-9/?=.,:%+~_-]|&(?![\#A-Za-z0-9]+;))"
ADDRESS = (
    r"https?://[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]{1,5})?"
    rf"(?:[/?]{PATH_CHARACTER}*(?:\#{PATH_CHARACTER}*)?)?"
)
LABEL = r"[^\[\]`<>\\@&\n]*"
# What can act, in the order of Markdown's own reading. What matches nothing here is
# plain text.
ACTIVE = re.compile(
    rf"""
      \\(?P<escaped>[!-/:-@\[-`{{-~])
    | !\[(?P<alt>{LABEL})\]\((?P<image>{ADDRESS})\)
    | (?P<link>\[(?P<label>{LABEL})\]\((?P<target>{ADDRESS})\))
    | (?<![A-Za-z])(?P<address>{ADDRESS})
    | (?P<entity>&(?:\#[0-9]{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}}
                    |[A-Za-z][A-Za-z0-9]{{1,31}});)
    | (?P<sign>[&<])
    | (?P<call>@(?=[A-Za-z0-9])|\#(?=[0-9])|(?<![^\W_])[Gg][Hh]\\?-(?=[0-9])
              |[Ff][Tt][Pp]:(?=//))
    | (?P<bracket>\](?=[(:]))
    | ^(?P<indent>[^\S\n]*)(?P<slash>/)
    """,
    re.VERBOSE | re.MULTILINE,
)
OPEN_ADDRESS = re.compile(r"(?:https?://|www\.)[^ \t\n\v\f\r<]*\Z", re.IGNORECASE)
NUMERIC = re.compile(r"&#[xX]?[0-9a-fA-F]+;")
ESCAPE_OR_RUN = re.compile(r"\\[!-/:-@\[-`{-~]|`+")
# A span shows a line's end as a blank. What stands behind it could be a command to
# whoever reads comments line by line, or begin raw HTML, which ends the span.
LINE_OF_SPAN = re.compile(r"\n[ \t>]*")
PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
SIGNS = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
# Keeps a mention or an issue number from being one; nobody sees it.
BREAK = "&#8203;"


def escape_prose(text: str, code: Sequence[Span]) -> str:
    """Escape everything outside the spans in `code`, which are in order.

    Raw HTML and comments, images, reference definitions, link titles, addresses other
    than http(s), mentions, issue numbers and slash commands become plain text; an
    image with an honest address becomes a link. Escaping twice changes nothing.
    """
    done, at = [], 0
    for start, end in code:
        prose = _escaped_prose(text, at, start)
        # A bare address goes on to the next blank, and would take the backtick along.
        apart = " " if OPEN_ADDRESS.search(prose) else ""
        done += [prose, apart, LINE_OF_SPAN.sub(" ", text[start:end])]
        at = end
    return "".join((*done, _escaped_prose(text, at, len(text))))


def _escaped_prose(text: str, at: int, end: int) -> str:
    done = []
    while match := ACTIVE.search(text, at, end):
        done += [text[at : match.start()], _escape(match)]
        at = match.end()
    return "".join((*done, text[at:end]))


def code_spans(text: str, first: int, last: int) -> list[Span]:
    """Return what is code between two offsets for every reader, with its backticks.

    A run of backticks opens a span when a run of the same length follows it. A
    backslash hides a backtick outside a span, and is a plain character inside.
    """
    runs = [run.span() for run in re.compile("`+").finditer(text, first, last)]
    seen = set(_spans(text, first, last, _AtGitHub(runs)))
    return [span for span in _spans(text, first, last, _Closers(runs)) if span in seen]


class _Closers:
    """Finds the end of a code span as CommonMark has it: the next run so long."""

    def __init__(self, runs: Sequence[Span]) -> None:
        self._starts: defaultdict[int, list[int]] = defaultdict(list)
        for start, end in runs:
            self._starts[end - start].append(start)

    def end_of(self, at: int, length: int) -> int | None:
        """Return where a span ends that a run of this length before `at` opens."""
        starts = self._starts[length]
        index = bisect.bisect_left(starts, at)
        return starts[index] + length if index < len(starts) else None


class _AtGitHub(_Closers):
    """Finds it as cmark-gfm does, which once forgets closers that it has seen.

    Having looked for one in vain, it trusts its notes of where the last run of each
    length stands; but finding another takes down that one as the last. Source:
    `scan_to_closing_backticks` in its src/inlines.c.
    """

    LONGEST = 80

    def __init__(self, runs: Sequence[Span]) -> None:
        super().__init__(runs)
        self._runs = runs
        self._noted: dict[int, int] = {}
        self._in_vain = False

    @override
    def end_of(self, at: int, length: int) -> int | None:
        if length > self.LONGEST:
            return None
        if self._in_vain and self._noted.get(length, 0) <= at:
            return None
        end = super().end_of(at, length)
        first = bisect.bisect_left(self._runs, (at, at))
        for place in range(first, len(self._runs)):
            start, stop = self._runs[place]
            self._noted[stop - start] = start
            if stop == end:
                break
        self._in_vain = self._in_vain or end is None
        return end


def _spans(text: str, first: int, last: int, closers: _Closers) -> Iterator[Span]:
    at = first
    while opener := ESCAPE_OR_RUN.search(text, at, last):
        at = opener.end()
        if opener[0].startswith("\\"):
            continue
        end = closers.end_of(at, len(opener[0]))
        if end is not None:
            at = end
            yield opener.start(), at


def _escape(match: re.Match[str]) -> str:
    return WRITERS[match.lastgroup or ""](match)


def _escaped(match: re.Match[str]) -> str:
    """Keep a backslash escape, save where the character would act all the same."""
    character = match["escaped"]
    following = match.string[match.end() : match.end() + 1]
    if character in "@#" and following.isalnum():
        return character + BREAK
    return SIGNS["<"] if character == "<" else match[0]


def _link(match: re.Match[str]) -> str:
    """Keep a link, save one that is labelled as another address."""
    label, target = match["label"], match["target"]
    posing = "://" in label or label.strip().lower().startswith("www.")
    if posing and label != target:
        return f"[{label}\\]({target})"
    return match[0]


def _entity(entity: str) -> str:
    """Write the character that an entity stands for, unable to act."""
    known = NUMERIC.fullmatch(entity) or entity[1:] in html5
    if not known:
        return SIGNS["&"] + entity[1:]
    return "".join(_harmless(character) for character in html.unescape(entity))


def _harmless(character: str) -> str:
    if character.isspace():
        return "&#32;"
    if not strip_invisible(character):
        return BREAK
    if character in SIGNS:
        return SIGNS[character]
    if character in "@#":
        return character + BREAK
    if PUNCTUATION.fullmatch(character):
        # With a plain hyphen GH&#45;7 would be an issue.
        return f"\\{character}{BREAK if character == '-' else ''}"
    # A letter spelled as a number would otherwise complete what stands beside it.
    return f"{BREAK}{character}{BREAK}" if character.isascii() else character


def _image(match: re.Match[str]) -> str:
    # What stands before could make a name of our word.
    apart = BREAK if match.string.endswith("@", 0, match.start()) else ""
    return f"{apart}image: [{match['alt'] or 'untitled'}]({match['image']})"


# How each kind of active piece is written, by the name of its group above.
WRITERS: Mapping[str, Callable[[re.Match[str]], str]] = {
    "escaped": _escaped,
    "image": _image,
    "link": _link,
    "address": lambda match: match[0],
    "entity": lambda match: _entity(match[0]),
    "sign": lambda match: SIGNS[match[0]],
    "call": lambda match: match[0] + BREAK,
    "bracket": lambda _: "\\]",
    "slash": lambda match: f"{match['indent']}\\/",
}
