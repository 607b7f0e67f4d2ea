"""The port behind which every language model stands: a question, an answer in text.

It knows neither diffs nor findings; what is asked, and how an answer is read, is code
of this room. So hosted, local and scripted models differ in nothing else.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol

from core.review.reviewer import Usage

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked: our orders, the material, and the shape of the answer.

    `schema` is the JSON Schema that the answer should satisfy, and `name` what it is
    called there, for example `findings`. `most_output` bounds the answer, in tokens.
    """

    orders: str
    material: str
    name: str
    schema: Json
    most_output: int = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, word for word, from `model`, which may be a fallback.

    `finished` is False for an answer that was cut at `most_output`. The bytes are those
    of the service's request and answer.
    """

    text: str
    model: str
    usage: Usage = field(default_factory=Usage)
    finished: bool = True
    bytes_sent: int = 0
    bytes_received: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The most that a review may cost: tokens in and out, and US dollars.

    None is no limit.
    """

    tokens: int | None = None
    usd: float | None = None

    def tighter(self, other: "Budget") -> "Budget":
        """Return the lower limit of the two, each by itself."""
        tokens = [one for one in (self.tokens, other.tokens) if one is not None]
        usd = [one for one in (self.usd, other.usd) if one is not None]
        return Budget(tokens=min(tokens, default=None), usd=min(usd, default=None))

    def covers(self, tokens: int, usd: float) -> bool:
        """Tell whether neither is more than it may be."""
        return (self.tokens is None or tokens <= self.tokens) and (
            self.usd is None or usd <= self.usd
        )


class Chat(Protocol):
    """Answers questions; it has no tools, no credentials of ours and no memory."""

    @property
    def name(self) -> str:
        """Return provider and model, for example `openai:gpt-5-mini`."""
        ...

    @property
    def context(self) -> int:
        """Return how many tokens a question and its answer may have together."""
        ...

    def tokens(self, text: str) -> int:
        """Return about how many tokens a text takes, rather too many than too few."""
        ...

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """Return what that many tokens cost, in US dollars; 0 when it is not known."""
        ...

    async def ask(self, question: Question) -> Reply:
        """Put one question.

        Raises ModelRefusedError, ModelRateLimitedError, and UnavailableError when
        nobody answers in time; an answer that does not fit is returned as it came.
        """
        ...
