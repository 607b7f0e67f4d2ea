"""What differs between a run and the last one that was green."""

from collections.abc import Iterator, Mapping
from itertools import islice

from core.events.base import JSON
from core.rca.cause import Changed
from core.rca.divergence import diverging
from core.rca.story import Setup, StepEnd, Story
from core.rca.words import said

MOST_CHANGES = 8


def changed(story: Story) -> tuple[Changed, ...]:
    """Return what differs from the last green run; nothing when there was none.

    The first step that came out differently stands first, with a few of its changes;
    then the head, the model, the overrides, the programs and what decided.
    """
    if story.green is None:
        return ()
    return (
        *_divergence(story),
        *_head(story),
        *_setups(story.setup, story.green.setup),
    )


def _divergence(story: Story) -> Iterator[Changed]:
    found = diverging(story)
    if found is None or story.green is None:
        return
    theirs, mine = found
    before = _end(theirs)
    after = _end(mine) if mine is not None else f"{said(theirs.step, 60)}: not done"
    same = before == after  # in words, and its state is another
    yield Changed(
        what="first step that came out differently",
        before="" if same else before,
        after=f"{after}, with another state" if same else after,
        step=theirs.step,
    )
    for change in islice(story.green.diverged, MOST_CHANGES):
        yield Changed(
            what=f"{change.kind} {_path(change.path)}",
            before="",
            after=said(change.words, 200),
            step=change.step,
        )


def _path(path: str) -> str:
    """Return a JSON pointer as code: as prose, its strokes would be escaped."""
    plain = said(path.replace("`", "'"), 120)
    return f"`{plain}`" if path else "the whole state"


def _end(end: StepEnd) -> str:
    summary = f" ({said(end.summary, 120)})" if end.summary else ""
    return f"{said(end.step, 60)}: {said(end.status, 40)}{summary}"


def _head(story: Story) -> Iterator[Changed]:
    green = story.green
    if green is None:
        return
    if green.head_sha != story.run.subject.head_sha:
        yield Changed(
            what="head", before=green.head_sha, after=story.run.subject.head_sha
        )


def _setups(ours: Setup, theirs: Setup) -> Iterator[Changed]:
    if ours.model != theirs.model and ours.model:
        yield Changed(what="model", before=theirs.model, after=ours.model)
    yield from _values("override", theirs.overrides, ours.overrides)
    before, after = ", ".join(theirs.programs), ", ".join(ours.programs)
    if before != after and before and after:
        yield Changed(what="program", before=said(before), after=said(after))
    # What a step that was not come to would have been decided by, nobody knows.
    both = theirs.decided_by.keys() & ours.decided_by.keys()
    yield from _values(
        "decided by",
        _flat({name: theirs.decided_by[name] for name in both}),
        _flat({name: ours.decided_by[name] for name in both}),
    )


def _values(
    what: str, before: Mapping[str, object], after: Mapping[str, object]
) -> Iterator[Changed]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Changed(
                what=f"{what} {said(name, 80)}",
                before=_shown(before, name),
                after=_shown(after, name),
            )


def _shown(values: Mapping[str, object], name: str) -> str:
    return said(str(values[name])) if name in values else "not set"


def _flat(values: JSON, prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
