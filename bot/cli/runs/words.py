"""Answers of the API in words: what a tired person needs first stands first."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.api.answers.begun import BegunDetail
from bot.api.answers.checkpoints import CheckpointLine, CheckpointList
from bot.api.answers.families import Family, Relative
from bot.api.answers.merges import CommittedDetail, ConflictDetail, MergeDetail
from bot.api.answers.runs import RunDetail, RunLine, RunPage
from bot.api.answers.verification import Verification
from bot.cli.runs import going_on
from bot.cli.tables import minute, span, table
from bot.plain import counted, one_line
from core.clock import SystemClock

SHORT = 7
LONGEST_VALUE = 60


def page(found: RunPage) -> str:
    """Say which runs there are, and how to see more."""
    if not found.runs:
        return "No run fits.\n"
    now = SystemClock().now()
    heads = ("RUN", "STATUS", "PULL REQUEST", "AGE", "TOOK", "WHY")
    rows = [
        (
            one.id,
            str(one.status),
            _pull(one),
            span(max(0.0, (now - one.created_at).total_seconds())),
            _took(one.created_at, one.finished_at),
            one.outcome or one.reason,
        )
        for one in found.runs
    ]
    more = f"\nMore: --cursor {found.next}\n" if found.next else ""
    return table(heads, rows) + more


def line(found: RunLine) -> str:
    """Say how a run stands now."""
    why = f": {one_line(found.outcome)}" if found.outcome else ""
    return f"{found.id} of {_pull(found)} is {found.status}{why}.\n"


def run(found: RunDetail) -> str:
    """Say everything about one run."""
    parts = [_head(found)]
    if found.steps:
        parts.append(_steps(found))
    if found.gates:
        parts.append(_gates(found))
    counts = [("Findings", found.findings), ("Effects", found.effects)]
    said = [f"{name:<10}{_counts(numbers)}\n" for name, numbers in counts if numbers]
    if said:
        parts.append("".join(said))
    if any(one.logged for one in found.steps):
        parts.append(f"Log: nofx runs logs {found.id}\n")
    ways = going_on.ways(found)
    if ways:
        parts.append("".join(f"Go on: {one}\n" for one in ways))
    return "\n".join(parts)


def checkpoints(found: CheckpointList) -> str:
    """Say from where a run can be gone on."""
    if not found.checkpoints:
        return "There is no checkpoint yet.\n"
    heads = ("CHECKPOINT", "KIND", "STEP", "TAKEN", "STATE", "BY")
    rows = [
        (
            one.checkpoint_id,
            one.kind,
            one.step,
            minute(one.time),
            "redacted" if one.redacted else one.digest.partition(":")[2][:12],
            one.actor,
        )
        for one in found.checkpoints
    ]
    return table(heads, rows)


def checkpoint(found: CheckpointLine) -> str:
    """Say how a checkpoint stands."""
    state = "its state is gone for good" if found.redacted else "its state is kept"
    return f"{found.checkpoint_id} ({found.kind} {found.step}): {state}.\n"


def family(found: Family) -> str:
    """Draw a family of runs; a merge stands under the first of its parents."""
    below: dict[str, list[Relative]] = {}
    known = {one.id for one in found.runs}
    tops: list[Relative] = []
    for one in found.runs:
        above = one.parents[0].run_id if one.parents else found.root
        if one.id != above and above in known:
            below.setdefault(above, []).append(one)
        else:
            tops.append(one)
    lines = [text for one in tops for text in _branch(one, below, "", "")]
    return "".join(f"{text}\n" for text in lines)


def verification(found: Verification) -> str:
    """Say whether a history can be trusted."""
    if found.intact:
        erased = f", {found.redacted} of them redacted" if found.redacted else ""
        return (
            f"Intact: {counted(found.entries, 'entry').replace('entrys', 'entries')},"
            f" {counted(found.checkpoints, 'checkpoint')}{erased}.\n"
            f"Head:   {found.head}\n"
        )
    return f"BROKEN at entry {found.broken_seq}: {one_line(found.reason or '')}.\n"


def begun(found: BegunDetail) -> str:
    """Say which run goes on, and what it does not do again."""
    steps, effects = found.reused.steps, found.reused.effects
    silent = "" if found.run.publish else " It says nothing at GitHub."
    reused = f"Not done again: {', '.join(steps)}.\n" if steps else ""
    written = f"Not written again: {counted(len(effects), 'effect')}.\n"
    return (
        f"Run {found.run.id} is {found.run.status}.{silent}\n"
        f"{reused}{written if effects else ''}"
    )


def merge(found: MergeDetail) -> str:
    """Say how a merge stands and what it waits for."""
    head = f"Merge {found.id}: {found.status}\n"
    if found.run_id is not None:
        return f"{head}It became run {found.run_id}.\n"
    if not found.conflicts:
        return f"{head}No conflict. Go on: nofx runs merge {found.id} --commit\n"
    heads = ("CONFLICT", "KIND", "PATH", "BASE", "OURS", "THEIRS", "CHOSEN")
    rows = [_conflict(one, found.choices) for one in found.conflicts]
    if found.status == "ready":
        go_on = f"nofx runs merge {found.id} --commit"
    else:
        go_on = f"nofx runs merge {found.id} --take CONFLICT=ours"
    return f"{head}\n{table(heads, rows)}\nGo on: {go_on}\n"


def committed(found: CommittedDetail) -> str:
    """Say which run a merge became."""
    return f"Merge {found.merge.id}: {found.merge.status}\n{begun(found)}"


def _head(found: RunDetail) -> str:
    facts: list[tuple[str, str | None]] = [
        ("Run", found.id),
        ("Status", str(found.status)),
        ("Check", found.conclusion),
        ("Outcome", found.outcome),
        ("For", f"{_pull(found)} at {found.head_sha[:SHORT]}"),
        ("Asked", f"{found.reason} by {found.requested_by}"),
        ("Created", f"{minute(found.created_at)}, {_lasted(found)}"),
        ("Worker", found.owner),
    ]
    if found.status in going_on.HELD:
        facts.append(("Held", f"until {minute(found.due_at)}, then it is given up"))
    if found.origin != "request":
        facts.append(("Origin", f"{found.origin} in the family of {found.family}"))
    facts += [("From", f"{one.run_id} {one.checkpoint_id}") for one in found.parents]
    pairs = (f"{key}={value}" for key, value in found.overrides.items())
    facts.append(("Settings", ", ".join(pairs)))
    if not found.publish:
        facts.append(("Silent", "it says nothing at GitHub"))
    facts.append(("Next", found.superseded_by))
    return "".join(f"{name:<10}{one_line(text)}\n" for name, text in facts if text)


def _steps(found: RunDetail) -> str:
    rows = [
        (
            one.name,
            one.status,
            str(one.attempts) if one.attempts else "",
            f"{one.seconds:.1f} s" if one.seconds is not None else "",
            one.error
            or one.summary
            or (f"by {one.reused_from}" * bool(one.reused_from)),
        )
        for one in found.steps
    ]
    return table(("STEP", "STATUS", "TRIES", "TOOK", "RESULT"), rows)


def _gates(found: RunDetail) -> str:
    rows = [
        (
            one.name,
            one.status,
            one.conclusion or "",
            one.reason,
            ", ".join(f"{each.decision} by {each.actor}" for each in one.approvals),
        )
        for one in found.gates
    ]
    return table(("GATE", "STATUS", "CHECK", "REASON", "DECIDED"), rows)


def _branch(
    one: Relative, below: Mapping[str, Sequence[Relative]], lead: str, rest: str
) -> list[str]:
    others = [each.run_id for each in one.parents[1:]]
    merged = f", with {', '.join(others)}" if others else ""
    silent = "" if one.publish else ", silent"
    lines = [f"{lead}{one.id}  {one.status}  ({one.origin}{merged}{silent})"]
    children = below.get(one.id, ())
    for number, child in enumerate(children, start=1):
        last = number == len(children)
        fork, through = ("`-- ", "    ") if last else ("|-- ", "|   ")
        lines += _branch(child, below, rest + fork, rest + through)
    return lines


def _conflict(one: ConflictDetail, choices: Mapping[str, object]) -> tuple[str, ...]:
    given = one.model_fields_set
    sides = [
        _value(getattr(one, side)) if side in given else "(absent)"
        for side in ("base", "ours", "theirs")
    ]
    chosen = _value(choices[one.id]) if one.id in choices else "open"
    return (one.id, one.kind, one.path, *sides, chosen)


def _value(value: object) -> str:
    text = one_line(str(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _pull(one: RunLine) -> str:
    return f"{one.repository}#{one.pull}" if one.pull else one.repository


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(numbers.items()))


def _lasted(found: RunDetail) -> str:
    took = _took(found.created_at, found.finished_at)
    return f"took {took}" if took else "not ended yet"


def _took(begin: datetime, end: datetime | None) -> str:
    return span((end - begin).total_seconds()) if end is not None else ""
