"""The tables of a report: timeline, steps with what they used, gates, writes."""

from collections.abc import Iterator, Sequence

from core.events import schema
from core.rca.cause import Moment
from core.rca.markdown import cell, code, table
from core.rca.story import Story
from core.rca.used import StepUse, used
from core.rca.words import lasting

# A timeline that is longer is folded in its middle; what went wrong stays in it.
FIRST, LAST, WRONG = 40, 60, 40
KIB, MIB = 1024, 1024 * 1024
MOST_ROWS = 100
Placed = tuple[int, Moment]


def timeline_lines(story: Story, timeline: Sequence[Moment]) -> list[str]:
    """Return the timeline as a table; a long middle is counted instead of told."""
    shown = _folded(timeline)
    return table(
        ("Time (UTC)", "After", "Event", "What"), _moments(timeline, shown, story)
    )


def _folded(timeline: Sequence[Moment]) -> list[int]:
    """Return which moments are told: the first, the last, and what went wrong."""
    count = len(timeline)
    if count <= FIRST + LAST + WRONG:
        return list(range(count))
    middle = range(FIRST, count - LAST)
    wrong = [at for at in middle if timeline[at].weight == "error"]
    wrong += [at for at in middle if timeline[at].weight == "warning"]
    return [*range(FIRST), *sorted(wrong[:WRONG]), *range(count - LAST, count)]


def _moments(
    timeline: Sequence[Moment], shown: Sequence[int], story: Story
) -> Iterator[Sequence[str]]:
    before = -1
    for at in shown:
        if at > before + 1:
            yield ("…", "", "", f"{at - before - 1} more")
        yield _moment(timeline[at])
        before = at
    if story.left_out:
        yield ("…", "", "", f"{story.left_out} events of the run are not told here")


def _moment(one: Moment) -> Sequence[str]:
    mark = {"error": "**✗** ", "warning": "**!** "}.get(one.weight, "")
    return (
        f"{one.time:%m-%d %H:%M:%S}",
        lasting(max(one.after_seconds, 0.0)),
        code(one.event_id.replace("|", "¦")),
        f"{mark}{cell(one.words)}",
    )


def step_lines(story: Story) -> list[str]:
    """Return the steps with what their tries, programs and model calls used."""
    heads = ("Step", "State", "Tries", "Time", "CPU", "Peak", "GitHub", "Model")
    return table(heads, (_step(one) for one in used(story.told)))


def _step(one: StepUse) -> Sequence[str]:
    traffic = f"{_bytes(one.bytes_sent)} out, {_bytes(one.bytes_received)} in"
    return (
        cell(one.step, 60),
        cell(one.status, 40),
        str(one.tries),
        lasting(one.wall_seconds),
        lasting(one.cpu_seconds),
        _bytes(one.peak_bytes) if one.peak_bytes else "",
        f"{one.requests} requests, {traffic}" if one.requests else "",
        f"{one.tokens} tokens, ${one.cost_usd:.4f}" if one.tokens else "",
    )


def _bytes(count: int) -> str:
    if count < KIB:
        return f"{count} B"
    return f"{count / KIB:.1f} KiB" if count < MIB else f"{count / MIB:.1f} MiB"


def gate_lines(story: Story) -> list[str]:
    """Return the gates and what people decided about them."""
    gates = table(
        ("Gate", "State", "Conclusion", "Reason"),
        (
            (
                cell(name, 60),
                cell(gate.status, 40),
                cell(gate.conclusion or "", 40),
                cell(gate.reason),
            )
            for name, gate in story.run.gates.items()
        ),
    )
    said = [
        f"- {one.at:%m-%d %H:%M:%S} {cell(one.actor, 60)}: {one.decision} "
        f"{cell(one.gate, 60)}{f', {cell(one.reason)}' if one.reason else ''}"
        for one in story.run.approvals[-MOST_ROWS:]
    ]
    return [*gates, *([""] if gates and said else []), *said]


def effect_lines(story: Story) -> list[str]:
    """Return the writes to GitHub and how each stands, with GitHub's refusals."""
    refused = {
        told.event.subject: told.event.error
        for told in story.told
        if isinstance(told.event, schema.EffectFailed)
    }
    return table(
        ("Write", "Kind", "Step", "State", "GitHub said"),
        (
            (
                cell(key, 80),
                cell(effect.kind, 40),
                cell(effect.step, 60),
                cell(effect.status, 40),
                cell(refused.get(key, "")) if effect.status == "failed" else "",
            )
            for key, effect in [*story.run.effects.items()][:MOST_ROWS]
        ),
    )
