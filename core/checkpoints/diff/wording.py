"""A difference in words that are safe wherever they are shown."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.checkpoints.diff.comparison import (
    NOISE,
    Artifact,
    ArtifactDiff,
    Form,
    Side,
    StepComparison,
    StepStatus,
)
from core.checkpoints.diff.model import Change, Kind
from core.checkpoints.json_values import ABSENT

STATUSES: Mapping[StepStatus, str] = {
    "same": "the same",
    "differs": "differs",
    "only_before": "only in the first",
    "only_after": "only in the second",
    "unknown": "not known, for the run that did it is not kept",
}
FORMS: Mapping[Form, str] = {
    "json": "JSON changed",
    "text": "text changed",
    "binary": "bytes changed",
    "unknown": "changed",
}
KINDS: Sequence[Kind] = ("changed", "added", "removed", "moved")
# So much of a value is shown in a line; the JSON has all of it.
LONGEST = 160
REDACTED = "changed, redacted"
SHORT_DIGEST = 12


def visible(text: str) -> str:
    r"""Return the text with each character that nobody sees as JSON's `\u202e`.

    Line feeds and tabs stay. So neither a terminal nor a reader is led astray, and two
    texts that differ look different.
    """
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() or one in "\n\t" else json.dumps(one)[1:-1]
        for one in text
    )


def value(found: Any) -> str:
    """Return a value as one line of JSON, cut where it is long."""
    if found is ABSENT:
        return "nothing"
    text = visible(json.dumps(found, ensure_ascii=False))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def place(path: str) -> str:
    """Return a pointer as one line; the empty one is the whole."""
    return json.dumps(path, ensure_ascii=False)[1:-1] if path else "(all of it)"


def counted(counts: Mapping[str, int]) -> str:
    """Return the numbers of changes, for example `1 added, 2 changed, 3 of noise`."""
    words = [f"{counts[kind]} {kind}" for kind in KINDS if counts.get(kind)]
    noise = counts.get(NOISE, 0)
    return ", ".join([*words, *([f"{noise} of noise"] if noise else [])])


def short(digest: str) -> str:
    """Return as much of a digest as tells it from the others on a page."""
    return digest.rpartition(":")[2][:SHORT_DIGEST]


def side(one: Side) -> str:
    """Return where a checkpoint stands, for example `after review`."""
    named = one.kind.replace("_", " ")
    return f"{named} {one.step}" if one.step else named


def artifact(one: ArtifactDiff) -> str:
    """Return what became of an artifact, by digests and sizes."""
    if one.before is None or one.after is None:
        there = one.after or one.before
        verb = "added" if one.before is None else "removed"
        return f"{verb}, {_named(there)}" if there is not None else verb
    return f"{FORMS[one.form]}, {_named(one.before)} → {_named(one.after)}"


def step(one: StepComparison) -> str:
    """Return how a step compares in two runs, for example `differs, 2 changes`."""
    words = STATUSES[one.status]
    if one.changes:
        words = f"{words}, {one.changes} change{'s' * (one.changes > 1)}"
    return f"{words}, {one.noise} of noise" if one.noise else words


def grouped(changes: Iterable[Change]) -> Mapping[str, Sequence[Change]]:
    """Return the changes by kind, in the order of KINDS, and the noise apart."""
    groups: dict[str, list[Change]] = {kind: [] for kind in (*KINDS, NOISE)}
    for one in changes:
        groups[NOISE if one.noise else one.kind].append(one)
    return {name: found for name, found in groups.items() if found}


def _named(one: Artifact) -> str:
    size = "" if one.size is None else f" of {one.size} bytes"
    lost = f" ({visible(one.lost)})" if one.lost else ""
    return f"{short(one.digest)}{size}{lost}"
