"""A language model's review: what is asked, what it costs, and what is said of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from typing_extensions import override

from bot.models.language import LanguageReviewer
from core.errors import ModelRefusedError, ModelUnavailableError, UnavailableError
from core.review.chat import Budget, Question, Reply
from core.review.config import ReviewConfig, Spending
from core.review.prompt.template import DIGEST
from core.review.reviewer import ReviewRequest, Usage
from tests.fakes.changes import request
from tests.fakes.clock import FakeClock
from tests.fakes.language_answers import answer, finding, on, shown
from tests.fakes.scripted_chat import ScriptedChat

BAD = b"def f(x):\n    eval(x)\n"
ONE = request({"a.py": BAD})


def many(count: int, lines: int = 150) -> ReviewRequest:
    """Return a change of so many files, each too large to share a question."""
    body = b"".join(b"    call_number(%d)\n" % one for one in range(lines))
    return request({f"f{one}.py": BAD + body for one in range(count)})


def reviewer(chat: ScriptedChat, budget: Budget | None = None) -> LanguageReviewer:
    """Return the reviewer over a scripted model."""
    return LanguageReviewer(chat, clock=FakeClock(), budget=budget or Budget())


async def test_it_finds_what_the_model_says_where_it_is() -> None:
    """One question for a small change, with its words and its cost kept."""
    chat = ScriptedChat(on("eval", severity="error"))
    answer = await reviewer(chat).review(ONE)
    (found,) = answer.proposals
    assert (found.path, found.line, found.source) == ("a.py", 2, chat.name)
    assert answer.unread == {}
    assert answer.usage.input_tokens > 0
    assert answer.said is not None
    (asked,) = chat.asked
    assert asked.material in answer.said.prompt
    assert asked.orders in answer.said.prompt
    assert '"findings"' in answer.said.raw
    assert DIGEST in reviewer(chat).version


@dataclass
class LongNamed(ScriptedChat):
    """Fallbacks and files of models can have long names together."""

    @property
    @override
    def name(self) -> str:
        return ",".join(f"local:some-coder-32b-instruct-{one}" for one in range(5))


async def test_findings_are_known_to_be_the_models_whatever_its_name() -> None:
    """By their source they get a second look, and stop the model's own gate."""
    model = reviewer(LongNamed(on("eval")))
    (found,) = (await model.review(ONE)).proposals
    assert found.source == model.name


async def test_an_answer_that_is_slow_to_read_holds_nobody_up() -> None:
    """What mends JSON takes the square of its length; leases are kept meanwhile."""
    turns = 0
    asked_at: list[int] = []

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def says(_: Question) -> str:
        asked_at.append(turns)
        return '{"findings": ["' + "'\"" * 500

    running = asyncio.create_task(others())
    found = await reviewer(ScriptedChat(says)).review(ONE)
    running.cancel()
    assert found.unread
    first, second = asked_at
    assert second - first > 1


async def test_nothing_is_asked_about_nothing() -> None:
    """A lock file alone costs no call, and is said to be unread."""
    chat = ScriptedChat(on("x"))
    answer = await reviewer(chat).review(request({"go.sum": b"x\n"}))
    assert (chat.asked, answer.said) == ([], None)
    assert answer.unread == {"go.sum:0": "it is a lock file, which a program writes"}


async def test_an_answer_that_cannot_be_read_is_asked_for_once_more() -> None:
    """The second question quotes what was wrong with the first answer."""
    texts = iter(["I see nothing.", None])

    def says(question: Question) -> str:
        return next(texts) or on("eval")(question)

    chat = ScriptedChat(says)
    answer = await reviewer(chat).review(ONE)
    assert len(answer.proposals) == 1
    first, second = chat.asked
    assert second.material.endswith(first.material)
    assert "could not be read: it is no JSON" in second.material
    assert answer.said is not None
    assert answer.said.repairs[0].startswith("the model was asked again: it is no JSON")
    assert "I see nothing." in answer.said.raw


async def test_without_any_readable_answer_all_is_unread() -> None:
    """Nobody is told that a change is fine that nobody has read; the words are kept."""
    chat = ScriptedChat(lambda _: "Looks good to me!")
    found = await reviewer(chat).review(ONE)
    assert len(chat.asked) == 2
    assert found.proposals == ()
    assert set(found.unread) == {"a.py:0"}
    assert "could not be read: it is no JSON" in found.unread["a.py:0"]
    assert found.said is not None
    assert "Looks good to me!" in found.said.raw
    assert found.usage.input_tokens > 0


async def test_an_answer_that_breaks_off_praises_nothing() -> None:
    """It is asked for once more; then what it does not speak of is unread."""
    chat = ScriptedChat(lambda _: '{"findings": [')
    found = await reviewer(chat).review(ONE)
    assert len(chat.asked) == 2
    assert "it breaks off before its end" in chat.asked[1].material
    assert found.unread == {
        "a.py:0": "a part of the model's answer could not be read,"
        " and the rest is not of this"
    }


async def test_one_unreadable_answer_among_others_leaves_its_hunks_unread() -> None:
    """The rest of the review stands."""

    def says(question: Question) -> str:
        return "no" if "f1.py" in shown(question) else on("eval")(question)

    chat = ScriptedChat(says, window=3500)
    answer = await reviewer(chat).review(many(3))
    assert {one.path for one in answer.proposals} == {"f0.py", "f2.py"}
    assert set(answer.unread) == {"f1.py:0"}
    assert "could not be read" in answer.unread["f1.py:0"]


