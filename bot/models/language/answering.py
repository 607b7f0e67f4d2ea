"""One question of a review put to a model, and its answer read; at most asked twice."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.models.language.purse import Purse
from core.errors import ModelRefusedError
from core.review.chat import Chat, Question, Reply
from core.review.findings import Proposal
from core.review.prompt.parsing import Parsed, parsed
from core.review.prompt.planning import Planned
from core.review.prompt.reading import proposals
from core.review.prompt.template import AGAIN
from core.review.reviewer import Usage
from core.review.sanitize import clean_line

CUT_OFF = "the model's answer was cut off before it spoke of this"
NOT_WHOLE = (
    "a part of the model's answer could not be read, and the rest is not of this"
)
UNREADABLE = "the model's answer about it could not be read: {problem}"
REFUSED = "the model refused to answer about it: {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What one question came to: findings, what is unread nevertheless, and words.

    `changes` says in a sentence what changes in a file, by its path.
    """

    planned: Planned
    proposals: tuple[Proposal, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    prompts: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()
    repairs: tuple[str, ...] = ()

    @property
    def usage(self) -> Usage:
        """Return what its replies cost together."""
        return Usage.together(one.usage for one in self.replies)


async def answered(
    chat: Chat, planned: Planned, purse: Purse, files: Mapping[str, bytes]
) -> Answered:
    """Ask, once more if the answer cannot be read, and return what came of it.

    Raises what the chat raises, save for a refusal, which is about this question alone.
    """
    empty = Answered(planned=planned)
    try:
        reply = await _put(chat, planned.question, planned.tokens, purse)
    except ModelRefusedError as error:
        return _nothing(empty, REFUSED.format(reason=error.facts["reason"]))
    if reply is None:
        return replace(empty, unread=dict.fromkeys(planned.hunks, purse.reason))
    first = replace(empty, prompts=(planned.question.material,), replies=(reply,))
    found = await asyncio.to_thread(parsed, reply.text)
    # One that was cut off would be cut off again.
    if found.problem is None or not reply.finished:
        return _read(chat.name, files, first, found)
    return await _again(chat, first, found, purse, files)


async def _again(
    chat: Chat,
    before: Answered,
    found: Parsed,
    purse: Purse,
    files: Mapping[str, bytes],
) -> Answered:
    """Ask once more, quoting what was wrong; of two answers the better one counts."""
    question = before.planned.question
    told = AGAIN.format(problem=found.problem) + question.material
    tokens = before.planned.tokens + chat.tokens(AGAIN + str(found.problem))
    try:
        reply = await _put(chat, replace(question, material=told), tokens, purse)
    except ModelRefusedError:
        reply = None
    if reply is None:
        return _read(chat.name, files, before, found)
    after = replace(
        before,
        prompts=(*before.prompts, told),
        replies=(*before.replies, reply),
        repairs=(f"the model was asked again: {found.problem}",),
    )
    second = await asyncio.to_thread(parsed, reply.text)
    # What fits of the first answer is worth more than nothing of the second.
    better = found if second.findings is None else second
    return _read(chat.name, files, after, better)


async def _put(
    chat: Chat, question: Question, tokens: int, purse: Purse
) -> Reply | None:
    hold = await purse.take(tokens, question.most_output)
    if hold is None:
        return None
    usage = None
    try:
        reply = await chat.ask(replace(question, most_output=hold.output))
        usage = reply.usage
    finally:
        await purse.settle(hold, usage)
    return reply


def _read(
    source: str, files: Mapping[str, bytes], before: Answered, found: Parsed
) -> Answered:
    planned = before.planned
    repairs = (*before.repairs, *found.repairs)
    last = before.replies[-1]
    if not last.finished:
        repairs = (*repairs, "the answer was cut off")
    before = replace(before, repairs=repairs)
    if found.findings is None:
        problem = found.problem or "it is empty"
        return _nothing(before, UNREADABLE.format(problem=problem))
    made = proposals(found.findings, planned.parts, source=source, files=files)
    unread = {}
    if not (last.finished and found.whole):
        unread = _unsaid(planned, made, NOT_WHOLE if last.finished else CUT_OFF)
    asked = {part.file.path for part in planned.parts}
    changes = {
        one.path: clean_line(one.change) for one in found.changes if one.path in asked
    }
    return replace(before, proposals=made, changes=changes, unread=unread)


def _nothing(before: Answered, reason: str) -> Answered:
    return replace(before, unread=dict.fromkeys(before.planned.hunks, reason))


def _unsaid(
    planned: Planned, made: tuple[Proposal, ...], reason: str
) -> dict[str, str]:
    """Return the hunks of which a broken answer says nothing: it may have meant to."""
    said = {(one.path, one.side, one.line) for one in made if one.unplaced is None}
    spoken = {
        piece.hunk_id
        for part in planned.parts
        for piece in part.pieces
        for line in piece.lines
        if (part.file.path, line.side, line.number) in said
    }
    return {one: reason for one in planned.hunks if one not in spoken}
