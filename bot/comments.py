"""Every text that nofx writes at GitHub, in one place."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot import config_words
from bot.findings_table import ICONS, findings_table
from bot.naming import PREFIX
from core.errors import NofxError
from core.review.findings import Finding, Severity
from core.review.ledger.model import SHORT
from core.review.report import Coverage, CoverageState, ReviewReport, Verdict
from core.review.sanitize import (
    clean_comment,
    clean_line,
    code_span,
    suggestion_block,
)
from core.runs.model import Approval, Run
from core.runs.pipeline import Ending

STATES = {
    CoverageState.REVIEWED: "everything was reviewed",
    CoverageState.PARTIAL: "only a part was reviewed",
    CoverageState.NOT_REVIEWED: "nothing was reviewed",
}
REASONS_SHOWN = 40
CHANGES_SHOWN = 60
SHORT_SHA = 7
LINE = 300


def finding_comment(finding: Finding) -> str:
    """Return a finding as a line comment, its suggestion as one click."""
    icon = ICONS[finding.severity]
    parts = [
        f"{icon} **{_line(finding.title)}**",
        clean_comment(finding.body),
    ]
    if finding.suggestion is not None:
        parts.append(suggestion_block(finding.suggestion) or "")
    parts.append(f"<sub>{_origin(finding)}</sub>")
    return "\n\n".join(part for part in parts if part)


def review_body(run: Run, report: ReviewReport, posted: int) -> str:
    """Return the text above the line comments."""
    count = _counted(posted, "new remark")
    sha = run.subject.head_sha[:SHORT_SHA]
    return f"{count} on {sha}. {_line(report.verdict.reason)}"


def summary(
    run: Run,
    report: ReviewReport,
    summarised: Mapping[str, str],
    since: str = "",
    links: Mapping[str, str] | None = None,
) -> str:
    """Return the one summary comment: verdict, findings, coverage, cost.

    `since` says what changed since the last review; `links` maps fingerprints to the
    addresses of their comments, `summarised` to the reason why there is none.
    """
    sha = run.subject.head_sha[:SHORT_SHA]
    sections = [
        f"### nofx reviewed {sha}: {_line(report.verdict.reason)}",
        _counts(report),
        _line(since) and f"{_line(since)}.",
        _walkthrough(report),
        findings_table(report, links or {}, summarised),
        _coverage(report.coverage),
        config_words.excluded(report.coverage),
        config_words.problems(report),
        _footer(run, report),
    ]
    return "\n\n".join(section for section in sections if section)


def check_title(verdict: Verdict) -> str:
    """Return the check run's headline."""
    return _line(verdict.reason)


def check_summary(
    report: ReviewReport, stopped: Sequence[str] = (), waiting: Sequence[str] = ()
) -> str:
    """Return what the check run says under its headline, and how a gate is passed."""
    parts = [
        _counts(report) or "No findings.",
        _coverage(report.coverage),
        config_words.excluded(report.coverage),
        config_words.problems(report),
        *(_stopped(gate, report.run_id) for gate in stopped),
        *(
            f"The gate `{gate}` waits for a person. With write access: "
            f"`{PREFIX} approve {gate}` or `{PREFIX} reject {gate} <reason>`."
            for gate in waiting
        ),
    ]
    return "\n\n".join(part for part in parts if part)


def waiting() -> tuple[str, str]:
    """Return the check's title and summary while the run is in the queue."""
    return "Waiting for a worker", "The review begins as soon as a worker is free."


def at_step(step: str, done: Sequence[str], ahead: Sequence[str]) -> tuple[str, str]:
    """Return the check's title and summary while the run is at a step."""
    lines = [
        *(f"- [x] {name}" for name in done),
        f"- [ ] **{step}** …",
        *(f"- [ ] {name}" for name in ahead),
    ]
    place = f"step {len(done) + 1} of {len(done) + 1 + len(ahead)}"
    return f"Reviewing: {step} ({place})", "\n".join(lines)


def rejected(run: Run, approval: Approval) -> tuple[str, str]:
    """Return the check's title and summary once a person has stopped a commit."""
    because = f": {_line(approval.reason)}" if approval.reason else ""
    title = f"{approval.actor} rejected {approval.gate}{because}."
    return _line(title), _stopped(approval.gate, run.id)


def _stopped(gate: str, run_id: str) -> str:
    return (
        f"The gate `{gate}` failed. With write access: "
        f"`{PREFIX} waive {gate} <reason>`, or `{PREFIX} retry`. {_why(run_id)}"
    )


def _why(run_id: str) -> str:
    """Return how to learn why: here, and by the run's id at a command line."""
    return f"`{PREFIX} rca` says why, and so does `nofx rca show {run_id}`."


def ended_early(run: Run, ending: Ending) -> tuple[str, str]:
    """Return the check's title and summary for a run that ends without a review."""
    reason = _line(ending.reason)
    match ending.kind:
        case "cancelled":
            return "Not reviewed: cancelled", f"This run was cancelled: {reason}."
        case "dead":
            title = "Not reviewed: nofx gave up after several attempts"
        case _:
            title = "Not reviewed: nofx failed"
    again = f"Ask again with `{PREFIX} rerun`, or press Re-run."
    return title, f"The last error was:\n\n> {reason}\n\n{again} {_why(run.id)}"


