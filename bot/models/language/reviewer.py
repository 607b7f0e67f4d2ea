"""Reviews by a language model: what it is asked, how its answers are read and checked."""

from typing_extensions import override

from core.clock import Clock
from core.review.chat import Budget, Chat
from core.review.reviewer import ReviewAnswer, ReviewModel, ReviewRequest


class LanguageReviewer(ReviewModel):
    """Puts the changed code to a model in questions that fit it, within a budget."""

    def __init__(self, chat: Chat, *, clock: Clock, budget: Budget) -> None:
        self._chat = chat
        self._clock = clock
        self._budget = budget

    @property
    @override
    def name(self) -> str:
        return self._chat.name

    @property
    @override
    def version(self) -> str:
        raise NotImplementedError

    @property
    @override
    def is_model(self) -> bool:
        return True

    @override
    async def review(self, request: ReviewRequest) -> ReviewAnswer:
        raise NotImplementedError
