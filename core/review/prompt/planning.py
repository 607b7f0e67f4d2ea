"""The questions that a change comes to, and the hunks that are in none of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.review.chat import Question
from core.review.coverage import nameable
from core.review.findings import Proposal
from core.review.hunks import FilePatch
from core.review.prompt.material import (
    Intent,
    instructions_for,
    material,
    title_of,
)
from core.review.prompt.packing import Part, packed
from core.review.prompt.risk import risk
from core.review.prompt.schema import ANSWER
from core.review.prompt.showing import Count, Piece, ShownFile, names_of, pieces_of
from core.review.prompt.skipping import skipped
from core.review.prompt.template import NAME, ORDERS
from core.review.reviewer import ReviewRequest

# Longer questions are read with less care, whatever a model's context.
MOST_MATERIAL = 32_000
MOST_OUTPUT, LEAST_OUTPUT = 4096, 256
LEAST_ROOM = 100
# A block's fences, and what an estimate may be wrong by when texts are joined.
PER_BLOCK = 24
UNNAMEABLE = "its name is not UTF-8, so that nothing can be said about it on GitHub"
NO_ROOM = "the model reads {context} tokens at once, which is too few for any of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model can take: tokens of question and answer together, and of a part."""

    count: Count
    context: int
    most: int = MOST_MATERIAL

    @property
    def output(self) -> int:
        """Return how long an answer may be."""
        return max(LEAST_OUTPUT, min(MOST_OUTPUT, self.context // 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A question, and the parts of files that stand in it."""

    question: Question
    parts: tuple[Part, ...]
    tokens: int

    @property
    def hunks(self) -> tuple[str, ...]:
        """Return the ids of the hunks that it shows, whole or in part."""
        ids = (piece.hunk_id for part in self.parts for piece in part.pieces)
        return tuple(dict.fromkeys(ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All questions, most risky first, and why each other hunk is in none."""

    questions: tuple[Planned, ...]
    unread: dict[str, str]


def planned(request: ReviewRequest, limits: Limits) -> Plan:
    """Return the questions about a change; each of its hunks is in them or unread."""
    count = limits.count
    intent = Intent.of(request, most=limits.context // 4)
    fixed = count(ORDERS) + count(material(intent, ())) + PER_BLOCK * 4
    whole = min(limits.context - limits.output, limits.most)
    # Estimates of a text's parts may differ from that of the whole.
    room = (whole - fixed) * 95 // 100
    if room < LEAST_ROOM:
        reason = NO_ROOM.format(context=limits.context)
        return Plan(questions=(), unread=dict.fromkeys(_ids(request), reason))
    unread: dict[str, str] = {}
    files = list(_shown(request, count, room, unread))
    questions = tuple(
        _planned(intent, parts, limits) for parts in packed(files, room=room)
    )
    return Plan(questions=questions, unread=unread)


def _planned(intent: Intent, parts: tuple[Part, ...], limits: Limits) -> Planned:
    question = Question(
        orders=ORDERS,
        material=material(intent, parts),
        name=NAME,
        schema=ANSWER,
        most_output=limits.output,
    )
    tokens = limits.count(question.orders) + limits.count(question.material)
    return Planned(question=question, parts=parts, tokens=tokens)


def _shown(
    request: ReviewRequest, count: Count, room: int, unread: dict[str, str]
) -> Iterator[ShownFile]:
    patches: dict[str, list[FilePatch]] = {}
    for patch in request.diff.files:
        if patch.hunks:
            patches.setdefault(patch.path, []).append(patch)
    names = names_of([path for path in patches if nameable(path)])
    for path, listed in patches.items():
        reason = _reason(path, request)
        if reason is not None:
            unread.update((hunk.id, reason) for one in listed for hunk in one.hunks)
            continue
        yield _file(listed, names[path], request, count, room, unread)


def _file(
    patches: Sequence[FilePatch],
    name: str,
    request: ReviewRequest,
    count: Count,
    room: int,
    unread: dict[str, str],
) -> ShownFile:
    path, title = patches[0].path, title_of(patches[-1], name)
    told = instructions_for(path, request.config.path_instructions)
    besides = count(title) + sum(count(one) + 1 for one in told) + PER_BLOCK
    mine: list[Proposal] = [one for one in request.remarks if one.path == path]
    pieces: list[Piece] = []
    for patch in patches:
        made, left = pieces_of(
            patch,
            request.files.get(path),
            mine,
            count=count,
            most=max(room - besides, 0),
        )
        pieces += made
        unread.update(left)
    hunks = [hunk for patch in patches for hunk in patch.hunks]
    return ShownFile(
        path=path,
        name=name,
        title=title,
        pieces=tuple(pieces),
        tokens=besides,
        risk=risk(path, hunks, patches[-1].status),
        instructions=told,
    )


def _reason(path: str, request: ReviewRequest) -> str | None:
    if not nameable(path):
        return UNNAMEABLE
    return skipped(path, request.files.get(path))


def _ids(request: ReviewRequest) -> Iterator[str]:
    for patch in request.diff.files:
        for hunk in patch.hunks:
            yield hunk.id
