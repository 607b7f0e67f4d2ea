"""Review piece by piece, and only what nobody has reviewed before just like this."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.pipeline.asking import asked
from bot.pipeline.by_file import ByFile
from bot.pipeline.by_hunk import ByHunk
from bot.pipeline.recorded import NOTHING_ASKED, Recorded, Records
from bot.pipeline.spending import keep_spent, spent_before
from bot.pipeline.units import Kept, Unit
from core.review.config import ReviewConfig
from core.review.coverage import nameable
from core.review.findings import BODY, TITLE, Proposal
from core.review.reviewer import ReviewModel, ReviewRequest, Usage
from core.runs.model import Run
from core.runs.work import Work

# The reason of a run in which everything is asked for anew.
FULL = "full review"

MASKED = "[masked:"
Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A whole answer, of which `reused` of `count` pieces were answered before.

    `kind` says what a piece is: a file, or a hunk for a language model. `usage` is what
    the rest cost, in earlier tries too, `recorded` where it was kept word for
    word. Secrets are masked in the proposals, and in the words on what changes in each
    file.
    """

    proposals: tuple[Proposal, ...]
    changes: Mapping[str, str]
    unread: Mapping[str, str]
    usage: Usage
    kind: str
    count: int
    reused: int
    recorded: Recorded = NOTHING_ASKED


@dataclass(frozen=True, slots=True)
class Answers:
    """Asks a reviewer for what is new, and remembers what it said.

    A piece of which it read nothing is asked for again: what kept it may have passed.
    """

    work: Work
    mask: Mask
    records: Records

    async def review(
        self,
        model: ReviewModel,
        request: ReviewRequest,
        run_id: str,
        *,
        anew: bool = False,
    ) -> Remembered:
        """Return the answer to the whole request; raises as the model does.

        What was answered before it broke off is remembered then, so that asking again
        pays for the rest. With `anew` nothing counts that was answered before this run.
        """
        unit = _unit(model)
        keys = await asyncio.to_thread(unit.keys, model, request)
        if anew:
            await self.work.forget(keys.values(), but_of=run_id)
        known = await self.work.done(keys.values())
        fresh = {name for name, key in keys.items() if key not in known}
        answers: dict[str, Kept] = {
            name: known[key] for name, key in keys.items() if key in known
        }
        usage, recorded = Usage(), NOTHING_ASKED
        if model.is_model:
            usage = await spent_before(self.work, run_id, "review")
        if fresh or not keys:
            question = replace(unit.only(request, fresh), spent=usage)
            answer = await asked(model, question)
            if model.is_model:
                # First of all: it is paid, whatever breaks from here on.
                await keep_spent(self.work, run_id, "review", answer.usage)
            usage = usage.plus(answer.usage)
            recorded = await self.records.keep(model, question, answer)
            proposals = await asyncio.to_thread(masked, answer.proposals, self.mask)
            changes = {
                path: self.mask(said)
                for path, said in answer.changes.items()
                if nameable(path)
            }
            clean = replace(answer, proposals=proposals, changes=changes)
            made = dict(unit.kept(fresh, request, clean))
            answers |= made
            unread = unit.unread(request, answer.unread)
            read = {keys[name]: made[name] for name in fresh - unread}
            await self.work.keep(unit.kind, run_id, read)
            if answer.broken_off is not None:
                raise answer.broken_off
        whole, left = unit.whole(request, answers)
        return Remembered(
            proposals=whole,
            changes=unit.changes(request, answers),
            unread=left,
            usage=usage,
            kind=unit.kind,
            count=len(keys),
            reused=len(keys) - len(fresh),
            recorded=recorded,
        )


def asks_anew(run: Run, config: ReviewConfig) -> bool:
    """Return whether nothing counts in a run that was answered before it."""
    return run.subject.reason == FULL or not config.incremental


def masked(proposals: Sequence[Proposal], mask: Mask) -> tuple[Proposal, ...]:
    """Return the proposals without the secrets that a reviewer may have quoted.

    A suggestion is code that someone will apply: one with a secret in it is dropped
    rather than changed.
    """
    return tuple(
        one.model_copy(
            update={
                "title": mask(one.title)[:TITLE],
                "body": mask(one.body)[:BODY],
                "suggestion": one.suggestion
                if one.suggestion and _is_clean(one.suggestion, mask)
                else None,
            }
        )
        for one in proposals
        if nameable(one.path)
    )


def _is_clean(suggestion: str, mask: Mask) -> bool:
    """Return whether code can be applied: a mask would take the secret's place."""
    return MASKED not in suggestion and mask(suggestion) == suggestion


def _unit(model: ReviewModel) -> Unit:
    """Return what a reviewer's answers are remembered by."""
    return ByHunk() if model.is_model else ByFile()
