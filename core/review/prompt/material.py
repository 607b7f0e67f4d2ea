"""The text of a question: intent, wishes and code, each in its fence."""

from collections.abc import Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from core.review.config import PathInstructions
from core.review.hunks import FilePatch
from core.review.prompt.fencing import Block, fenced
from core.review.prompt.packing import Part
from core.review.reviewer import Preferred, ReviewRequest
from core.review.sanitize import clean_line, clean_prompt

TITLE, DESCRIPTION, WISHES = 300, 4000, 4000
CUT = " … (cut)"


@dataclass(frozen=True, slots=True)
class Intent:
    """What people say of the change and want of reviews, cleaned and cut."""

    blocks: tuple[Block, ...]

    @classmethod
    def of(cls, request: ReviewRequest, *, most: int) -> "Intent":
        """Return it in about so many characters at most."""
        blocks = (
            ("title", clean_line(request.title, limit=TITLE)),
            ("description", _cut(request.description, min(DESCRIPTION, most))),
            ("preferences", _cut(_wishes(request.preferences), min(WISHES, most))),
        )
        return cls(tuple(one for one in blocks if one[1]))


def instructions_for(
    path: str, instructions: Sequence[PathInstructions]
) -> tuple[str, ...]:
    """Return what the base branch says of reviews of this file, cleaned."""
    return tuple(
        f"{clean_line(one.path)}: {clean_prompt(one.instructions).strip()}"
        for one in instructions
        if GitIgnoreSpec.from_lines([one.path]).match_file(path)
    )


def title_of(patch: FilePatch, name: str) -> str:
    """Return what opens a file's block, for example `modified file a.py`."""
    was = f" from {clean_line(patch.old_path)}" if patch.old_path else ""
    return f"{patch.status.value}{was} file {name}"


def material(intent: Intent, parts: Sequence[Part]) -> str:
    """Return the material of a question; the same parts give the same text."""
    said = dict.fromkeys(one for part in parts for one in part.file.instructions)
    blocks: list[Block] = [*intent.blocks]
    if said:
        blocks.append(("instructions", "\n".join(said)))
    blocks += [
        (part.file.title, "\n".join(piece.text for piece in part.pieces))
        for part in parts
    ]
    return fenced(blocks)


def _wishes(preferences: Sequence[Preferred]) -> str:
    return "\n".join(
        clean_line(f"{one.name}: {one.value} ({one.why})", limit=500)
        for one in preferences
    )


def _cut(text: str, most: int) -> str:
    text = clean_prompt(text).strip()
    return text if len(text) <= most else text[:most] + CUT
