"""Finds secrets in text, on this machine alone: nothing is ever validated online."""

import codecs
import functools
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import kingfisher_sdk
import re2

from core.secrets.patterns import LIKELY, SURE, Pattern

# Rules for the parts of composite secrets are hidden, for most parts are no secret
# (a host, an account id); these are.
SECRET_PART = re.compile(r"secret|security-token|passphrase|consumer-key")

ALL = (*SURE, *LIKELY)
# How the scanner's rules begin their sentences.
PREAMBLE = re.compile(
    r"^(?:(?:Uncovered|Identified|Detected|Discovered|Found)\s+)?"
    r"(?:(?:an?|possible)\s+)*"
)
# The bytes that go on with a UTF-8 character; all others start one.
CONTINUATION = bytes(range(0x80, 0xC0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMatch:
    """Where a secret stands: offsets in what was searched, and its line from 1.

    `rule` is the rule's id, `name` says what it is. `validated` stays False, for
    asking the service that a secret opens would be using it.
    """

    rule: str
    name: str
    start: int
    end: int
    line: int
    validated: bool = False


class SecretFinder:
    """The scanner and our own patterns; loads its rules at the first use.

    Loading takes 3 to 4 s of one core and lets other threads run meanwhile; with a
    `cache_dir` that only we can write, 0.3 s from the second time on. Searching
    releases the lock too, so `asyncio.to_thread` keeps the event loop free.
    """

    def __init__(self, *, cache_dir: Path | None = None) -> None:
        self._cache_dir = cache_dir
        self._lock = threading.Lock()
        self._loaded: kingfisher_sdk.Scanner | None = None

    def find(self, text: bytes | str) -> list[SecretMatch]:
        """Return the secrets that deserve a finding, in order, not overlapping.

        Offsets count bytes in bytes and characters in text.
        """
        return self._search(text, SURE, lambda found: found.visible)

    def find_likely(self, text: str) -> list[SecretMatch]:
        """Return also what only looks like a secret: right for masking."""
        return self._search(text, ALL, _is_likely)

    def is_silent(self, text: bytes, once: bytes) -> bool:
        """Return whether `find_likely` is sure to find nothing in plain bytes.

        Whether one of our patterns may be there is seen where each string of it stands
        `once`.
        """
        if _possible(once, ALL):
            return False
        return not any(map(_is_likely, self._scanner().scan(_plain(text))))

    @property
    def is_loaded(self) -> bool:
        """Return whether the rules are there."""
        return self._loaded is not None

    def rules(self) -> frozenset[str]:
        """Return the ids of all rules by which something can be found."""
        ours = {pattern.rule for pattern in (*SURE, *LIKELY)}
        return frozenset(
            ours.union(one["id"] for one in self._scanner().rules.metadata())
        )

    def warm(self) -> None:
        """Load the rules now."""
        self._scanner()

    def _scanner(self) -> kingfisher_sdk.Scanner:
        with self._lock:
            if self._loaded is None:
                cached = self._cache_dir is not None
                rules = kingfisher_sdk.Rules(cache=cached, cache_dir=self._cache_dir)
                # Without a detection policy, no comment in the text can switch
                # a rule off.
                self._loaded = kingfisher_sdk.Scanner(rules)
            return self._loaded

    def _search(
        self,
        text: bytes | str,
        patterns: tuple[Pattern, ...],
        wanted: Callable[[kingfisher_sdk.Finding], bool],
    ) -> list[SecretMatch]:
        data = _plain(text)
        spans = [
            _Span(
                start=found.location["start_offset"],
                end=found.location["end_offset"],
                rule=found.rule_id,
                name=_short(found.rule_name),
            )
            for found in self._scanner().scan(data)
            if wanted(found)
        ]
        if possible := _possible(data, patterns):
            # Latin-1 maps each byte to one character: offsets stay those of the bytes.
            characters = data.decode("latin-1")
            for pattern in possible:
                spans.extend(_own(pattern, characters))
        return list(_placed(data, _apart(spans), in_text=isinstance(text, str)))


@functools.cache
def shared_finder(cache_dir: Path | None = None) -> SecretFinder:
    """Return this process's finder over a cache folder; loading twice is a waste."""
    return SecretFinder(cache_dir=cache_dir)


def find(text: bytes | str) -> list[SecretMatch]:
    """Search with one finder for the whole process; see `SecretFinder.find`."""
    return shared_finder().find(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    start: int
    end: int
    rule: str
    name: str


def _is_likely(found: kingfisher_sdk.Finding) -> bool:
    return found.visible or bool(SECRET_PART.search(found.rule_id))


def _plain(text: bytes | str) -> bytes:
    """Return bytes of which the scanner cannot believe that they are UTF-16.

    It would decode those, and a secret among NUL bytes would be garbled and missed.
    Nothing moves: each byte stands for one byte.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if data[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        data = b"  " + data[2:]
    return data.replace(b"\0", b" ") if b"\0" in data else data


def _short(name: str) -> str:
    """Cut a rule's sentence to what it found: `GitHub Personal Access Token`."""
    return PREAMBLE.sub("", re.split(r"[,.;(]| which | that ", name)[0]).strip()[:80]


def _possible(data: bytes, patterns: tuple[Pattern, ...]) -> list[Pattern]:
    """Return the patterns whose hints are there: most texts have none of them."""
    return [patterns[at] for at in sorted(_hints(patterns).Match(data) or ())]


@functools.cache
def _hints(patterns: tuple[Pattern, ...]) -> Any:
    """Return what looks for all hints at once, in one pass."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = False
    options.literal = True
    options.log_errors = False
    hints = re2.Set.SearchSet(options)
    for pattern in patterns:
        hints.Add(pattern.hint.encode())
    hints.Compile()
    return hints


def _own(pattern: Pattern, characters: str) -> Iterator[_Span]:
    group = 1 if pattern.regex.groups else 0
    for match in pattern.regex.finditer(characters):
        start, end = match.span(group)
        yield _Span(start=start, end=end, rule=pattern.rule, name=pattern.name)


def _apart(spans: list[_Span]) -> list[_Span]:
    """Join spans that overlap, under the name of the one that starts first."""
    apart: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end, span.rule)):
        if apart and span.start < apart[-1].end:
            apart[-1] = replace(apart[-1], end=max(apart[-1].end, span.end))
        else:
            apart.append(span)
    return apart


def _placed(
    data: bytes, spans: Iterable[_Span], *, in_text: bool
) -> Iterator[SecretMatch]:
    """Yield the matches, each counted on from the one before: they can be many."""
    at, characters, line = 0, 0, 1
    for span in spans:
        line += data.count(b"\n", at, span.start)
        characters += _characters(data[at : span.start])
        long = _characters(data[span.start : span.end])
        at, start, end = span.start, span.start, span.end
        if in_text:
            start, end = characters, characters + long
        yield SecretMatch(
            rule=span.rule, name=span.name, start=start, end=end, line=line
        )


def _characters(data: bytes) -> int:
    return len(data.translate(None, CONTINUATION))