@dataclass
class Failing(ScriptedChat):
    """A model that fails on some questions."""

    error: Callable[[Question], Exception | None] = field(default=lambda _: None)

    @override
    async def ask(self, question: Question) -> Reply:
        if (error := self.error(question)) is not None:
            raise error
        return await super().ask(question)


async def test_a_refusal_is_about_its_question_alone() -> None:
    """The others are answered; when all are refused, all is unread with the reason."""
    refused = ModelRefusedError(model="m", reason="it is a weapon")

    def some(question: Question) -> Exception | None:
        return refused if "f1.py" in shown(question) else None

    chat = Failing(on("eval"), window=3500, error=some)
    answer = await reviewer(chat).review(many(3))
    why = "the model refused to answer about it: it is a weapon"
    assert answer.unread == {"f1.py:0": why}
    none = Failing(on("eval"), error=lambda _: refused)
    found = await reviewer(none).review(ONE)
    assert (found.unread, found.proposals, found.said) == ({"a.py:0": why}, (), None)


async def test_an_outage_is_the_plain_error_of_the_port() -> None:
    """The run waits for it; nothing is taken for read."""

    class AwayError(UnavailableError):
        """It is away."""

    chat = Failing(on("eval"), window=3500, error=lambda _: AwayError())
    with pytest.raises(AwayError):
        await reviewer(chat).review(many(3))


async def test_what_was_answered_before_an_outage_is_not_lost() -> None:
    """The rest is unread with the reason, which whoever asks may take for the end."""
    away = ModelUnavailableError(model="m", reason="HTTP 503")

    def late(question: Question) -> Exception | None:
        return away if "f5.py" in shown(question) else None

    chat = Failing(on("eval"), window=3500, error=late)
    answer = await reviewer(chat).review(many(6))
    assert answer.broken_off is away
    assert {one.path for one in answer.proposals} >= {"f0.py"}
    assert len(answer.proposals) + len(answer.unread) == 6
    assert answer.unread["f5.py:0"] == "m does not answer: HTTP 503."


async def test_the_tighter_budget_holds_and_the_rest_is_unread() -> None:
    """Never more is spent than either allows, and every hunk that cost it is named."""
    whole = ScriptedChat(on("eval"), window=3500)
    total = (await reviewer(whole).review(many(6))).usage
    spent = total.input_tokens + total.output_tokens
    for service, file in ((spent // 2, None), (None, spent // 2), (spent // 2, spent)):
        chat = ScriptedChat(on("eval"), window=3500)
        change = replace(many(6), config=ReviewConfig(budget=Spending(tokens=file)))
        found = await reviewer(chat, Budget(tokens=service)).review(change)
        used = found.usage.input_tokens + found.usage.output_tokens
        assert 0 < used <= spent // 2
        assert len(found.proposals) + len(found.unread) == 6
        assert set(found.unread.values()) == {
            f"the budget of {spent // 2} tokens is used up"
        }


async def test_what_was_spent_before_has_gone_from_the_budget() -> None:
    """A try after an outage goes on with what the ones before it have left."""
    chat = ScriptedChat(on("eval"), window=3500)
    change = replace(many(3), spent=Usage(input_tokens=9_000))
    found = await reviewer(chat, Budget(tokens=9_500)).review(change)
    assert (chat.asked, len(found.unread)) == ([], 3)


async def test_a_budget_of_money_holds_too() -> None:
    """A million tokens of the scripted model cost a dollar."""
    chat = ScriptedChat(on("eval"), window=3500)
    found = await reviewer(chat, Budget(usd=0.006)).review(many(6))
    assert 0 < found.usage.cost_usd <= 0.006
    assert set(found.unread.values()) == {"the budget of $0.006 is used up"}


async def test_without_money_nothing_is_asked() -> None:
    """The whole change is unread, and it is no error: somebody wanted it so."""
    chat = ScriptedChat(on("eval"))
    found = await reviewer(chat, Budget(tokens=10)).review(ONE)
    assert chat.asked == []
    assert found.unread == {"a.py:0": "the budget of 10 tokens is used up"}


@dataclass
class CutOff(ScriptedChat):
    """A model whose answers are never finished."""

    @override
    async def ask(self, question: Question) -> Reply:
        return replace(await super().ask(question), finished=False)


async def test_a_cut_off_answer_is_read_as_far_as_it_goes() -> None:
    """What it spoke of was read; what it may have wanted to say more is unread."""

    def says(question: Question) -> str:
        return answer(finding(question, "a.py", "eval"))[:-2] + ', {"path": "b.p'

    chat = CutOff(says)
    found = await reviewer(chat).review(request({"a.py": BAD, "b.py": BAD}))
    assert [one.path for one in found.proposals] == ["a.py"]
    assert found.unread == {
        "b.py:0": "the model's answer was cut off before it spoke of this"
    }
    assert len(chat.asked) == 1
    assert found.said is not None
    assert "the answer was cut off" in found.said.repairs


@dataclass
class Slow(ScriptedChat):
    """A model that counts how many questions are out at once."""

    out: int = 0
    most: int = 0

    @override
    async def ask(self, question: Question) -> Reply:
        self.out += 1
        self.most = max(self.most, self.out)
        for _ in range(5):
            await asyncio.sleep(0)
        self.out -= 1
        return await super().ask(question)


async def test_four_questions_are_out_at_once_and_progress_is_told() -> None:
    """Whoever watches sees files pass by, and in the end all of them."""
    told: list[int] = []

    async def read(count: int) -> None:
        await asyncio.sleep(0)
        told.append(count)

    chat = Slow(on("eval"), window=3500)
    await reviewer(chat).review(replace(many(10), read=read))
    assert chat.most == 4
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, 10)
