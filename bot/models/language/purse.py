"""Holds a review to its budget, also while several questions are out at once."""

import asyncio
from dataclasses import dataclass

from core.review.chat import Budget, Chat
from core.review.prompt.planning import LEAST_OUTPUT
from core.review.reviewer import Usage

CENT = 0.01


@dataclass(frozen=True, slots=True)
class Hold:
    """What one question may cost at most; `output` is how long its answer may be."""

    tokens: int
    usd: float
    output: int


class Purse:
    """Lets a question be asked only when its dearest answer is still paid for.

    `spent` has gone from the budget already.
    """

    def __init__(self, chat: Chat, budget: Budget, spent: Usage) -> None:
        self._chat = chat
        self._budget = budget
        self._tokens, self._usd = spent.tokens, spent.cost_usd
        self._held: list[Hold] = []
        self._changed = asyncio.Condition()

    @property
    def reason(self) -> str:
        """Return why something was not asked, for people."""
        limits = []
        if self._budget.tokens is not None:
            limits.append(f"{self._budget.tokens} tokens")
        if (usd := self._budget.usd) is not None:
            limits.append(f"${usd:.2f}" if usd >= CENT else f"${usd:g}")
        return f"the budget of {' and '.join(limits)} is used up"

    async def take(self, asked: int, output: int) -> Hold | None:
        """Set aside what a question of so many tokens may cost; None if it cannot be.

        While others are out it is waited for what they leave. At the end a shorter
        answer is settled for.
        """
        async with self._changed:
            while True:
                hold = self._hold(asked, output)
                if self._fits(hold):
                    self._held.append(hold)
                    return hold
                if self._held:
                    await self._changed.wait()
                elif output // 2 >= LEAST_OUTPUT:
                    output //= 2
                else:
                    return None

    async def settle(self, hold: Hold, usage: Usage | None) -> None:
        """Give back what was set aside, and pay what it really was; None is nothing."""
        async with self._changed:
            self._held.remove(hold)
            if usage is not None:
                self._tokens += usage.tokens
                self._usd += usage.cost_usd
            self._changed.notify_all()

    def _hold(self, asked: int, output: int) -> Hold:
        return Hold(asked + output, self._chat.price(asked, output), output)

    def _fits(self, hold: Hold) -> bool:
        out = [*self._held, hold]
        tokens = self._tokens + sum(one.tokens for one in out)
        usd = self._usd + sum(one.usd for one in out)
        return self._budget.covers(tokens, usd)
