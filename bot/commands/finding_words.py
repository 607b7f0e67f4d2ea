"""What nofx answers about findings."""

from bot.findings_table import ICONS
from bot.naming import PREFIX
from core.review.findings import Finding
from core.review.ledger.model import Entry, Ledger, short_name
from core.review.sanitize import clean_comment, clean_line, code_block, code_span
from core.review.verify import Judged

LINE = 300
CODE = 2_000
BODY = 4_000
SHORT_SHA = 7
STATES = {
    "posted": "open, as a comment on its line",
    "summarised": "open, in the summary",
    "disputed": "disputed; it stops the change until it is resolved or dismissed",
    "addressed": "done with",
    "outdated": "outdated",
    "dismissed": "dismissed for good",
    "waived": "waived",
}


def recorded(entry: Entry, ledger: Ledger) -> str:
    """Return the answer to a word about a finding, and what follows from it."""
    name = code_span(short_name(entry.fingerprint, ledger.entries))
    if entry.is_open:
        return (
            f"Recorded: {name} is **{entry.state}**. It stops the change until "
            "somebody with write access resolves or dismisses it."
        )
    others = sum(
        one.is_open for key, one in ledger.entries.items() if key != entry.fingerprint
    )
    return (
        f"Recorded: {name} is **{entry.state}**, and stops nothing any more. "
        f"Besides it {others or 'nothing'} {'are' if others > 1 else 'is'} open. "
        f"`{PREFIX} retry` lets a gate that failed judge again."
    )


def may_not_dispute(user: str) -> str:
    """Return the answer to someone who is neither author nor may write."""
    return (
        f"{code_span(user)} may not use `{PREFIX} dispute`: it is for the pull "
        "request's author, and for who has write access to this repository."
    )


def explained(entry: Entry, ledger: Ledger) -> str:
    """Return what a finding says, what it rests on, and what became of it."""
    name = short_name(entry.fingerprint, ledger.entries)
    facts = [
        _where(entry.finding),
        _origin(entry.finding),
        "It passed every check of its content and place.",
        f"It is **{STATES[entry.state]}**.{_who(entry)}",
    ]
    if entry.note:
        facts.append(f"It is still open: {_line(entry.note)}.")
    if entry.life > 1:
        facts.append(f"It was gone and has come back: this is life {entry.life}.")
    said = len(entry.replies)
    facts.append(f"People: 👍 {entry.up}, 👎 {entry.down}, replies {said}.")
    if entry.head_sha:
        facts.append(f"Last seen at {code_span(entry.head_sha[:SHORT_SHA])}.")
    code = code_block(entry.code[:CODE]) if entry.code.strip() else ""
    return _put(name, entry.finding, facts, code)


def put_aside(judged: Judged) -> str:
    """Return what a finding says that the ledger does not know, and why that is so."""
    finding = judged.finding
    why = _line(judged.reason) or "it has not been published"
    facts = [
        _where(finding),
        _origin(finding),
        f"It is **{judged.fate}**: {why}.",
    ]
    return _put(finding.fingerprint[:8], finding, facts, "")


def _put(name: str, finding: Finding, facts: list[str], code: str) -> str:
    head = f"{ICONS[finding.severity]} **{_line(finding.title)}** {code_span(name)}"
    body = clean_comment(finding.body[:BODY])
    listed = "\n".join(f"- {one}" for one in facts)
    return "\n\n".join(part for part in (head, body, code, listed) if part)


def _where(finding: Finding) -> str:
    lines = str(finding.line)
    if finding.start_line is not None and finding.start_line != finding.line:
        lines = f"{finding.start_line}-{finding.line}"
    side = "" if finding.side == "RIGHT" else ", as it was before the change"
    if finding.unplaced is not None:
        return f"In {code_span(finding.path)}: {_line(finding.unplaced)}."
    return f"At {code_span(f'{finding.path}:{lines}')}{side}."


def _origin(finding: Finding) -> str:
    return (
        f"Found by {_line(finding.source)} under {code_span(finding.rule)}, with a "
        f"confidence of {finding.confidence:.0%}."
    )


def _who(entry: Entry) -> str:
    if entry.actor is None and not entry.reason:
        return ""
    who = f" By {code_span(entry.actor)}" if entry.actor else " Because"
    why = _line(entry.reason)
    return f"{who}: {why}." if why else f"{who}."


def _line(text: str) -> str:
    return clean_comment(clean_line(text, limit=LINE)).strip()
