"""A model's text as an answer: as it is, mended by a library, or in part."""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from core.review.prompt.json_text import found_in
from core.review.prompt.schema import MOST_CHANGES, MOST_FINDINGS, Answer, Change, Said
from core.review.sanitize import clean_line

BREAKS_OFF = "it breaks off before its end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What could be read of a text, what was mended for it, and what is wrong still.

    `findings` is None where nothing could be read. `problem` is None for an answer that
    fits the schema. Where it is not `whole`, more was said than could be read.
    """

    findings: tuple[Said, ...] | None
    changes: tuple[Change, ...] = ()
    repairs: tuple[str, ...] = ()
    problem: str | None = None
    whole: bool = True


def parsed(text: str) -> Parsed:
    """Read an answer; what fits is kept where the whole does not.

    It can take long: call it in a thread.
    """
    found = found_in(text)
    value, repairs = found.value, found.repairs
    if found.problem is not None:
        return Parsed(findings=None, repairs=repairs, problem=found.problem)
    if isinstance(value, list):
        value = {"findings": value}
        repairs += ("a list without its name was taken for the findings",)
    changes, lost = _changes(value)
    repairs += tuple(lost)
    try:
        kept_apart = {**value, "changes": []}
        answer = Answer.model_validate_json(json.dumps(kept_apart))
    except ValidationError as error:
        kept, left = _salvaged(value)
        return Parsed(
            findings=kept,
            changes=changes,
            repairs=(*repairs, *left),
            problem=_worded(error),
            whole=found.whole and not left,
        )
    problem = None if found.whole else BREAKS_OFF
    return Parsed(
        findings=answer.findings,
        changes=changes,
        repairs=repairs,
        problem=problem,
        whole=found.whole,
    )


def _changes(value: Any) -> tuple[tuple[Change, ...], list[str]]:
    """Return what can be read of what changes: a review is none the worse without."""
    listed = value.get("changes")
    if not isinstance(listed, list):
        return (), []
    made: list[Change] = []
    for one in listed[:MOST_CHANGES]:
        try:
            made.append(Change.model_validate_json(json.dumps(one)))
        except ValidationError:
            continue
    left = len(listed) - len(made)
    lost = [f"{left} of {len(listed)} changes were left out"] if left else []
    return tuple(made), lost


def _salvaged(value: Any) -> tuple[tuple[Said, ...] | None, list[str]]:
    """Return the findings that fit by themselves, and what was left out."""
    value = value.get("findings")
    if not isinstance(value, list):
        return None, []
    kept: list[Said] = []
    left: list[str] = []
    for place, one in enumerate(value):
        try:
            kept.append(Said.model_validate_json(json.dumps(one)))
        except ValidationError as error:
            left.append(f"finding {place + 1} was left out: {_worded(error)}")
    if len(kept) > MOST_FINDINGS:
        left.append(f"only the first {MOST_FINDINGS} findings were kept")
    if value and not kept:
        return None, left
    return tuple(kept[:MOST_FINDINGS]), left


def _worded(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    place = "/".join(str(part) for part in first["loc"]) or "the top"
    return clean_line(f"{first['msg']} at {place}")
