"""The sections of the report's page: steps, gates, timeline, and the run itself."""

from collections.abc import Sequence
from datetime import UTC, datetime

from core.events.schema import StepFinished, StepRetried
from core.rca.cause import Moment
from core.rca.html_parts import bar, chip, facts, row, safe, section, shown, span, table
from core.rca.story import Story
from core.rca.used import StepUse, used

MOST_MOMENTS = 300
MIB = 1024 * 1024
NOTABLE = frozenset({"warning", "error"})
KINDS = {
    "succeeded": "good",
    "passed": "good",
    "approved": "good",
    "success": "good",
    "reused": "good",
    "failed": "error",
    "dead": "error",
    "rejected": "error",
    "gate_failed": "error",
    "failure": "error",
    "waived": "warning",
    "waiting_gate": "warning",
    "waiting_approval": "warning",
    "retry_wait": "warning",
    "cancelled": "warning",
    "neutral": "warning",
}


def steps(story: Story) -> str:
    """Return the steps with what each took and said."""
    errors = _errors(story)
    use = {one.step: one for one in used(story.told)}
    longest = max((one.seconds for one in story.steps), default=0.0) or 1.0
    rows = [
        row(
            (
                (safe(one.step), "tight"),
                (chip(one.status, KINDS.get(one.status, "")), "tight"),
                (span(one.seconds), "number"),
                (bar(0, one.seconds / longest, _fill(one.status)), "bar"),
                (_used(use.get(one.step)), "number wide"),
                (safe(one.summary or errors.get(one.step, ""), 500), "words"),
                (f"<code>{safe(_short(one.digest))}</code>", "wide tight"),
            )
        )
        for one in story.steps
    ]
    heads = (
        *(("Step", ""), ("State", ""), ("Took", "number"), ("", "bar")),
        ("Used", "number wide"),
        *(("What it said", ""), ("State after", "wide")),
    )
    return section("Steps", table(heads, rows), card=True) if rows else ""


def _errors(story: Story) -> dict[str, str]:
    """Return the last error of each step that had one."""
    ends = (one.event for one in story.told)
    return {
        event.subject: event.error
        for event in ends
        if isinstance(event, StepFinished | StepRetried) and event.error
    }


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _used(use: StepUse | None) -> str:
    """Return what a step used, as short as it can be said."""
    if use is None:
        return ""
    parts = (
        f"{span(use.cpu_seconds)} CPU",
        f"{use.requests} req." if use.requests else "",
        f"{use.peak_bytes / MIB:.0f} MiB" if use.peak_bytes else "",
        f"{use.tokens:,} tok." if use.tokens else "",
    )
    return "<br>".join(filter(None, parts))


def _fill(status: str) -> str:
    kind = KINDS.get(status, "fill")
    return "fill" if kind == "good" else kind


def gates(story: Story) -> str:
    """Return the gates and why they stand as they do."""
    rows = [
        row(
            (
                (safe(name), "tight"),
                (chip(gate.status, KINDS.get(gate.status, "")), "tight"),
                (safe(gate.reason, 500), "words"),
            )
        )
        for name, gate in story.run.gates.items()
    ]
    heads = (("Gate", ""), ("State", ""), ("Why", ""))
    return section("Gates", table(heads, rows), card=True) if rows else ""


def timeline(moments: Sequence[Moment], left_out: int) -> str:
    """Return what happened, in time; of very much what is notable, and the ends."""
    if not moments:
        return ""
    shown = _chosen(moments)
    began, ended = moments[0].time, moments[-1].time
    whole = (ended - began).total_seconds() or 1.0
    rows = (_moment(one, began, whole) for one in shown)
    heads = (
        *(("Time", ""), ("After", "number"), ("", "bar"), ("What", "")),
        ("Entry", "number wide"),
    )
    hidden = len(moments) - len(shown) + left_out
    more = f"{hidden:,} more are in analysis/timeline.json and events/events.ndjson."
    note = f'<p class="soft">{more}</p>' if hidden else ""
    words = f"Timeline: {span((ended - began).total_seconds())}"
    return section(words, table(heads, rows) + note, card=True)


def _chosen(moments: Sequence[Moment]) -> list[Moment]:
    """Return the moments to show: what is notable first, then the ends of the rest."""
    if len(moments) <= MOST_MOMENTS:
        return list(moments)
    ends = MOST_MOMENTS // 6
    places = [*range(ends), *range(len(moments) - ends, len(moments))]
    notable = [at for at, one in enumerate(moments) if one.weight in NOTABLE]
    places += notable[: MOST_MOMENTS - 2 * ends]
    # The longest waits tell where the time went.
    waits = sorted(range(len(moments)), key=lambda at: -moments[at].after_seconds)
    places += waits[: max(0, MOST_MOMENTS - len(set(places)))]
    return [moments[at] for at in sorted(set(places))]


def _moment(one: Moment, began: datetime, whole: float) -> str:
    at = (one.time - began).total_seconds() / whole
    begin = at - one.after_seconds / whole
    kind = one.weight if one.weight in NOTABLE else "fill"
    after = f"+{span(one.after_seconds)}" if one.after_seconds else ""
    return row(
        (
            (f"{one.time.astimezone(UTC):%H:%M:%S}", "tight mono"),
            (after, "number"),
            (bar(begin, at, kind), "bar"),
            (safe(one.words, 500), "words"),
            (str(one.seq), "number wide"),
        ),
        one.weight if one.weight in NOTABLE else "",
    )


def setup(story: Story) -> str:
    """Return what the run was worked with, and within what limits."""
    run, setup, budget = story.run, story.setup, story.budget
    limits = ""
    if budget is not None:
        limits = (
            f"{span(budget.run_seconds)} a run, {span(budget.step_seconds)} a step,"
            f" {span(budget.lease_seconds)} a lease"
        )
    seen = (
        f"<code>{safe(one.run_id)}</code> ({safe(one.status)}, {shown(one.created_at)})"
        for one in story.before[:5]
    )
    overrides = ", ".join(f"{key}={value}" for key, value in setup.overrides.items())
    pairs = (
        ("Asked for", safe(f"{run.subject.reason}, by {run.subject.requested_by}")),
        ("Head", f"<code>{safe(run.subject.head_sha)}</code>"),
        ("Model", safe(setup.model)),
        ("Otherwise than the service", safe(overrides)),
        ("Programs", ", ".join(f"<code>{safe(one)}</code>" for one in setup.programs)),
        ("Limits", limits),
        ("Lost leases", str(run.losses) if run.losses else ""),
        ("Superseded by", safe(run.superseded_by or "")),
        ("Same error before", ", ".join(seen)),
    )
    return section("The run", facts(pairs), card=True)
