"""A comparison as GitHub-flavoured Markdown that nothing in it can break out of."""

import re
from collections.abc import Iterable, Sequence

from core.checkpoints.diff import wording
from core.checkpoints.diff.comparison import (
    NOISE,
    ArtifactDiff,
    Comparison,
    RunComparison,
    Side,
    StepComparison,
)
from core.checkpoints.diff.model import Change

TICKS = re.compile("`+")
FENCE = 3


def comparison_markdown(one: Comparison) -> str:
    """Return a comparison of two checkpoints as a document of its own."""
    return _joined(["# What changed between two checkpoints", *_parts(one, "##")])


def runs_markdown(one: RunComparison) -> str:
    """Return a comparison of two runs as a document of its own."""
    parts = [
        "# What two runs did differently",
        f"First {code(one.before)}, second {code(one.after)}.",
        *_quoted(one.notes),
        "\n".join(_step(each) for each in one.steps) or "Neither has come to a step.",
    ]
    if one.first is not None:
        parts += ["## The first divergence", *_parts(one.first, "###")]
    return _joined(parts)


def code(text: str) -> str:
    """Return text as a code span, whatever backticks are in it; one line."""
    shown_text = wording.visible(text).replace("\n", "\\n") or " "
    ticks = "`" * (_longest_run(shown_text) + 1)
    edge = " " if "`" in (shown_text[0], shown_text[-1]) else ""
    return f"{ticks}{edge}{shown_text}{edge}{ticks}"


def fenced(text: str, language: str) -> str:
    """Return text as a fenced block, whatever fences are in it."""
    whole = wording.visible(text).removesuffix("\n")
    ticks = "`" * max(FENCE, _longest_run(whole) + 1)
    return f"{ticks}{language}\n{whole}\n{ticks}"


def _parts(one: Comparison, heading: str) -> Iterable[str]:
    yield f"- Before: {_side(one.before)}\n- After: {_side(one.after)}"
    yield f"**{_summary(one)}**"
    yield from _quoted(one.notes)
    yield from _changes(one.state.changes)
    if one.artifacts:
        yield f"{heading} Artifacts"
    for each in one.artifacts:
        yield from _artifact(each)
    if one.truncated:
        yield f"{heading} Left out"
        yield "\n".join(f"- {_plain(words)}" for words in one.truncated)


def _summary(one: Comparison) -> str:
    if one.same:
        return "Nothing differs."
    if not one.meaning:
        return f"Nothing but noise differs: {wording.counted(one.state.counts)}."
    return f"{wording.counted(one.state.counts)}."


def _side(one: Side) -> str:
    redacted = ", redacted" if one.redacted else ""
    where = f"{code(one.checkpoint_id)} of {code(one.run_id)}"
    digest = code(wording.short(one.digest))
    return f"{where}, {_plain(wording.side(one))}, state {digest}{redacted}"


def _changes(changes: Sequence[Change]) -> Iterable[str]:
    for name, found in wording.grouped(changes).items():
        lines = "\n".join(_change(one) for one in found)
        if name == NOISE:
            yield _folded(f"{len(found)} of noise", lines)
        else:
            yield f"**{name.capitalize()}**\n\n{lines}"


def _change(one: Change) -> str:
    line = f"- {code(wording.place(one.path))}"
    if one.redacted:
        return f"{line}: {wording.REDACTED}"
    if one.text:
        return f"{line}:\n\n{_indented(fenced(one.text, 'diff'))}"
    match one.kind:
        case "added":
            return f"{line}: {code(wording.value(one.after))}"
        case "removed":
            return f"{line}: {code(wording.value(one.before))}"
        case "moved":
            return f"{line}, from {code(wording.place(one.from_))}"
        case "changed":
            before, after = wording.value(one.before), wording.value(one.after)
            return f"{line}: {code(before)} → {code(after)}"


def _artifact(one: ArtifactDiff) -> Iterable[str]:
    words = f"{code(one.name)}: {_plain(wording.artifact(one))}"
    if one.counts:
        words = f"{words} ({wording.counted(one.counts)})"
    yield words
    if one.text:
        yield _folded("Its text", fenced(one.text, "diff"))
    yield from _changes(one.changes)


def _step(one: StepComparison) -> str:
    return f"- {code(one.step)}: {wording.step(one)}"


def _quoted(notes: Iterable[str]) -> Iterable[str]:
    return (f"> {_plain(note)}" for note in notes)


def _plain(text: str) -> str:
    """Return a sentence of ours, in which a name may mean something to Markdown."""
    line = " ".join(wording.visible(text).split())
    return re.sub(r"([\\`*_{}\[\]<>#|~@&!])", r"\\\1", line)


def _folded(summary: str, inner: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{inner}\n\n</details>"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" if line else "" for line in text.split("\n"))


def _longest_run(text: str) -> int:
    return max((len(run) for run in TICKS.findall(text)), default=0)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
