"""Tells edits to people: what came, went, moved and changed, and what that means."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

from core.checkpoints.diff.edits import Noted, Renamed, Reordered
from core.checkpoints.diff.model import Change, DiffLimits, DiffRules, Kind
from core.checkpoints.diff.noise import Noise
from core.checkpoints.diff.shown import Shown, shown
from core.checkpoints.diff.texts import unified
from core.checkpoints.json_values import ABSENT
from core.checkpoints.pointers import Tokens, pointer

KINDS: tuple[Kind, ...] = get_args(Kind)
# Stands where a value would tell what was masked or redacted on the other side.
HIDDEN = Shown("[hidden: the other side is redacted]")
NOTHING = Shown("")
FROM = ("removed", "moved")
MOST_PLACES = 10


class _Found(NamedTuple):
    """A change before it is put into words."""

    kind: Kind
    path: Tokens
    was: Tokens
    before: Any
    after: Any
    noise: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Changes, how many there are of each kind and of noise, and what is left out."""

    changes: tuple[Change, ...]
    counts: dict[str, int]
    left_out: tuple[str, ...]


class _Cut(NamedTuple):
    """Where values were cut short, and where the hunks of texts are missing."""

    values: list[str]
    texts: list[str]


def told(
    edits: Iterable[Noted],
    rules: DiffRules,
    limits: DiffLimits,
    is_late: Callable[[], bool],
) -> Told:
    """Put edits into words; what is noise is left out first, hunks when it is late.

    A change that is noise is counted as `noise`, and not by its kind.
    """
    found = list(_found(edits, Noise(rules.noise)))
    counts: dict[str, int] = dict.fromkeys((*KINDS, "noise"), 0)
    for one in found:
        counts["noise" if one.noise else one.kind] += 1
    within, beyond = _within(found, limits.changes)
    cut = _Cut([], [])
    changes = tuple(_worded(one, limits.text, cut, is_late) for one in within)
    return Told(
        changes=changes, counts=counts, left_out=(*_more(beyond), *_parts(cut, limits))
    )


def _found(edits: Iterable[Noted], noise: Noise) -> Iterator[_Found]:
    for edit in edits:
        if isinstance(edit, Reordered):
            yield from _items(edit, noise)
            continue
        if isinstance(edit, Renamed):
            continue
        path, was, before, after = edit
        kind: Kind = "changed"
        if before is ABSENT:
            kind = "added"
        elif after is ABSENT:
            kind = "removed"
        yield _Found(
            kind, path, was, before, after, noise.is_noise(path, before, after)
        )


def _items(edit: Reordered, noise: Noise) -> Iterator[_Found]:
    path, was, before, after, items = edit
    is_noise = noise.is_noise((*path, "-"), None, None)
    for at in items.removed:
        place, there = (*path, str(at)), (*was, str(at))
        yield _Found("removed", place, there, before[at], ABSENT, is_noise)
    came_from = {new: old for old, new in items.moved}
    for at in sorted([*items.added, *came_from]):
        place = (*path, str(at))
        if (old := came_from.get(at)) is None:
            yield _Found("added", place, was, ABSENT, after[at], is_noise)
        else:
            there = (*was, str(old))
            yield _Found("moved", place, there, before[old], after[at], is_noise)


def _within(
    found: Sequence[_Found], most: int
) -> tuple[Sequence[_Found], Sequence[_Found]]:
    """Return what is shown and what is not; in both, the order stays."""
    if len(found) <= most:
        return found, ()
    first = sorted(range(len(found)), key=lambda at: found[at].noise)[:most]
    kept = set(first)
    left = [one for at, one in enumerate(found) if at not in kept]
    return [found[at] for at in sorted(first)], left


def _more(beyond: Sequence[_Found]) -> Iterator[str]:
    places = Counter(pointer(one.path[:1]) for one in beyond)
    for place, count in places.most_common(MOST_PLACES):
        under = f" under {place}" if place else ""
        yield f"{count} more change{'s' * (count > 1)}{under}"
    if len(places) > MOST_PLACES:
        yield f"more changes under {len(places) - MOST_PLACES} other names"


def _parts(cut: _Cut, limits: DiffLimits) -> Iterator[str]:
    if cut.values:
        yield f"values past {limits.text} characters at {_places(cut.values)}"
    if cut.texts:
        seconds = f"after {limits.seconds:g} seconds"
        yield f"the lines that changed, {seconds}, at {_places(cut.texts)}"


def _places(paths: Sequence[str]) -> str:
    more = f" and at {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0] or 'the root'}{more}"


def _worded(one: _Found, most: int, cut: _Cut, is_late: Callable[[], bool]) -> Change:
    path = pointer(one.path)
    before, after = shown(one.before, most), shown(one.after, most)
    text = NOTHING
    redacted = before.marked or after.marked
    if before.marked != after.marked:
        before, after = _beside_marked(before), _beside_marked(after)
    elif one.kind == "changed" and _has_lines(one.before, one.after):
        if is_late():
            cut.texts.append(path)
        else:
            text = shown(unified(one.before, one.after), most)
    if before.cut or after.cut or text.cut:
        cut.values.append(path)
    return Change(
        path=path,
        kind=one.kind,
        before=before.value,
        after=after.value,
        from_=pointer(one.was) if one.kind in FROM else "",
        text=text.value,
        noise=one.noise,
        redacted=redacted,
    )


def _beside_marked(side: Shown) -> Shown:
    """Hide a side that has no mark where the other has one."""
    return side if side.marked or side.value is ABSENT else HIDDEN


def _has_lines(before: Any, after: Any) -> bool:
    return type(before) is type(after) is str and ("\n" in before or "\n" in after)