def command_help(
    known: Iterable[tuple[str, str]], *, not_known: str | None = None
) -> str:
    """Return what each verb does, and the word that is none of them."""
    lines = [f"- `{PREFIX} {verb}`: {what}" for verb, what in known]
    first = "This is what I can do:"
    if not_known is not None:
        first = f"I do not know {code_span(not_known)}. {first}"
    return "\n".join([first, "", *lines])


def may_not(user: str, verb: str) -> str:
    """Return the answer to someone who may not give this command."""
    return (
        f"{code_span(user)} may not use `{PREFIX} {verb}`: it needs write access to "
        "this repository."
    )


def queued(run: Run) -> str:
    """Return the answer to a command that asked for a run."""
    sha = run.subject.head_sha[:SHORT_SHA]
    return f"Rerun: {sha} is queued as run {code_span(run.id)}."


def decided(run: Run, decision: str, gate: str) -> str:
    """Return the answer to a decision about a gate, and what follows from it."""
    about = f" {code_span(gate)}" if gate else ""
    return f"Recorded: {decision}{about}. Run {code_span(run.id)} is **{run.status}**."


def nothing_to_waive(run: Run) -> str:
    """Return the answer to a press of Waive where no gate has failed."""
    return f"Nothing to waive: no gate of run {code_span(run.id)} has failed."


def gate_missing(verb: str, gates: Sequence[str]) -> str:
    """Return the answer to a decision that names no gate."""
    known = ", ".join(code_span(gate) for gate in gates) or "none so far"
    return f"Say which gate: `{PREFIX} {verb} <gate> <reason>`. This run has: {known}."


def refused(error: NofxError) -> str:
    """Return the answer to a command that cannot be done, and the way out."""
    return f"That could not be done. {_line(str(error))} {_line(error.way_out)}"


def not_reviewed(reason: str) -> str:
    """Return the answer to a command that could start nothing."""
    return f"No review was started: {_line(reason)}."


def status(run: Run | None) -> str:
    """Return where the newest run of the pull request stands."""
    if run is None:
        return f"There is no run yet. `{PREFIX} review` starts one."
    sha = run.subject.head_sha[:SHORT_SHA]
    steps = ", ".join(f"{name} {state}" for name, state in run.steps.items())
    words = [f"Run {code_span(run.id)} on {sha} is **{run.status}**."]
    if steps:
        words.append(f"Steps: {steps}.")
    if run.outcome:
        words.append(_line(run.outcome))
    return " ".join(words)


def cancelling(run: Run | None) -> str:
    """Return the answer to a cancel command."""
    if run is None or run.terminal:
        return "There is nothing to cancel: no review is under way."
    return f"Run {code_span(run.id)} is being cancelled."


def _origin(finding: Finding) -> str:
    rule, source = code_span(finding.rule), _line(finding.source)
    name = code_span(finding.fingerprint[:SHORT])
    return f"{source} · {rule} · confidence {finding.confidence:.0%} · {name}"


def _counts(report: ReviewReport) -> str:
    counts = Counter(finding.severity for finding in report.findings)
    parts = [
        f"{ICONS[severity]} {_counted(counts[severity], severity.value)}"
        for severity in reversed(Severity)
        if counts[severity]
    ]
    return " · ".join(parts)


def _walkthrough(report: ReviewReport) -> str:
    """Return what changes, a line a file, folded so that the findings stay in sight."""
    changes = report.walkthrough
    if not changes:
        return ""
    lines = [
        f"- {code_span(one.path)}: {_line(one.change)}"
        for one in changes[:CHANGES_SHOWN]
    ]
    more = len(changes) - CHANGES_SHOWN
    if more > 0:
        lines.append(f"- … and {_counted(more, 'more file')}")
    listed = "\n".join(lines)
    files = _counted(len(changes), "file")
    return (
        f"<details><summary>What changes, in {files}, as the model tells it</summary>"
        f"\n\n{listed}\n\n</details>"
    )


def _coverage(coverage: Coverage) -> str:
    share = f"{coverage.hunks_reviewed} of {_counted(coverage.hunks_total, 'hunk')}"
    first = f"**Coverage:** {STATES[coverage.state]} ({share})."
    lines = [
        f"- {code_span(one.path or 'the change')}: {_line(one.reason)}"
        for one in coverage.reasons[:REASONS_SHOWN]
    ]
    more = len(coverage.reasons) - REASONS_SHOWN
    if more > 0:
        lines.append(f"- … and {_counted(more, 'more part')}")
    if not lines:
        return first
    listed = "\n".join(lines)
    return (
        f"{first}\n\n<details><summary>What was not reviewed, and why</summary>\n\n"
        f"{listed}\n\n</details>"
    )


def _cost(report: ReviewReport) -> str:
    usage = report.usage
    tokens = usage.input_tokens + usage.output_tokens
    spent = f" · {tokens} tokens · ${usage.cost_usd:.4f}" if tokens else ""
    return f"{_line(usage.model)} in {usage.wall_seconds:.1f} s{spent}"


def _line(text: str) -> str:
    return clean_comment(clean_line(text, limit=LINE))


def _footer(run: Run, report: ReviewReport) -> str:
    cost = _cost(report)
    asks = f"`{PREFIX} help` lists what you can ask."
    return f"<sub>Run {code_span(run.id)} · {cost} · {asks}</sub>"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
