"""Suggestions are tried on the file before anybody is offered them; nothing is applied.

nofx never applies a suggestion, on a fork or elsewhere: a person does, by GitHub's
button. So one that would break the file, or replace other lines than it was made for,
is shown as text instead.
"""

import re
from collections.abc import Mapping

from core.review.findings import BODY, Finding, Side
from core.review.syntax import LARGEST, broken_by

LINE = re.compile(rb"[^\n]*\n|[^\n]+")
NOTHING = "it changes nothing"
LEFT = "it is for lines that this change removes"
NARROWED = "it is for more lines than GitHub shows"
NOWHERE = "it is not known for which lines it is"
UNTRIED = "the file was not at hand to try it"
NO_LINES = "the file has no such lines"
TOO_LARGE = "the file is too large to try it"


def applied(data: bytes, start: int, end: int, replacement: str) -> bytes | None:
    """Return a file with its lines from `start` to `end`, from 1, replaced.

    As GitHub does it: an empty replacement deletes the lines. Line ends are those of
    the lines that go, and a file without a last line feed stays without one. None when
    the file has no such lines.
    """
    lines = LINE.findall(data)
    if not 1 <= start <= end <= len(lines):
        return None
    gone = lines[start - 1 : end]
    model = gone[0] if gone[0].endswith(b"\n") else lines[0]
    line_end = b"\r\n" if model.endswith(b"\r\n") else b"\n"
    plain = replacement.replace("\r\n", "\n").removesuffix("\n")
    new = [one.encode() + line_end for one in plain.split("\n")] if replacement else []
    result = b"".join((*lines[: start - 1], *new, *lines[end:]))
    return result if gone[-1].endswith(b"\n") else result.removesuffix(line_end)


def objection(
    finding: Finding, shown: tuple[int, int], files: Mapping[str, bytes]
) -> str | None:
    """Return why a suggestion cannot be offered; None when it can, or there is none.

    `shown` are the first and last line that its comment will stand on, `files` the
    changed files at the head. Takes processor time: call it in a thread.
    """
    if finding.suggestion is None:
        return None
    if finding.unplaced is not None:
        return NOWHERE
    if finding.side is Side.LEFT:
        return LEFT
    if shown != (finding.start_line or finding.line, finding.line):
        return NARROWED
    return _tried(finding, finding.suggestion, files.get(finding.path))


def _tried(finding: Finding, suggestion: str, data: bytes | None) -> str | None:
    if data is None:
        return UNTRIED
    if len(data) > LARGEST:
        return TOO_LARGE
    start = finding.start_line or finding.line
    after = applied(data, start, finding.line, suggestion)
    if after is None:
        return NO_LINES
    return NOTHING if after == data else broken_by(finding.path, data, after)


def in_words(finding: Finding, reason: str) -> Finding:
    """Return a finding whose suggestion is text in its body, with the reason for it.

    One that changes nothing is left out, as is one for which there is no room.
    """
    code = finding.suggestion or ""
    body = finding.body
    if reason != NOTHING:
        told = f"{body}\n\nNot offered as a suggestion, for {reason}"
        body = f"{told}:\n\n{_block(code)}".strip() if code else f"{told}.".strip()
        if len(body) > BODY:
            body = finding.body
    return finding.model_copy(update={"suggestion": None, "body": body})


def _block(code: str) -> str:
    longest = max((len(run) for run in _runs(code)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((fence, code.removesuffix("\n"), fence))


def _runs(code: str) -> list[str]:
    return "".join(one if one == "`" else " " for one in code).split()
