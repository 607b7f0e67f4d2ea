"""The JSON in a model's text: as it is, out of what stands around it, or mended."""

import json
import re
from dataclasses import dataclass
from typing import Any

from json_repair import repair_json

from core.review.sanitize import clean_line

# A longer text is no answer to a question that allows so much less.
LARGEST = 400_000
# The library that mends takes the square of a text's length, at worst a minute for it.
MOST_MENDED = 40_000
MARKS = re.compile(r'\\.|["\[\]{}]', re.DOTALL)
FENCED = re.compile(r"\A\s*```[A-Za-z]*\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL)
THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object or a list, what was mended for it, and why there is none.

    `whole` is False where a list is never closed: there was more to come.
    """

    value: Any = None
    repairs: tuple[str, ...] = ()
    problem: str | None = None
    whole: bool = True


def found_in(text: str) -> Found:
    """Return the object or the list that a text is, or was meant to be.

    It can take long: call it in a thread.
    """
    if len(text) > LARGEST:
        long = f"it has {len(text)} characters; no answer is longer than {LARGEST}"
        return Found(problem=long)
    plain, repairs = _bare(text)
    value, mended, problem = _value(plain)
    return Found(
        value=value,
        repairs=(*repairs, *mended),
        problem=problem,
        whole=not (mended and _breaks_off(plain)),
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


def _value(text: str) -> tuple[Any, list[str], str | None]:
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
