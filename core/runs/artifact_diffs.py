"""Compares the large things that two states name: texts, JSON, bytes."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.checkpoints.diff.apart import compared
from core.checkpoints.diff.comparison import Artifact, ArtifactDiff, Form
from core.checkpoints.diff.model import DiffLimits, DiffRules
from core.checkpoints.diff.texts import unified
from core.checkpoints.merge_rules import MergeRules
from core.checkpoints.pointers import pointer
from core.errors import BlobCorruptError, BlobNotFoundError, BlobRedactedError
from core.store.blobs import Blobs, Digest

# What is larger, or comes after so many or so much, is told by digest and size alone:
# a thousand pages are no answer.
LARGEST = 4 * 1024 * 1024
MOST = 50
MOST_BYTES = 16 * 1024 * 1024
ERASED = "its checkpoint was redacted"
TOO_LARGE = f"larger than {LARGEST // 1024**2} MiB"
LEFT_OUT = "not looked into, for there is too much before it"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """An artifact with its bytes as far as they can be read: `value` if it is JSON."""

    artifact: Artifact
    form: Form = "unknown"
    text: str = ""
    value: Any = None


class ArtifactDiffs:
    """Reads blobs; one that is lost, redacted or too large is said, and not fatal.

    Raises StoreUnavailableError.
    """

    def __init__(self, blobs: Blobs, limits: DiffLimits) -> None:
        self._blobs = blobs
        self._limits = limits

    async def between(
        self,
        before: Mapping[str, str],
        after: Mapping[str, str],
        *,
        rules: DiffRules,
        erased: tuple[bool, bool],
    ) -> tuple[ArtifactDiff, ...]:
        """Return what differs, name by name, of digests by the names of artifacts.

        `erased` tells which of the two states was redacted: what it named is not read.
        """
        names = [
            name
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        ]
        found: list[ArtifactDiff] = []
        read = 0
        for name in names:
            beyond = LEFT_OUT if len(found) >= MOST or read >= MOST_BYTES else ""
            first, second = [
                await self._load(side.get(name), ERASED if gone else beyond)
                for side, gone in zip((before, after), erased, strict=True)
            ]
            told = await self._diff(name, first, second, rules)
            read += sum(one.size or 0 for one in (told.before, told.after) if one)
            found.append(told)
        return tuple(found)

    async def _load(self, digest: str | None, lost: str) -> _Loaded | None:
        """Read an artifact, unless it is known why that cannot be."""
        if digest is None:
            return None
        artifact = Artifact(digest=digest, lost=lost)
        try:
            if not lost:
                size = await self._blobs.size(Digest(digest))
                artifact = replace(artifact, size=size)
                if size <= LARGEST:
                    data = await self._blobs.get(Digest(digest))
                    return await asyncio.to_thread(_read, artifact, data)
                artifact = replace(artifact, lost=TOO_LARGE)
        except BlobRedactedError:
            artifact = replace(artifact, lost="redacted")
        except BlobNotFoundError:
            artifact = replace(artifact, lost="not there any more")
        except BlobCorruptError as error:
            artifact = replace(artifact, lost=f"damaged: {error.facts['reason']}")
        return _Loaded(artifact=artifact)

    async def _diff(
        self,
        name: str,
        before: _Loaded | None,
        after: _Loaded | None,
        rules: DiffRules,
    ) -> ArtifactDiff:
        path = pointer([f"{name}_blob"])
        sides = [one for one in (before, after) if one is not None]
        told = ArtifactDiff(
            name=name,
            path=path,
            form=_form_of(sides),
            before=before.artifact if before is not None else None,
            after=after.artifact if after is not None else None,
            truncated=tuple(
                dict.fromkeys(
                    one.artifact.lost
                    for one in sides
                    if one.artifact.lost in (TOO_LARGE, LEFT_OUT)
                )
            ),
        )
        if told.form == "json" and before is not None and after is not None:
            inside = await compared(
                before.value,
                after.value,
                rules=within(rules, path),
                limits=self._limits,
            )
            return replace(
                told,
                changes=inside.changes,
                counts=inside.counts,
                truncated=inside.truncated,
            )
        if told.form in ("json", "text"):
            old, new = (_lines(one) for one in (before, after))
            text = await asyncio.to_thread(unified, old, new)
            return _cut(replace(told, text=text), self._limits.text)
        return told


def _cut(told: ArtifactDiff, most: int) -> ArtifactDiff:
    """Leave out what of a text is past so many characters, and say so."""
    if len(told.text) <= most:
        return told
    shown = told.text[:most].rpartition("\n")[0]
    left = told.text[len(shown) :].count("\n")
    return replace(told, text=shown, truncated=(f"{left} more lines of the text",))


def within(rules: DiffRules, path: str) -> DiffRules:
    """Return the rules for what stands at `path`, as if that were the whole."""
    lists = rules.lists
    return DiffRules(
        lists=MergeRules(
            identities={
                inner: identity
                for pattern, identity in lists.identities.items()
                for inner in _inside(pattern, path)
            },
            texts=tuple(inner for one in lists.texts for inner in _inside(one, path)),
        ),
        noise=tuple(inner for one in rules.noise for inner in _inside(one, path)),
    )


def _inside(pattern: str, path: str) -> Iterator[str]:
    if pattern == path or pattern.startswith(f"{path}/"):
        yield pattern.removeprefix(path)


def _read(artifact: Artifact, data: bytes) -> _Loaded:
    """Tell what bytes are: JSON that holds others, else text, else only bytes."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return _Loaded(artifact=artifact, form="binary")
    if "\0" in text:
        return _Loaded(artifact=artifact, form="binary")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict | list):
        return _Loaded(artifact=artifact, form="json", text=text, value=value)
    return _Loaded(artifact=artifact, form="text", text=text)


def _form_of(sides: Sequence[_Loaded]) -> Form:
    forms = {one.form for one in sides}
    for form in ("unknown", "binary", "text"):
        if form in forms:
            return form
    return "json"


def _lines(one: _Loaded | None) -> str:
    """Return a side as lines; JSON on one side only is laid out for people."""
    if one is None:
        return ""
    if one.form == "json":
        return json.dumps(one.value, indent=2, ensure_ascii=False) + "\n"
    return one.text


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
