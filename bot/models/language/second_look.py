"""Puts findings to a model a second time: it is to refute them from the code alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from core.errors import ModelAnswerError, ModelRefusedError, NofxError
from core.review.chat import Budget, Chat, Question
from core.review.findings import Finding
from core.review.reviewer import ReviewRequest, Said, Usage, Verification
from core.review.second.answers import Read, read
from core.review.second.asking import Asked, questions
from core.review.second.template import ANSWER, NAME, ORDERS

# Tokens of an answer: its frame, and what is said of one claim.
FRAME, EACH = 100, 150
# Shares of what a model can read at once that a question and its answer may take.
MOST_OUTPUT = 4096
SPENT = "the review's budget is used up"
NO_ROOM = "the model can read too little at once for a second look"


async def looked_again(
    chat: Chat, budget: Budget, request: ReviewRequest, findings: Sequence[Finding]
) -> Verification:
    """Ask about all findings in as few questions as fit, one after the other.

    What `request.spent` has cost counts into the budget; beyond it nothing is asked.
    What was not asked, or not answered so that it can be read, is in `unseen`. Raises
    UnavailableError when nobody answers; after some answers it is broken off by that.
    """
    if not findings:
        return Verification()
    most_output = min(MOST_OUTPUT, chat.context // 4)
    room = chat.context - most_output - chat.tokens(ORDERS)
    if room <= 0:
        return Verification(unseen={one.fingerprint: NO_ROOM for one in findings})
    ask = partial(questions, findings, request.diff, request.files)
    asked, left = await asyncio.to_thread(ask, count=chat.tokens, room=room)
    looking = _Looking(chat=chat, budget=budget, spent=request.spent)
    looking.unseen |= left
    for at, one in enumerate(asked):
        try:
            await looking.ask(one, most_output)
        except NofxError as error:
            if not looking.exchanges:
                raise
            for left_out in asked[at:]:
                looking.pass_over(left_out, str(error))
            return replace(looking.verification, broken_off=error)
    return looking.verification


@dataclass(kw_only=True)
class _Looking:
    """One look under way: what was asked, answered and spent so far."""

    chat: Chat
    budget: Budget
    spent: Usage
    refuted: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, str] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    exchanges: list[Said] = field(default_factory=list)

    async def ask(self, asked: Asked, most_output: int) -> None:
        """Put one question, unless it could cost more than is left."""
        question = Question(
            orders=ORDERS,
            material=asked.material,
            name=NAME,
            schema=ANSWER,
            most_output=min(most_output, FRAME + EACH * len(asked.claims)),
        )
        if self._costs_too_much(question):
            self.pass_over(asked, SPENT)
            return
        try:
            reply = await self.chat.ask(question)
        except (ModelRefusedError, ModelAnswerError) as error:
            self.pass_over(asked, str(error))
            return
        self.usage = self.usage.plus(reply.usage)
        answer = await asyncio.to_thread(read, reply.text, asked.claims)
        cut = () if reply.finished else ("the answer was cut off",)
        self._take(answer)
        self.exchanges.append(
            Said(
                prompt=f"{question.orders}\n{question.material}",
                raw=reply.text,
                repairs=(*cut, *answer.repairs),
                bytes_sent=reply.bytes_sent,
                bytes_received=reply.bytes_received,
            )
        )

    @property
    def verification(self) -> Verification:
        """Return what came of all questions."""
        return Verification(
            refuted=self.refuted,
            joined=self.joined,
            unsure=self.unsure,
            unseen=self.unseen,
            usage=self.usage,
            said=_together(self.exchanges),
        )

    def _costs_too_much(self, question: Question) -> bool:
        chat, spent = self.chat, self.spent.plus(self.usage)
        asks = chat.tokens(question.orders) + chat.tokens(question.material)
        tokens = spent.tokens + asks + question.most_output
        usd = spent.cost_usd + chat.price(asks, question.most_output)
        return not self.budget.covers(tokens, usd)

    def pass_over(self, asked: Asked, reason: str) -> None:
        """Leave the findings of a question as they are."""
        self.unseen |= {one.fingerprint: reason for one in asked.claims.values()}

    def _take(self, answer: Read) -> None:
        self.refuted |= answer.refuted
        self.joined |= answer.joined
        self.unsure |= answer.unsure
        self.unseen |= answer.unseen


def _together(exchanges: Sequence[Said]) -> Said | None:
    if not exchanges:
        return None
    first, *rest = exchanges
    for one in rest:
        first = replace(
            first,
            prompt=f"{first.prompt}\n\n{one.prompt}",
            raw=f"{first.raw}\n\n{one.raw}",
            repairs=(*first.repairs, *one.repairs),
            bytes_sent=first.bytes_sent + one.bytes_sent,
            bytes_received=first.bytes_received + one.bytes_received,
        )
    return first
