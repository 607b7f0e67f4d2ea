"""Escapes one stretch of Markdown prose so that it can only be read, never act."""

import bisect
import html
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.entities import html5

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
    | (?P<address>{ADDRESS})
    | (?P<entity>&(?:\#[0-9]{{1,7}}|\#[xX][0-9a-fA-F]{{1,6}}
                    |[A-Za-z][A-Za-z0-9]{{1,31}});)
    | (?P<sign>[&<])
    | (?P<call>@(?=[A-Za-z0-9])|\#(?=[0-9])|\bGH-(?=[0-9])|\b[Ff][Tt][Pp]:(?=//))
    | (?P<bracket>\](?=[(:]))
    | ^(?P<indent>[^\S\n]*)(?P<slash>/)
    """,
    re.VERBOSE | re.MULTILINE,
)
NUMERIC = re.compile(r"&#[xX]?[0-9a-fA-F]+;")
ESCAPE_OR_RUN = re.compile(r"\\[!-/:-@\[-`{-~]|`+")
# A command to whoever reads comments line by line; in a span a line's end is a blank.
LINE_OF_SPAN = re.compile(r"\n[^\S\n]*/")
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
    for start, end in [*code, (len(text), len(text))]:
        while match := ACTIVE.search(text, at, start):
            done += [text[at : match.start()], _escape(match)]
            at = match.end()
        done += [text[at:start], LINE_OF_SPAN.sub(" /", text[start:end])]
        at = end
    return "".join(done)


def code_spans(text: str, first: int, last: int) -> Iterator[Span]:
    """Yield the code spans between two offsets, with their backticks.

    A run of backticks opens a span when a run of the same length follows it. A
    backslash hides a backtick outside a span, and is a plain character inside.
    """
    starts: defaultdict[int, list[int]] = defaultdict(list)
    for run in re.compile("`+").finditer(text, first, last):
        starts[len(run[0])].append(run.start())
    at = first
    while opener := ESCAPE_OR_RUN.search(text, at, last):
        at = opener.end()
        if opener[0].startswith("\\"):
            continue
        length = len(opener[0])
        candidates = starts[length]
        index = bisect.bisect_left(candidates, at)
        if index < len(candidates):
            at = candidates[index] + length
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
        return "\\" + character
    # A letter spelled as a number would otherwise complete what stands before it.
    return BREAK + character if character.isascii() else character


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
