"""Differences for a person at a terminal: coloured there, plain in a pipe."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.text import Text

from bot.cli.tables import table
from bot.plain import one_line, visible
from bot.terminal import console_for
from core.checkpoints.diff import wording
from core.checkpoints.diff.comparison import (
    NOISE,
    ArtifactDiff,
    Comparison,
    RunComparison,
    Side,
)
from core.checkpoints.diff.model import Change, StateDiff

MARKS: Mapping[str, str] = {"added": "+", "removed": "-", "changed": "~", "moved": ">"}
STYLES: Mapping[str, str] = {
    "+": "green",
    "-": "red",
    "~": "yellow",
    ">": "cyan",
    "@": "dim cyan",
}
INDENT = "    "
Line = tuple[str, str]


def checkpoints(found: Comparison, *, noise: bool) -> str:
    """Tell what differs between two checkpoints, noise only if it is wanted."""
    return _coloured(_comparison(found, noise=noise))


def runs(found: RunComparison, *, noise: bool) -> str:
    """Tell how each step came out in two runs, and the first divergence in full."""
    lines = [f"First   {found.before}", f"Second  {found.after}", *found.notes, ""]
    steps = table(
        ("STEP", "RESULT"), [(one.step, wording.step(one)) for one in found.steps]
    )
    head = "".join(f"{one_line(line)}\n" for line in lines)
    if not found.steps:
        return f"{head}Neither has come to a step.\n"
    if found.first is None:
        return f"{head}{steps}"
    first = _coloured(_comparison(found.first, noise=noise))
    return f"{head}{steps}\nThe first divergence:\n\n{first}"


def changes_between(found: StateDiff) -> str:
    """Tell what differs between two states, without what is noise."""
    lines = list(_changes(found.changes, noise=False))
    lines += [(f"Left out: {words}", "yellow") for words in found.truncated]
    return _coloured(lines)


def _comparison(found: Comparison, *, noise: bool) -> Iterator[Line]:
    yield f"Before  {_side(found.before)}", ""
    yield f"After   {_side(found.after)}", ""
    yield from ((note, "italic") for note in found.notes)
    yield _summary(found), "bold"
    yield from _changes(found.state.changes, noise=noise)
    for one in found.artifacts:
        if noise or not one.noise:
            yield from _artifact(one, noise=noise)
    yield from ((f"Left out: {words}", "yellow") for words in found.truncated)
    quiet = found.state.counts.get(NOISE, 0)
    if quiet and not noise:
        yield f"{quiet} of noise not shown: --noise shows it.", "dim"


def _summary(found: Comparison) -> str:
    if found.same:
        return "Nothing differs."
    counted = wording.counted(found.state.counts)
    return f"{counted}." if found.meaning else f"Nothing but noise differs: {counted}."


def _side(one: Side) -> str:
    redacted = ", redacted" if one.redacted else ""
    return f"{wording.side(one)} of {one.run_id}, {one.checkpoint_id}{redacted}"


def _changes(
    changes: Iterable[Change], *, noise: bool, indent: str = ""
) -> Iterator[Line]:
    for one in changes:
        if one.noise and not noise:
            continue
        mark = MARKS[one.kind]
        style = "dim" if one.noise else STYLES[mark]
        yield f"{indent}{mark} {wording.place(one.path)}{_words(one)}", style
        if one.text and not one.redacted:
            yield from _unified(one.text, indent + INDENT)


def _words(one: Change) -> str:
    if one.redacted:
        return f": {wording.REDACTED}"
    if one.text:
        return ":"
    match one.kind:
        case "added":
            return f": {wording.value(one.after)}"
        case "removed":
            return f": {wording.value(one.before)}"
        case "moved":
            return f", from {wording.place(one.from_)}"
        case "changed":
            return f": {wording.value(one.before)} -> {wording.value(one.after)}"


def _artifact(one: ArtifactDiff, *, noise: bool) -> Iterator[Line]:
    counted = f" ({wording.counted(one.counts)})" if wording.counted(one.counts) else ""
    words = wording.artifact(one).replace("→", "->")
    yield f"Artifact {one.name}: {words}{counted}", "bold"
    if one.text:
        yield from _unified(one.text, INDENT)
    yield from _changes(one.changes, noise=noise, indent=INDENT)


def _unified(text: str, indent: str) -> Iterator[Line]:
    for line in text.split("\n"):
        yield f"{indent}{wording.visible(line)}", STYLES.get(line[:1], "")


def _coloured(lines: Iterable[Line]) -> str:
    console = console_for(sys.stdout)
    # A tab of a unified diff stays; nothing else in it commands the terminal.
    safe: Sequence[Line] = [(visible(line), style) for line, style in lines]
    if not console.is_terminal:
        return "".join(f"{line}\n" for line, _ in safe)
    with console.capture() as captured:
        for line, style in safe:
            console.print(Text(line, style=style), soft_wrap=True)
    return captured.get()
