"""Whether two remarks say the same: by their places and their words, no model asked."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations

from core.review.findings import Finding

# Shares of words in common. Of a rule and a model on the same lines half the words
# are enough; two remarks of a model, in one definition only, must be near equal.
SAME_LINES, SAME_DEFINITION = 0.5, 0.75
# Below this a second look may not say that two remarks are one, save for their place.
RELATED = 0.3
# Lines between two remarks that may still be about one thing.
NEAR = 10
WORD = re.compile(r"[^\W_]+")
# Words that say nothing of the matter.
FILLERS = frozenset(
    WORD.findall(
        "a an and are as at be been but by can could does for from has have if in into"
        " is it its may might must not of on or should so than that the then there this"
        " to used using was when which will with without would you your"
    )
)
SHORTEST_STEM = 3


# Each remark of a file is held against all others there.
@lru_cache(maxsize=4096)
def words_of(text: str) -> frozenset[str]:
    """Return the words that carry a text's meaning, in small letters, stems alone."""
    return frozenset(
        _stem(word)
        for word in map(str.casefold, WORD.findall(text))
        if word not in FILLERS
    )


def likeness(one: str, other: str) -> float:
    """Return how much of the shorter text's words the other one shares, from 0 to 1.

    Equal sets of words are 1, also when both are empty; order and repetition do not
    count. A short text whose every word is in a long one is not yet the same: the
    longer one's words count for a third.
    """
    first, second = sorted((words_of(one), words_of(other)), key=len)
    if not second:
        return 1.0
    shared = len(first & second)
    if not first:
        return 0.0
    return (2 * shared / len(first) + shared / len(second)) / 3


def alike(one: Finding, other: Finding) -> float:
    """Return how near the words of two findings are, from 0 to 1.

    On a line in common equal titles are enough; apart, the bodies have to agree too,
    for a fault is often made twice under one title.
    """
    whole = likeness(f"{one.title} {one.body}", f"{other.title} {other.body}")
    return (
        max(whole, likeness(one.title, other.title)) if overlap(one, other) else whole
    )


def family_of(rule: str) -> str:
    """Return the last part of a rule's name, which tools with one origin share.

    `ruff/S602` and `llm/s602` are one family, and so are `B602` and `bandit:B602`.
    """
    return re.split(r"[/:]", rule)[-1].strip().casefold()


def overlap(one: Finding, other: Finding) -> bool:
    """Return whether two findings stand on a line in common."""
    return _gap(one, other) == 0


def relatable(one: Finding, other: Finding) -> bool:
    """Return whether a second look can be believed that two findings are one.

    They stand in one file, and near each other or in one definition, or share words.
    """
    if (one.path, one.side) != (other.path, other.side):
        return False
    within = bool(one.enclosing) and one.enclosing == other.enclosing
    return within or _gap(one, other) <= NEAR or alike(one, other) >= RELATED


def said_twice(findings: Sequence[Finding], model: str | None) -> Mapping[str, str]:
    """Map fingerprints of a model's findings to those of the findings they repeat.

    `model` is the source of its findings; without one nothing is joined. What a rule
    says stays, and with it a model's graver word on the same. Of two remarks of the
    model the most severe stays, of equals the first.
    """
    if model is None:
        return {}
    joined: dict[str, str] = {}
    places: dict[tuple[str, str], list[Finding]] = {}
    for one in findings:
        places.setdefault((one.path, one.side.value), []).append(one)
    for group in places.values():
        mine = [one for one in group if one.source == model]
        rules = [one for one in group if one.source != model]
        for one in mine:
            said = next((rule for rule in rules if _says_rule(one, rule)), None)
            if said is not None:
                joined[one.fingerprint] = said.fingerprint
        left = [one for one in mine if one.fingerprint not in joined]
        pairs = [
            (one.fingerprint, other.fingerprint)
            for one, other in combinations(left, 2)
            if _says_again(one, other)
        ]
        joined |= survivors(left, pairs)
    return joined


def survivors(
    findings: Sequence[Finding], pairs: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """Map what says the same as others to the one of them that stays.

    Pairs of fingerprints say what is one; whatever hangs together is. The most severe
    stays, of equals the first in order, so nothing is joined to what is gone.
    """
    order = {one.fingerprint: place for place, one in enumerate(findings)}
    root = {name: name for name in order}

    def top(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for one, other in pairs:
        first, second = top(one), top(other)
        keep, drop = sorted(
            (first, second),
            key=lambda name: (-findings[order[name]].severity.rank, order[name]),
        )
        root[drop] = keep
    return {name: top(name) for name in order if top(name) != name}


def _says_rule(one: Finding, rule: Finding) -> bool:
    # The milder of the two may not take the place of the graver.
    if one.severity.rank > rule.severity.rank or not overlap(one, rule):
        return False
    same = family_of(one.rule) == family_of(rule.rule)
    return same or alike(one, rule) >= SAME_LINES


def _says_again(one: Finding, other: Finding) -> bool:
    if one.enclosing != other.enclosing:
        return False
    # Outside of any definition the place has to tell.
    if not one.enclosing and _gap(one, other) > NEAR:
        return False
    return alike(one, other) >= SAME_DEFINITION


def _gap(one: Finding, other: Finding) -> int:
    first, second = sorted((one, other), key=lambda each: each.start_line or each.line)
    return max(0, (second.start_line or second.line) - first.line)


def _stem(word: str) -> str:
    """Cut what English hangs on a word; crude, but the same for both texts."""
    for ending in ("ing", "ed", "es", "s"):
        if len(word) - len(ending) >= SHORTEST_STEM and word.endswith(ending):
            return word.removesuffix(ending)
    return word
