"""Takes the secrets out of a change before anything of it is kept, or read by a model.

Where they were is told beside it, without their values, so that they are still found.
Every line stays a line: remarks stand where they stood, and a diff is still one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from bot.models.rules.paths import is_utf8
from bot.models.rules.secret_scan import sighted
from bot.pipeline.memories import NO_MEMORIES, Memories
from bot.pipeline.ports import Sources
from bot.pipeline.tracking import NO_TRACKING, Tracking
from core.errors import DiffSyntaxError, DiffTooLargeError
from core.review.config import ReviewConfig
from core.review.config_reading import ReadConfig, unreadable
from core.review.hunks import Diff, FilePatch, Status, parse_diff
from core.review.reviewer import Sighting
from core.secrets import Masker, SecretFinder

ADDED, REMOVED, NOTE = "+", "-", "\\"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Masks; every method takes processor time: call it in a thread."""

    masker: Masker
    finder: SecretFinder

    def diff(self, data: bytes) -> tuple[bytes, tuple[Sighting, ...]]:
        """Return a diff without secrets, and where they are at the head.

        What is no diff is masked all the same; who parses it says what is wrong.
        """
        try:
            diff = parse_diff(data)
        except (DiffSyntaxError, DiffTooLargeError):
            return self.masker.mask_bytes(data), ()
        there = [file for file in diff.files if _is_there(file)]
        covered = b"".join(_covered(data, diff, self.masker.mask))
        return covered, tuple(sighted(there, {}, self.finder))

    def file(self, patch: FilePatch, data: bytes) -> tuple[bytes, tuple[Sighting, ...]]:
        """Return a file without secrets, and where they are in it."""
        found = sighted([patch], {patch.path: data}, self.finder)
        return self.masker.mask_bytes(data), tuple(found)

    def config(self, read: ReadConfig) -> ReadConfig:
        """Return a configuration without secrets; it goes to models and to people."""
        masked = self.masker.mask_json(read.config.model_dump(mode="json"))
        problems = tuple(
            replace(
                one, path=self.masker.mask(one.path), words=self.masker.mask(one.words)
            )
            for one in read.problems
        )
        try:
            return ReadConfig(
                config=ReviewConfig.model_validate(masked), problems=problems
            )
        except ValidationError:
            # What took a secret's place in a glob or a name may be none.
            return unreadable("there is a secret in the file, which is not read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where changes are read from, what takes the secrets out, what is known before."""

    sources: Sources
    cover: Cover
    memories: Memories = NO_MEMORIES
    tracking: Tracking = NO_TRACKING


def _is_there(file: FilePatch) -> bool:
    return file.status is not Status.REMOVED and is_utf8(file.path)


def _covered(data: bytes, diff: Diff, mask: Callable[[str], str]) -> Iterator[bytes]:
    at = 0
    for file in diff.files:
        for hunk in file.hunks:
            place = data.index(hunk.raw, at)
            yield data[at:place]
            yield _covered_hunk(hunk.raw, mask)
            at = place + len(hunk.raw)
    yield data[at:]


def _covered_hunk(raw: bytes, mask: Callable[[str], str]) -> bytes:
    """Mask each side by itself: lines of both in turn would cut a secret in pieces."""
    head, *lines = raw.decode("utf-8", "surrogateescape").split("\n")
    numbers, between, section = head.partition(" @@")
    masked = list(lines)
    if any(line[:1] == REMOVED for line in lines):
        _mask_side(lines, masked, ADDED, mask)
    # Last, so that a line of both sides is as the newer one needs it.
    _mask_side(lines, masked, REMOVED, mask)
    covered = "\n".join([numbers + between + mask(section), *masked])
    return covered.encode("utf-8", "surrogateescape")


def _mask_side(
    lines: Sequence[str], masked: list[str], other: str, mask: Callable[[str], str]
) -> None:
    """Mask the lines that are not on the other side alone, without their first mark."""
    side = [at for at, line in enumerate(lines) if line[:1] not in (other, NOTE)]
    texts = mask("\n".join(lines[at][1:] for at in side)).split("\n")
    for at, text in zip(side, texts, strict=True):
        if text != lines[at][1:]:
            masked[at] = lines[at][:1] + text
