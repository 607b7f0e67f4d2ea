"""Holds a decision that was taken again against the recorded one."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from bot.replaying.values import Answer
from core.checkpoints.json_values import text_of

LONGEST = 200


def compared(name: str, recorded: Any, again: Any, words: str = "") -> Answer:
    """Compare one value; of an object the first field that differs is told."""
    if text_of(recorded) == text_of(again):
        return Answer(name=name, found="same", words=words or short(again))
    if isinstance(recorded, dict) and isinstance(again, dict):
        fields = sorted({*recorded, *again})
        first = next(
            one
            for one in fields
            if text_of(recorded.get(one)) != text_of(again.get(one))
        )
        words = f"{first} differs"
        recorded, again = recorded.get(first), again.get(first)
    return Answer(
        name=name,
        found="different",
        words=words or "it differs",
        recorded=short(recorded),
        again=short(again),
    )


def compared_all(
    name: str, recorded: Sequence[Any], again: Sequence[Any], noun: str
) -> Answer:
    """Compare lists item by item, and tell the first that differs."""
    for at, (one, other) in enumerate(zip_longest(recorded, again), start=1):
        if text_of(one) != text_of(other):
            return compared(name, one, other, words=f"{noun} {at} differs")
    count = f"1 {noun}" if len(again) == 1 else f"{len(again)} {noun}s"
    return Answer(name=name, found="same", words=count)


def short(value: Any) -> str:
    """Return a value as people read it, cut where nobody reads on."""
    if isinstance(value, dict) and {"conclusion", "reason"} == set(value):
        text = f"{value['conclusion']}: {value['reason']}"
    else:
        text = value if isinstance(value, str) else text_of(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
