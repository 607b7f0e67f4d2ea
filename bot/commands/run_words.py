"""Reads what is to be run again, and how, from the words of a command; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import CommandUnclearError

FROM, MODEL, FULL = "--from", "--model", "full"
OPTIONS = (FROM, MODEL)
USAGE = f"rerun [{FROM} STEP|CHECKPOINT] [{MODEL} NAME]"
# What telephones make of two hyphens.
DASHES = ("\u2014", "\u2013")


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Where a run is to begin again, None for its start, and another model for it."""

    start_at: str | None = None
    model: str | None = None


def again_of(words: Sequence[str]) -> Again:
    """Read `[--from] STEP|CHECKPOINT` and `--model NAME`, each at most once.

    What follows a step is left alone, for people add a please. Raises
    CommandUnclearError.
    """
    left = [_plain(word) for word in words]
    found: dict[str, str] = {}
    while left and left[0].startswith("--"):
        option, _, value = left.pop(0).partition("=")
        if option not in OPTIONS:
            raise CommandUnclearError(reason=f"there is no {option}", usage=USAGE)
        if option in found:
            raise CommandUnclearError(reason=f"{option} stands twice", usage=USAGE)
        if not value:
            if not left or left[0].startswith("--"):
                raise CommandUnclearError(
                    reason=f"nothing follows {option}", usage=USAGE
                )
            value = left.pop(0)
        found[option] = value
    if left and FROM not in found and MODEL not in found:
        first, *rest = left
        return again_of([FROM, first, *_options(rest)])
    return Again(start_at=found.get(FROM), model=found.get(MODEL))


def is_full(words: Sequence[str]) -> bool:
    """Return whether a review is to ask everything anew."""
    return bool(words) and words[0].lower().lstrip("-") == FULL


def _options(words: Sequence[str]) -> Sequence[str]:
    """Return the words from the first option on."""
    plain = [_plain(word) for word in words]
    starts = [place for place, word in enumerate(plain) if word.startswith("--")]
    return plain[starts[0] :] if starts else ()


def _plain(word: str) -> str:
    for dash in DASHES:
        if word.startswith(dash):
            return f"--{word[1:].lstrip('-')}"
    return word
