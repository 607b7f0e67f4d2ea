"""Findings that an older nofx recorded, with the fields that came later, empty."""

from typing import Any

from pydantic import TypeAdapter

LIST = TypeAdapter(list[Any])
OF_FINDING = {"enclosing": "", "unplaced": None}
OF_JUDGED = {"doubt": ""}


def findings_as_now(recorded: Any) -> list[Any]:
    """Return recorded findings as they would be recorded now."""
    return [_filled(one, OF_FINDING) for one in LIST.validate_python(recorded)]


def judged_as_now(recorded: Any) -> list[Any]:
    """Return recorded findings with their fates as they would be recorded now.

    What was masked in them stays masked, and is no value of ours.
    """
    return [
        {**_filled(one, OF_JUDGED), "finding": _filled(one.get("finding"), OF_FINDING)}
        if isinstance(one, dict)
        else one
        for one in LIST.validate_python(recorded)
    ]


def _filled(value: Any, later: dict[str, Any]) -> Any:
    return {**later, **value} if isinstance(value, dict) else value
