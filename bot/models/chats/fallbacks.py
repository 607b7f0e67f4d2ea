"""Several models as one: the next is asked when the one before it cannot be."""

from collections.abc import Sequence

import structlog
from typing_extensions import override

from core.errors import (
    ModelKeyRefusedError,
    ModelRateLimitedError,
    UnavailableError,
)
from core.review.chat import Chat, Question, Reply

log = structlog.get_logger()


class Fallbacks(Chat):
    """Asks its chats in order; a refusal to answer is an answer, and is not passed on.

    What fits all of them is asked, and counted as the dearest of them.
    """

    def __init__(self, chats: Sequence[Chat]) -> None:
        self._chats = tuple(chats)

    @property
    @override
    def name(self) -> str:
        return ",".join(chat.name for chat in self._chats)

    @property
    @override
    def context(self) -> int:
        return min(chat.context for chat in self._chats)

    @override
    def tokens(self, text: str) -> int:
        return max(chat.tokens(text) for chat in self._chats)

    @override
    def price(self, input_tokens: int, output_tokens: int) -> float:
        return max(chat.price(input_tokens, output_tokens) for chat in self._chats)

    @override
    async def ask(self, question: Question) -> Reply:
        away: list[UnavailableError] = []
        refused: list[ModelKeyRefusedError] = []
        for chat in self._chats:
            try:
                return await chat.ask(question)
            except UnavailableError as error:
                log.warning("model.away", model=chat.name, reason=str(error))
                away.append(error)
            except ModelKeyRefusedError as error:
                # Some guard their models in this way too: that is about the question.
                if error.facts["forbidden"]:
                    raise
                log.warning("model.key_refused", model=chat.name, reason=str(error))
                refused.append(error)
        # A key is as wrong in a minute, but who is away may be back.
        raise _soonest(away) if away else refused[0]


def _soonest(away: Sequence[UnavailableError]) -> UnavailableError:
    """Return the error that is over first: an outage may be at any moment."""
    silences = [one for one in away if isinstance(one, ModelRateLimitedError)]
    if len(silences) == len(away):
        return min(silences, key=lambda one: one.retry_at)
    return next(one for one in away if not isinstance(one, ModelRateLimitedError))
