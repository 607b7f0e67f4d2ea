"""What nofx answers about runs, cleaned as those of `bot.comments`; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence

from bot.naming import PREFIX
from bot.plain import counted
from core.review.sanitize import clean_comment, clean_line, code_span
from core.runs.model import Run
from core.runs.states import Status
from core.runs.usage import Totals

SHORT_SHA = 7
LINE = 300
# Where a finding stands that somebody can still do something about.
OPEN = ("posted", "summarised", "disputed")


def status(run: Run, used: Totals) -> str:
    """Return where a run stands: its steps, gates, findings, and what it cost."""
    sha = run.subject.head_sha[:SHORT_SHA]
    first = f"Run {code_span(run.id)} on {sha} is **{run.status}**."
    lines = [
        ("Steps", _states(run.steps)),
        ("Gates", _states({name: one.status for name, one in run.gates.items()})),
        ("Findings", _findings(run.findings)),
        ("Cost", _cost(used)),
        ("Last checkpoint", code_span(run.checkpoint_id) if run.checkpoint_id else ""),
    ]
    parts = [
        first + (f" {_line(run.outcome)}" if run.outcome else ""),
        "\n".join(f"- {name}: {what}" for name, what in lines if what),
        _next(run),
    ]
    return "\n\n".join(part for part in parts if part)


def goes_on(run: Run, reused: Sequence[str], *, model: str | None) -> str:
    """Return the answer to a command that runs all or a part of a review again."""
    kept = ", ".join(reused) or "nothing"
    by = f" with {code_span(model)}" if model is not None else ""
    return f"Rerun: run {code_span(run.id)} goes on{by}; reused: {kept}."


def branched(run: Run, reused: Sequence[str], site: str | None) -> str:
    """Return the answer to a command that begins a silent run, and where it is seen."""
    kept = ", ".join(reused) or "nothing"
    api = f" or [over HTTP]({site}/runs/{run.id})" if site is not None else ""
    return (
        f"Branch: run {code_span(run.id)} goes on; reused: {kept}. It says nothing"
        f" here. Look at it with `nofx runs show {run.id}`{api}, and compare it with"
        f" `nofx diff`."
    )


def held(run: Run) -> str:
    """Return the answer to whoever put a run aside, or let it go on."""
    if run.status is Status.PAUSED:
        return (
            f"Run {code_span(run.id)} is **paused**. `{PREFIX} resume` lets it go on,"
            f" `{PREFIX} cancel` ends it."
        )
    return f"Run {code_span(run.id)} goes on: it is **{run.status}**."


def _next(run: Run) -> str:
    waiting = [name for name, one in run.gates.items() if one.status in WAITING]
    if run.status is Status.PAUSED:
        return f"`{PREFIX} resume` lets it go on."
    if waiting and run.at_gate:
        gate = waiting[0]
        return f"It waits for a person at {code_span(gate)}: see the check."
    return ""


WAITING = frozenset({"waiting_approval", "failed", "rejected"})


def _states(states: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {state}" for name, state in states.items())


def _findings(findings: Mapping[str, str]) -> str:
    if not findings:
        return ""
    counts = Counter(findings.values())
    still = sum(counts[state] for state in OPEN)
    rest = ", ".join(
        f"{count} {state}" for state, count in sorted(counts.items()) if state in OPEN
    )
    shown = f" ({rest})" if rest else ""
    return f"{still} open of {len(findings)}{shown}"


def _cost(used: Totals) -> str:
    tokens = used.input_tokens + used.output_tokens
    calls = f"{counted(used.model_calls, 'question')} to reviewers"
    if not used.model_calls:
        return ""
    if not tokens:
        return f"{calls}, no tokens"
    return f"{calls}, {tokens} tokens, ${used.cost_usd:.4f}"


def _line(text: str) -> str:
    return clean_comment(clean_line(text, limit=LINE))
