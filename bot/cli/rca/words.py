"""Bundles in words: proofs, replays, differences, members, and the report."""

import json
import re
import sys
from collections.abc import Sequence
from typing import Any

from rich.markdown import Markdown

from bot.cli.diff_words import changes_between
from bot.cli.tables import span, table
from bot.plain import counted, one_line, visible
from bot.replaying.values import Replay
from bot.terminal import console_for, emit
from core.rca.archive import Archive
from core.rca.between import Between, StepPair
from core.rca.holding import Held
from core.rca.used import StepUse

MARKS = {True: "holds", False: "BROKEN", None: "unknown"}
NEXT = "## Next"
DECISIONS = frozenset({"findings", "plan"})
HEADING = re.compile(r"^## ", re.MULTILINE)
LONGEST = 60


def emit_json(value: Any) -> None:
    """Print a value for machines."""
    emit(json.dumps(value, indent=2, default=str) + "\n")


def print_report(text: str, *, whole: str) -> None:
    """Print the report up to what is to be done next; well set on a terminal."""
    first = visible(first_screen(text))
    console = console_for(sys.stdout)
    if console.is_terminal:
        with console.capture() as captured:
            console.print(Markdown(first, hyperlinks=False))
        emit(captured.get())
    else:
        emit(first)
    if len(first) < len(visible(text)):
        emit(f"\nAll of it: {one_line(whole)}\n")


def first_screen(text: str) -> str:
    """Return the report up to the end of the section that says what to do."""
    at = text.find(f"\n{NEXT}")
    following = HEADING.search(text, at + len(NEXT)) if at >= 0 else None
    return f"{text[: following.start()].rstrip()}\n" if following else text


def print_members(archive: Archive) -> None:
    """Print every member with its size, and what collected it."""
    collectors = {one.name: one.collector for one in archive.manifest.members}
    rows = [
        (one.name, f"{one.size:,}", collectors.get(one.name, ""))
        for one in archive.members.values()
    ]
    emit(table(("MEMBER", "BYTES", "COLLECTOR"), rows))
    for missed in archive.manifest.errors:
        emit(one_line(f"Not there: {missed.collector}: {missed.error}") + "\n")


def print_proofs(archive: Archive, proofs: Sequence[Held]) -> None:
    """Print what holds of a bundle, and what does not."""
    manifest = archive.manifest
    broken = [one for one in proofs if one.holds is False]
    state = "does not hold" if broken else "holds"
    emit(one_line(f"{archive.path} {state}: run {manifest.run_id},") + "\n")
    emit(f"entries 1 to {manifest.seq}, {archive.unpacked:,} bytes unpacked.\n\n")
    rows = [(MARKS[one.holds], one.name, one.words) for one in proofs]
    emit(table(("", "WHAT", ""), rows))
    emit(f"\nSHA-256 of the file: {archive.sha256}\n")
    emit("That it is the one that was made, only its service can say: compare.\n")


def print_replay(done: Replay) -> None:
    """Print whether the verdict is the same, and each decision."""
    emit(one_line(_said(done)) + "\n\n")
    emit(
        table(("", "DECISION", ""), [(a.found, a.name, a.words) for a in done.answers])
    )
    first = done.difference
    if first is not None:
        emit(f"\nThe first difference, in {one_line(first.name)}:\n")
        emit(f"  recorded  {one_line(first.recorded)}\n")
        emit(f"  again     {one_line(first.again)}\n")


def _said(done: Replay) -> str:
    conclusion = f", {done.conclusion}" if done.conclusion else ""
    outcome = f"{done.run_id}: {done.status}{conclusion}"
    if done.difference is not None:
        return f"Another verdict. {outcome} was recorded; see the first difference."
    missing = [one for one in done.left_out if one.verdict]
    if missing:
        return (
            f"Not decided again: {missing[0].name}, for {missing[0].words}. {outcome}."
        )
    names = {one.name for one in done.answers}
    if "ruling" in names:
        return f"Same verdict. {outcome}."
    if DECISIONS & names:
        return f"Same decisions, as far as the run came: {outcome}."
    return f"Same outcome, and nothing was decided: {outcome}."


def print_between(found: Between) -> None:
    """Print what two bundles tell differently, and the first divergence in full."""
    rows = [
        (row.what, _cut(row.before) or "-", "=" if row.same else _cut(row.after) or "-")
        for row in found.rows
    ]
    emit(table(("WHAT", "FIRST", "SECOND"), rows))
    steps = [(pair.step, *_step(pair)) for pair in found.steps]
    if steps:
        heads = ("STEP", "RESULT", "FIRST", "SECOND", "USED FIRST", "USED SECOND")
        emit(f"\n{table(heads, steps)}")
    first = found.first
    if first is None:
        emit("\nEvery step came out the same.\n")
        return
    emit(f"\nThe first divergence, in {one_line(first.step)}:\n")
    if first.diff is None:
        emit("There is no state behind it in one of them, or it was erased.\n")
    else:
        emit(changes_between(first.diff))


def _step(pair: StepPair) -> tuple[str, ...]:
    result = "the same" if pair.same else "differs"
    digests = (digest.removeprefix("sha256:")[:12] or "-" for digest in pair.digests)
    return (result, *digests, _used(pair.before), _used(pair.after))


def _used(use: StepUse | None) -> str:
    if use is None:
        return "-"
    parts = [
        use.status,
        span(use.wall_seconds),
        f"{use.cpu_seconds:.1f} s CPU",
        counted(use.requests, "request"),
    ]
    if use.tokens:
        parts.append(f"{use.tokens:,} tokens, ${use.cost_usd:.4f}")
    return ", ".join(parts)


def between_facts(found: Between) -> dict[str, Any]:
    """Return what differs, for machines."""
    first = found.first
    return {
        "same": found.same,
        "facts": [
            {
                "what": row.what,
                "before": row.before,
                "after": row.after,
                "same": row.same,
            }
            for row in found.rows
        ],
        "steps": [
            {"step": pair.step, "same": pair.same, "digests": list(pair.digests)}
            for pair in found.steps
        ],
        "first_divergence": None
        if first is None
        else {
            "step": first.step,
            "operations": list(first.diff.operations) if first.diff else [],
            "counts": dict(first.diff.counts) if first.diff else {},
        },
    }


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
