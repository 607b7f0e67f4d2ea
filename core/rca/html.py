"""The report as one page: no script, no network, everything in it escaped.

Its first screen says what 00-REPORT.md says. Where the page is opened, nothing is asked
of anybody: the page forbids itself all that it does not hold, down to a style that is
not the one below, which is named by its SHA-256.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence

from core.rca.cause import (
    NOTHING_FAILED,
    Analysis,
    Cause,
    Changed,
    Confidence,
    Evidence,
)
from core.rca.differing import SIGNS
from core.rca.html_parts import (
    MOST_FOLDED,
    Folded,
    chip,
    folded,
    prose,
    row,
    safe,
    section,
    shown,
    span,
    table,
)
from core.rca.html_sections import KINDS, gates, setup, steps, timeline
from core.rca.html_style import STYLE
from core.rca.story import Green, Story


def page(
    story: Story,
    analysis: Analysis,
    *,
    parts: Sequence[Folded] = (),
    missed: Sequence[tuple[str, str]] = (),
    made_by: str = "",
) -> str:
    """Return the whole page.

    `parts` are folded at its end; `missed` are collectors that failed, each with why.
    """
    run = story.run
    title = f"{run.subject.repository}#{run.subject.pull}: {analysis.outcome}"
    policy = f"default-src 'none'; style-src '{_named(STYLE)}'"
    sections = (
        _first(story, analysis),
        _changed(analysis),
        _others(analysis.causes[1:]),
        steps(story),
        gates(story),
        timeline(analysis.timeline, story.left_out),
        setup(story),
        _folded((*_diverged(story.green), *parts)),
        _unread(story.gaps),
        _missed(missed),
    )
    body = "\n".join(one for one in sections if one)
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{safe(title, 200)}</title>\n"
        f"<style>{STYLE}</style></head>\n<body><main>\n{body}\n"
        f"<footer>{_footer(story, made_by)}</footer>\n</main></body></html>\n"
    )


def _named(style: str) -> str:
    digest = hashlib.sha256(style.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _first(story: Story, analysis: Analysis) -> str:
    run, cause = story.run, analysis.causes[0]
    ended = run.finished_at or story.as_of
    lasted = span((ended - run.created_at).total_seconds())
    pull = f"#{run.subject.pull}" if run.subject.pull else ""
    over = (
        f'<p class="over">{safe(run.subject.repository)}{pull}'
        f" at <code>{safe(run.subject.head_sha[:12])}</code>,"
        f" run <code>{safe(run.id)}</code>, {shown(run.created_at)}, {lasted}</p>"
    )
    shows = _evidence(cause.evidence)
    shows = shows and f'<p class="label">What shows it</p>{shows}'
    state = chip(run.status.value.replace("_", " "), KINDS.get(run.status, ""))
    return (
        f"<header>{over}<h1>{state} {prose(analysis.outcome)}</h1></header>\n"
        f'<section class="card cause {_tone(cause)}">'
        '<p class="label">Probable cause</p>'
        f'<p class="sentence">{prose(cause.sentence)}</p>'
        f'<p>{_sure(cause)} <code class="soft">{safe(cause.name)}</code></p>'
        '<p class="label">What to do</p>'
        f'<p class="next">{prose(cause.next_action)}</p>'
        f"{shows}</section>"
    )


def _tone(cause: Cause) -> str:
    """Return the colour of a cause: red is for what is certain, and bad."""
    if cause.name == NOTHING_FAILED:
        return "good"
    return "error" if cause.confidence is Confidence.CERTAIN else "warning"


def _sure(cause: Cause) -> str:
    return chip(cause.confidence, _tone(cause))


def _evidence(evidence: Iterable[Evidence]) -> str:
    items = "".join(
        f'<li>{prose(one.words)}<span class="where mono">{_where(one)}</span></li>'
        for one in evidence
    )
    return f'<ul class="evidence">{items}</ul>' if items else ""


def _where(one: Evidence) -> str:
    places = (
        f"entry {one.seq}" if one.seq else "",
        safe(one.event_id),
        safe(one.place),
        f"logs/merged.ndjson:{one.line}" if one.line else "",
    )
    return " · ".join(filter(None, places))


def _changed(analysis: Analysis) -> str:
    if not analysis.changed:
        told = f"Nothing is told apart from {safe(analysis.against)}."
        return section("What changed", f"<p>{told}</p>") if analysis.against else ""
    rows = (_change(one) for one in analysis.changed)
    heads = (("What", ""), ("Then", ""), ("Now", ""), ("Step", "wide"))
    since = f" since {safe(analysis.against)}" if analysis.against else ""
    return section(f"What changed{since}", table(heads, rows), card=True)


def _change(one: Changed) -> str:
    return row(
        (
            (prose(one.what), "long"),
            (f"<code>{safe(one.before, 300) or '-'}</code>", "long"),
            (f"<code>{safe(one.after, 300) or '-'}</code>", "long"),
            (safe(one.step), "wide tight"),
        )
    )


def _others(causes: Sequence[Cause]) -> str:
    cards = "\n".join(
        f'<div class="card other"><h3>{prose(one.sentence)}</h3>'
        f"<p>{_sure(one)} <code class='soft'>{safe(one.name)}</code></p>"
        f"<p>{prose(one.next_action)}</p>{_evidence(one.evidence)}</div>"
        for one in causes
    )
    return section("Also found", cards) if cards else ""


def _folded(parts: Sequence[Folded]) -> str:
    shown = "\n".join(folded(one) for one in parts[:MOST_FOLDED])
    left = len(parts) - MOST_FOLDED
    more = f'<p class="soft">{left} more are in diffs/.</p>' if left > 0 else ""
    return section("What is different in the states", shown + more) if parts else ""


def _diverged(green: Green | None) -> Iterator[Folded]:
    """Yield, step by step, in what states differ from those of the green run."""
    changes = green.diverged if green is not None else ()
    for step in dict.fromkeys(one.step for one in changes):
        ours = [one for one in changes if one.step == step]
        lines = (f"{SIGNS.get(one.kind, '~')} {one.path}  {one.words}" for one in ours)
        title = f"Behind {step}, apart from the green run: {len(ours)}"
        yield Folded(title=title, text="\n".join(lines))


def _unread(gaps: Sequence[str]) -> str:
    items = "".join(f"<li>{prose(one)}</li>" for one in gaps)
    return section("What could not be read", f"<ul>{items}</ul>") if gaps else ""


def _missed(missed: Sequence[tuple[str, str]]) -> str:
    items = "".join(
        f"<li><code>{safe(name)}</code>: {safe(why)}</li>" for name, why in missed
    )
    return section("Not in this bundle", f"<ul>{items}</ul>") if missed else ""


def _footer(story: Story, made_by: str) -> str:
    by = f" by {safe(made_by)}" if made_by else ""
    return (
        f"Made{by} of what was known at {shown(story.as_of)}, the run's entry"
        f" {story.run.head_seq}. All of it is beside this page; manifest.json lists it."
    )
