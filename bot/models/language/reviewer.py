"""Reviews by a language model: what it is asked, and what came of the answers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version

from typing_extensions import override

from bot.models.language.answering import Answered, answered
from bot.models.language.purse import Purse
from bot.models.language.second_look import looked_again
from core.clock import Clock
from core.errors import NofxError
from core.review.chat import Budget, Chat
from core.review.config import ReviewConfig
from core.review.findings import SOURCE, Finding
from core.review.prompt import template
from core.review.prompt.planning import Limits, Plan, Planned, planned
from core.review.reviewer import (
    ReviewAnswer,
    ReviewModel,
    ReviewRequest,
    Said,
    Usage,
    Verification,
)
from core.review.second.template import named as second_look

AT_ONCE = 4


class LanguageReviewer(ReviewModel):
    """Puts the changed code to a model in questions that fit it, within a budget."""

    def __init__(self, chat: Chat, *, clock: Clock, budget: Budget) -> None:
        self._chat = chat
        self._clock = clock
        self._budget = budget

    @property
    def chat(self) -> Chat:
        """Return the model that is asked, for questions that are no review."""
        return self._chat

    def budget_for(self, config: ReviewConfig) -> Budget:
        """Return the most that may be spent where the base branch says this."""
        wanted = config.budget
        return self._budget.tighter(Budget(tokens=wanted.tokens, usd=wanted.usd))

    @property
    @override
    def name(self) -> str:
        # As its findings name it, for by that they are known to be a model's.
        return self._chat.name[:SOURCE]

    @property
    @override
    def version(self) -> str:
        return f"nofx {version('nofx')} {template.named()} {second_look()}"

    @property
    @override
    def is_model(self) -> bool:
        return True

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        """Ask about every hunk that can be asked about, the most risky files first.

        Hunks without an answer that can be read are unread, also when those are all:
        what rules found of them is to be told, and nothing is green. Raises
        UnavailableError or ModelKeyRefusedError when nobody answers; when that happens
        after some answers, they are returned as one that is broken off.
        """
        began = self._clock.monotonic()
        chat, budget = self._chat, self.budget_for(request.config)
        limits = Limits(count=chat.tokens, context=chat.context)
        plan = await asyncio.to_thread(planned, request, limits)
        purse = Purse(chat, budget, request.spent)
        done, failure = await self._ask(plan, request, purse)
        answer = _answer(plan, done, self._clock.monotonic() - began)
        return answer if failure is None else _broken_off(answer, plan, done, failure)

    @override
    async def verify(
        self, request: ReviewRequest, findings: Sequence[Finding]
    ) -> Verification:
        began = self._clock.monotonic()
        made = await looked_again(
            self._chat, self.budget_for(request.config), request, findings
        )
        usage = replace(made.usage, wall_seconds=self._clock.monotonic() - began)
        return replace(made, usage=usage) if made.said else made

    async def _ask(
        self, plan: Plan, request: ReviewRequest, purse: Purse
    ) -> tuple[list[Answered], NofxError | None]:
        """Return the answers, and what kept the model from the rest of them."""
        gate = asyncio.Semaphore(AT_ONCE)
        progress = _Progress(plan, request)
        failures: list[NofxError] = []

        async def one(question: Planned) -> Answered | None:
            async with gate:
                if failures:
                    return None
                try:
                    answer = await answered(self._chat, question, purse, request.files)
                except NofxError as error:
                    failures.append(error)
                    return None
            await progress.past(question)
            return answer

        await progress.begin()
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(asked)) for asked in plan.questions]
        except BaseExceptionGroup as errors:
            # The port promises a plain error; the first is the cause of the rest.
            raise errors.exceptions[0] from errors
        done = [answer for task in tasks if (answer := task.result())]
        if failures and not done:
            raise failures[0]
        return done, next(iter(failures), None)


class _Progress:
    """Tells of how many files nothing is left to ask."""

    def __init__(self, plan: Plan, request: ReviewRequest) -> None:
        self._read = request.read
        self._files = len({file.path for file in request.diff.files})
        self._open = Counter(path for asked in plan.questions for path in _paths(asked))

    async def begin(self) -> None:
        """Tell of the files that stand in no question."""
        await self._read(self._files - len(self._open))

    async def past(self, asked: Planned) -> None:
        """Tell that a question was answered."""
        self._open -= Counter(_paths(asked))
        await self._read(self._files - len(self._open))


def _paths(asked: Planned) -> Sequence[str]:
    return [part.file.path for part in asked.parts]


def _answer(plan: Plan, done: Sequence[Answered], seconds: float) -> ReviewAnswer:
    usage = Usage.together(one.usage for one in done)
    unread, changes = dict(plan.unread), dict[str, str]()
    for one in done:
        unread |= one.unread
        changes |= one.changes
    return ReviewAnswer(
        proposals=tuple(proposal for one in done for proposal in one.proposals),
        changes=changes,
        unread=unread,
        # Questions are out at once: their seconds do not add up.
        usage=replace(usage, wall_seconds=seconds),
        said=_said(done),
    )


def _broken_off(
    answer: ReviewAnswer, plan: Plan, done: Sequence[Answered], failure: NofxError
) -> ReviewAnswer:
    """Return the answer with the rest of the hunks unread, and why."""
    past = {id(one.planned) for one in done}
    unanswered = [asked for asked in plan.questions if id(asked) not in past]
    # A hunk that is shown in parts is read when all of them are.
    left = dict.fromkeys(
        (hunk for one in unanswered for hunk in one.hunks), str(failure)
    )
    return replace(answer, unread={**left, **answer.unread}, broken_off=failure)


def _said(done: Sequence[Answered]) -> Said | None:
    prompts = [text for one in done for text in one.prompts]
    replies = [reply for one in done for reply in one.replies]
    if not replies:
        return None
    return Said(
        prompt="\n\n".join((template.ORDERS, *prompts)),
        raw="\n\n".join(reply.text for reply in replies),
        repairs=tuple(repair for one in done for repair in one.repairs),
        bytes_sent=sum(reply.bytes_sent for reply in replies),
        bytes_received=sum(reply.bytes_received for reply in replies),
    )
