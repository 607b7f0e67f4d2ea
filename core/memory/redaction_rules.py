"""What a redaction takes out of a session's items, and the texts that go with it; pure.

The rules: a message goes whole; a span is a place in one text of one item; a pattern is
whatever it matches in any text of any item. What was named is looked for in all other
items too, and a summary of what changed goes whole, and so does a summary of that.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jsonpointer import JsonPointer, JsonPointerException

from core.errors import RedactionTargetError
from core.memory.model import JSON, Item, Kind
from core.memory.parcel import files_of
from core.memory.patterns import compiled, spans
from core.memory.texts import mapped, put, text_of, texts_of
from core.redaction.needles import SHORTEST, Needles

Rule = Literal["message", "span", "pattern"]
# Each text is looked for in a score of forms in everything that was derived.
MOST_TEXTS = 100
# Shorter lines of a message turn up by chance.
SHORTEST_LINE = 16
PROSE = frozenset({"text", "value"})
BUCKETS = (16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
# The first in which none of the texts stands: or cutting would never come to an end.
MARKS = ("[redacted:{id}]", "[removed:{id}]", "█████", "░░░░░")
TIMES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTarget:
    """Items that go whole, by their places; `seq` for one."""

    seqs: tuple[int, ...]
    rule: Rule = field(default="message", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanTarget:
    """Characters of one text: from `start` to before `end`, at a JSON pointer."""

    seq: int
    pointer: str
    start: int
    end: int
    rule: Rule = field(default="span", init=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternTarget:
    """What a pattern in RE2's syntax matches, in every item of the session."""

    pattern: str
    rule: Rule = field(default="pattern", init=False)


