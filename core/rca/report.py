"""The report of a run for people: GitHub's Markdown, the cause on its first screen."""

from collections.abc import Iterable, Iterator, Sequence

from core.rca.cause import Analysis, Cause, Changed, Evidence
from core.rca.markdown import code, prose, section
from core.rca.report_tables import (
    effect_lines,
    gate_lines,
    step_lines,
    timeline_lines,
)
from core.rca.story import Story
from core.review.sanitize import clean_comment

# What of a list stands on the first screen, so that it has forty lines at most.
EVIDENCE, CHANGES = 6, 8
MOST = 1_000_000


def markdown(
    story: Story, analysis: Analysis, *, errors: Iterable[tuple[str, str]] = ()
) -> str:
    """Return the report: the same text for the same story.

    `errors` are collectors of the bundle that failed, each with what went wrong.
    """
    lines = [
        *_first_screen(story, analysis),
        *section("Other causes", list(_others(analysis.causes[1:]))),
        *section("Timeline", timeline_lines(story, analysis.timeline)),
        *section("Steps", step_lines(story)),
        *section("Gates", gate_lines(story)),
        *section("Writes to GitHub", effect_lines(story)),
        *section("More that changed", _changes(analysis.changed[CHANGES:])),
        *section("What could not be read", [f"- {prose(one)}" for one in story.gaps]),
        *section("What could not be collected", _errors(errors)),
    ]
    # Once more as a whole: half a code span in one piece could open those of another.
    return clean_comment("\n".join(lines), limit=MOST).rstrip() + "\n"


def _first_screen(story: Story, analysis: Analysis) -> Iterator[str]:
    run, cause = story.run, analysis.causes[0]
    pull = f"{run.subject.repository}#{run.subject.pull}"
    yield f"# Run {code(run.id)} of {code(pull)}"
    yield ""
    yield f"**{prose(analysis.outcome)}**"
    yield ""
    yield (
        f"Head {code(run.subject.head_sha)}, status {code(run.status)}, as of "
        f"{story.as_of:%Y-%m-%d %H:%M:%S} UTC (entry {run.head_seq})."
    )
    yield ""
    yield "## Probable cause"
    yield ""
    yield _told(cause)
    yield ""
    yield from _evidence(cause.evidence[:EVIDENCE])
    yield ""
    yield from _green(story, analysis)
    yield "## Next"
    yield ""
    yield prose(cause.next_action)
    yield ""


def _told(cause: Cause) -> str:
    return f"{code(cause.name)} ({cause.confidence}): {prose(cause.sentence)}"


def _evidence(evidence: Sequence[Evidence]) -> Iterator[str]:
    for one in evidence:
        places = (
            f"{code(one.event_id)} (entry {one.seq})" if one.event_id else "",
            f"line {one.line} of `logs/merged.ndjson`" if one.line else "",
            code(one.place),
        )
        where = ", ".join(filter(None, places))
        yield f"- {where}{': ' if where else ''}{prose(one.words, 240)}"


def _green(story: Story, analysis: Analysis) -> Iterator[str]:
    green = story.green
    if green is None:
        yield "## What changed since the last green run"
        yield ""
        yield "No run of this pull request or repository was green before this one."
        yield ""
        return
    of = "this pull request" if green.same_pull else f"pull request {green.pull}"
    yield f"## What changed since run {code(green.run_id)}"
    yield ""
    yield (
        f"The last green run, of {of}, ended {green.finished_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    yield ""
    changes = _changes(analysis.changed[:CHANGES])
    yield from changes or ["Nothing that is known of differs."]
    yield ""


def _changes(changed: Sequence[Changed]) -> list[str]:
    return [
        f"- {prose(one.what, 160)}{_step(one)}: {_from(one)}{code(one.after, 240)}"
        for one in changed
    ]


def _step(one: Changed) -> str:
    return f" (step {code(one.step, 60)})" if one.step else ""


def _from(one: Changed) -> str:
    return f"{code(one.before, 240)} → " if one.before else ""


def _others(causes: Sequence[Cause]) -> Iterator[str]:
    for cause in causes:
        yield f"- {_told(cause)} {prose(cause.next_action)}"
        for line in _evidence(cause.evidence[:3]):
            yield f"  {line}"


def _errors(errors: Iterable[tuple[str, str]]) -> list[str]:
    return [f"- {code(name)}: {prose(words)}" for name, words in errors]
