"""A language model as a test scripts it, at the port that hosted ones stand behind."""

from collections.abc import Callable
from dataclasses import dataclass, field

from typing_extensions import override

from core.review.chat import Chat, Question, Reply
from core.review.reviewer import Usage

NAME = "scripted:chat"
Answers = Callable[[Question], str]


@dataclass
class ScriptedChat(Chat):
    """Answers with what `answers` returns, and keeps what it was asked.

    A token is four characters of a text; a million of them cost a dollar.
    """

    answers: Answers
    window: int = 32_000
    asked: list[Question] = field(default_factory=list)

    @property
    @override
    def name(self) -> str:
        return NAME

    @property
    @override
    def context(self) -> int:
        return self.window

    @override
    def tokens(self, text: str) -> int:
        return -(-len(text) // 4)

    @override
    def price(self, input_tokens: int, output_tokens: int) -> float:
        return (input_tokens + output_tokens) / 1_000_000

    @override
    async def ask(self, question: Question) -> Reply:
        self.asked.append(question)
        text = self.answers(question)
        read = self.tokens(question.orders + question.material)
        written = self.tokens(text)
        usage = Usage(
            input_tokens=read,
            output_tokens=written,
            cost_usd=self.price(read, written),
        )
        return Reply(text=text, model=NAME, usage=usage)
