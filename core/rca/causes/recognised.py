"""Errors known again by their words, where a history holds no more than those."""

from functools import cache, lru_cache
from string import Formatter
from typing import Any

import re2

from core.errors import NofxError, code_of, kinds_of
from core.events.schema import Failure

# A template with less text of its own would know everything again.
LEAST = 12
# Words that are longer come from elsewhere.
LONGEST = 4000
STATUS = re2.compile("[0-9]{3}")
# Which of GitHub's refusals with one template it was, as `bot.github` tells them apart.
BY_STATUS = {401: "github_credentials", 422: "github_invalid"}


@lru_cache(maxsize=512)
def recognised(words: str) -> Failure | None:
    """Return which nofx error says these words, with its facts; None if none does.

    It has no place. Where classes share one template, the status tells them apart.
    """
    if len(words) > LONGEST:
        return None
    for pattern, kinds in _templates():
        found = pattern.fullmatch(words)
        if found is not None:
            facts = {name: text for name, text in found.groupdict().items() if text}
            status = facts.get("status", "")
            number = int(status) if STATUS.fullmatch(status) else None
            codes = [code_of(kind) for kind in kinds]
            code = BY_STATUS.get(number or 0, codes[0])
            return Failure(
                code=code if code in codes else codes[0], status=number, facts=facts
            )
    return None


@cache
def _templates() -> tuple[tuple[Any, tuple[type[NofxError], ...]], ...]:
    """Return each template as a pattern, those with most text of their own first."""
    by_message: dict[str, list[type[NofxError]]] = {}
    for kind in kinds_of(NofxError):
        by_message.setdefault(kind.message, []).append(kind)
    weighed = [(_own(message), message) for message in by_message]
    return tuple(
        (_pattern(message), tuple(by_message[message]))
        for own, message in sorted(weighed, key=lambda one: (-one[0], one[1]))
        if own >= LEAST
    )


def _own(message: str) -> int:
    return sum(len(text.strip()) for text, *_ in Formatter().parse(message))


def _pattern(message: str) -> Any:
    """Return a template as a pattern of linear time, for words are anybody's."""
    parts, seen = ["(?s)"], set[str]()
    for text, name, *_ in Formatter().parse(message):
        parts.append(re2.escape(text))
        if name is not None:
            parts.append(".*?" if name in seen else f"(?P<{name}>.*?)")
            seen.add(name)
    return re2.compile("".join(parts))
