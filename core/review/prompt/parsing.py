"""A model's text as an answer: as it is, mended by a library, or in part."""

import json
import re
from dataclasses import dataclass
from typing import Any

from json_repair import repair_json
from pydantic import ValidationError

from core.review.prompt.schema import MOST_CHANGES, MOST_FINDINGS, Answer, Change, Said
from core.review.sanitize import clean_line

# A longer text is no answer to a question that allows so much less.
LARGEST = 400_000
# The library that mends takes the square of a text's length, at worst a minute for it.
MOST_MENDED = 40_000
FENCED = re.compile(r"\A\s*```[A-Za-z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
MARKS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
BREAKS_OFF = "it breaks off before its end"
THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


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
    if len(text) > LARGEST:
        long = f"it has {len(text)} characters; no answer is longer than {LARGEST}"
        return Parsed(findings=None, problem=long)
    plain, repairs = _bare(text)
    value, mended, problem = _json(plain)
    repairs += mended
    if problem is not None:
        return Parsed(findings=None, repairs=tuple(repairs), problem=problem)
    if isinstance(value, list):
        value = {"findings": value}
        repairs.append("a list without its name was taken for the findings")
    whole = not (mended and _breaks_off(plain))
    changes, lost = _changes(value)
    repairs += lost
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
            whole=whole and not left,
        )
    problem = None if whole else BREAKS_OFF
    return Parsed(
        findings=answer.findings,
        changes=changes,
        repairs=tuple(repairs),
        problem=problem,
        whole=whole,
    )


def _bare(text: str) -> tuple[str, list[str]]:
    """Return the text without what models put around JSON."""
    repairs: list[str] = []
    if match := THOUGHTS.match(text):
        text = text[match.end() :]
        repairs.append("thoughts in front of the answer were taken off")
    if match := FENCED.match(text):
        text = match[1]
        repairs.append("the code fence around the answer was taken off")
    return text, repairs


def _json(text: str) -> tuple[Any, list[str], str | None]:
    """Return the value, what was mended, and why there is none."""
    why = "it is neither an object nor a list"
    try:
        value = json.loads(text)
    except RecursionError:
        return None, [], "it is nested too deeply"
    except ValueError as error:
        why = clean_line(str(error))
    else:
        if isinstance(value, dict | list):
            return value, [], None
    if len(text) > MOST_MENDED:
        return None, [], f"it is no JSON: {why}"
    try:
        value = repair_json(text, return_objects=True, skip_json_loads=True)
    except (RecursionError, ValueError) as error:
        return None, [], f"it is no JSON: {clean_line(str(error))}"
    if not isinstance(value, dict | list) or not value:
        return None, [], f"it is no JSON: {why}"
    return value, [f"the JSON was mended: {why}"], None


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


def _breaks_off(text: str) -> bool:
    """Return whether a list in it is never closed: there was more to come."""
    opened: list[str] = []
    quoted = False
    for mark in MARKS.findall(text):
        if mark == '"':
            quoted = not quoted
        elif quoted or mark.startswith("\\"):
            continue
        elif mark in "[{":
            opened.append(mark)
        elif opened:
            opened.pop()
    return "[" in opened


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