Target = MessageTarget | SpanTarget | PatternTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which items change: `cut` lose a part, `erased` go whole.

    `texts` are what must go elsewhere too; `length` is how long the longest is.
    """

    cut: frozenset[int]
    erased: frozenset[int]
    texts: tuple[str, ...]
    length: int

    @property
    def seqs(self) -> tuple[int, ...]:
        """Return all items that change, in order."""
        return tuple(sorted(self.cut | self.erased))


NOTHING = Plan(cut=frozenset(), erased=frozenset(), texts=(), length=0)


def named(target: Target, items: Sequence[Item]) -> Plan:
    """Return what a target names by itself; raises RedactionTargetError."""
    match target:
        case MessageTarget():
            return _messages(target, items)
        case SpanTarget():
            return _span(target, items)
        case PatternTarget():
            return _pattern(target, items)


def spread(plan: Plan, items: Sequence[Item], needles: Needles) -> Plan:
    """Return the plan with all items that hold the texts, and the summaries of them."""
    holding = {
        item.seq
        for item in items
        if item.content is not None and any(map(needles.are_in, texts_of(item.content)))
    }
    erased = set(plan.erased)
    changed = erased | plan.cut | holding
    # A summary comes after what it was made from, so one walk finds summaries of those.
    for item in sorted(items, key=lambda one: one.seq):
        made_from = changed.intersection(item.facts.lineage)
        if item.facts.kind is Kind.SUMMARY and item.content is not None and made_from:
            erased.add(item.seq)
            changed.add(item.seq)
    return Plan(
        cut=frozenset(changed - erased),
        erased=frozenset(erased),
        texts=plan.texts,
        length=plan.length,
    )


def without(
    item: Item, target: Target | None, texts: Sequence[str], needles: Needles
) -> JSON | None:
    """Return an item's content as it may stay; None when it has to go whole.

    `target` is given for the items that it names by itself. A tree of files that is
    none any more goes whole: nothing could be compared with it.
    """
    content = _rest(item, target, texts, needles)
    if content is None or item.facts.kind is not Kind.SNAPSHOT:
        return content
    try:
        files_of(content)
    except ValueError:
        return None
    return content


def needles_of(texts: Sequence[str], redaction_id: str) -> Needles:
    """Return the texts to look for, with a mark in which none of them stands."""
    marks = [mark.format(id=redaction_id) for mark in MARKS]
    for mark in marks:
        needles = Needles(tuple(texts), mark)
        if not needles.are_in(mark):
            return needles
    return Needles(tuple(texts), "")


def bucket(length: int) -> str:
    """Return about how long something is: nobody can guess a secret from that."""
    lowest = 1
    for highest in BUCKETS:
        if length <= highest:
            return f"{lowest}-{highest}"
        lowest = highest + 1
    return f"{lowest}-"


def reaches(texts: Iterable[str]) -> bool:
    """Return whether a text is long enough to be looked for elsewhere."""
    return any(len(text.strip()) >= SHORTEST for text in texts)


def _rest(
    item: Item, target: Target | None, texts: Sequence[str], needles: Needles
) -> JSON | None:
    content = item.content
    match target:
        case SpanTarget(seq=seq) if seq == item.seq:
            content = _cut_span(content, target, texts, needles.mark)
        case PatternTarget():
            find = compiled(target.pattern)
            content = mapped(
                content, lambda text: put(text, spans(find, text), needles.mark)
            )
        case _:
            pass
    for _ in range(TIMES):
        if not any(map(needles.are_in, texts_of(content))):
            return content
        content = mapped(content, needles.cut)
    # Mark and neighbours make the text anew, again and again.
    return None


def _messages(target: MessageTarget, items: Sequence[Item]) -> Plan:
    by_seq = {item.seq: item for item in items}
    texts: dict[str, None] = {}
    length = 0
    for seq in target.seqs:
        item = by_seq.get(seq)
        if item is None or item.content is None:
            raise RedactionTargetError(reason=_absent(seq, item))
        prose = list(_prose(item.content))
        length = max([length, *map(len, prose)])
        for text in prose:
            lines = (line.strip("> \t") for line in text.splitlines())
            texts |= dict.fromkeys([text, *(one for one in lines if _is_long(one))])
    return Plan(
        cut=frozenset(),
        erased=frozenset(target.seqs),
        texts=tuple(list(texts)[:MOST_TEXTS]),
        length=length,
    )


def _absent(seq: int, item: Item | None) -> str:
    return f"item {seq} {'was erased' if item else 'is not there'}"


def _is_long(line: str) -> bool:
    return len(line) >= SHORTEST_LINE


def _prose(value: Any, name: str = "") -> Iterator[str]:
    """Yield the texts that say something: not kinds, ids or paths."""
    match value:
        case Mapping():
            for key, part in value.items():
                yield from _prose(part, key)
        case list():
            for part in value:
                yield from _prose(part, name)
        case str() if name in PROSE or any(map(str.isspace, value)):
            yield value
        case _:
            return


def _span(target: SpanTarget, items: Sequence[Item]) -> Plan:
    item = next((one for one in items if one.seq == target.seq), None)
    if item is None or item.content is None:
        raise RedactionTargetError(reason=_absent(target.seq, item))
    text = text_of(_at(target.pointer, item.content))
    if text is None:
        raise RedactionTargetError(reason=f"at {target.pointer!r} is no text")
    if not 0 <= target.start < target.end <= len(text):
        reason = f"{target.start} to {target.end} is not within {len(text)} characters"
        raise RedactionTargetError(reason=reason)
    chosen = text[target.start : target.end]
    return Plan(
        cut=frozenset({target.seq}),
        erased=frozenset(),
        texts=(chosen,),
        length=len(chosen),
    )


def _pattern(target: PatternTarget, items: Sequence[Item]) -> Plan:
    find = compiled(target.pattern)
    texts: dict[str, None] = {}
    cut: set[int] = set()
    for item in items:
        for text in texts_of(item.content):
            found = {text[start:end]: None for start, end in spans(find, text)}
            if found:
                texts |= found
                cut.add(item.seq)
    if len(texts) > MOST_TEXTS:
        reason = f"it matches {len(texts)} different texts, more than {MOST_TEXTS}"
        raise RedactionTargetError(reason=reason)
    return Plan(
        cut=frozenset(cut),
        erased=frozenset(),
        texts=tuple(texts),
        length=max(map(len, texts), default=0),
    )


def _cut_span(
    content: JSON | None, target: SpanTarget, texts: Sequence[str], mark: str
) -> JSON | None:
    """Cut a span out; another redaction may have moved it or taken it before."""
    text = text_of(JsonPointer(target.pointer).resolve(content, None))
    if text is None:
        return content
    if text[target.start : target.end] in texts:
        text = text[: target.start] + mark + text[target.end :]
    else:
        for one in texts:
            text = text.replace(one, mark)
    changed: JSON = JsonPointer(target.pointer).set(content, text, inplace=False)
    return changed


def _at(pointer: str, content: JSON) -> Any:
    try:
        return JsonPointer(pointer).resolve(content)
    except JsonPointerException:
        # What the library says of it quotes the content.
        reason = f"{pointer!r} leads nowhere in it"
        raise RedactionTargetError(reason=reason) from None
